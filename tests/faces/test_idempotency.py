"""`Idempotency-Key`: a repeated POST gets the first answer and does nothing (api-decisions#idempotency)."""

import asyncio
import importlib
import re
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, get_args

import httpx2
import pytest
import pytest_asyncio
from fastapi import APIRouter
from tests.databases import Database
from tests.factories import Member, Tenant, make_member, make_tenant

from casare_cloud.config import Settings
from casare_cloud.errors import Conflict
from casare_cloud.faces.kit.idempotency import secrets_of
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.kit.shapes import Body
from casare_cloud.faces.orchestrator.app import Orchestrator, create_app

Headers = Callable[[Member], dict[str, str]]


class Form(Body):
    name: str
    fails: bool = False
    waits: bool = False


@pytest_asyncio.fixture(loop_scope="module")
async def may_end() -> asyncio.Event:
    """What a request that waits waits for."""
    return asyncio.Event()


@pytest_asyncio.fixture(loop_scope="module")
async def client(settings: Settings, may_end: asyncio.Event) -> AsyncIterator[httpx2.AsyncClient]:
    """The orchestrator with one more resource: POST /things makes a role of the tenant."""
    app = create_app(settings)
    router = APIRouter(prefix="/things", route_class=Route)

    @router.post("", status_code=201)
    async def make(body: Form, tx: Tx, x: int = 0) -> dict[str, Any]:
        slug = f"r-{uuid.uuid4().hex[:12]}"
        role_id = await tx.call("public.create_role", name=body.name, slug=slug, permissions=["jobs.read"])
        if body.waits:
            await asyncio.wait_for(may_end.wait(), 60)
        if body.fails:
            raise Conflict("NOT_NOW", "Not now.")
        return {"role_id": str(role_id), "name": body.name}

    app.framework.include_router(router, prefix="/api/v1")
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://o/api/v1") as client:
        yield client
    await app.close()


@pytest.fixture
def tenant(shared_database: Database) -> Tenant:
    return make_tenant(shared_database)


def roles_of(database: Database, tenant: Tenant) -> int:
    with database.connect() as owner:
        row = owner.execute("select count(*) from public.roles where tenant_id = %s", [tenant.tenant_id]).fetchone()
    assert row is not None
    return int(row["count"])


async def test_without_a_key_each_request_counts(
    client: httpx2.AsyncClient, shared_database: Database, tenant: Tenant, bearer: Headers
) -> None:
    for _ in range(2):
        assert (await client.post("/things", json={"name": "a"}, headers=bearer(tenant.admin))).status_code == 201
    assert roles_of(shared_database, tenant) == 2


async def test_the_same_request_gets_the_first_answer(
    client: httpx2.AsyncClient, shared_database: Database, tenant: Tenant, bearer: Headers
) -> None:
    headers = {**bearer(tenant.admin), "Idempotency-Key": "k-1"}
    first = await client.post("/things", json={"name": "a"}, headers=headers)
    again = await client.post("/things", json={"name": "a"}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert roles_of(shared_database, tenant) == 1


async def test_another_request_with_the_key_is_422(
    client: httpx2.AsyncClient, shared_database: Database, tenant: Tenant, bearer: Headers
) -> None:
    headers = {**bearer(tenant.admin), "Idempotency-Key": "k-1"}
    await client.post("/things", json={"name": "a"}, headers=headers)
    for path, name in (("/things", "b"), ("/things?_=1", "a")):
        answer = await client.post(path, json={"name": name}, headers=headers)
        assert answer.status_code == 422
        assert answer.json()["error_code"] == "IDEMPOTENCY_KEY_REUSED"
    assert roles_of(shared_database, tenant) == 1


async def test_a_form_is_the_same_request_whatever_its_boundary(
    client: httpx2.AsyncClient, shared_database: Database, tenant: Tenant, bearer: Headers
) -> None:
    async def upload(boundary: str, nodes: str) -> httpx2.Response:
        form = f'Content-Disposition: form-data; name="file"; filename="w.json"\r\n\r\n{{"nodes": [{nodes}]}}\r\n'
        kind = f'multipart/form-data; boundary="{boundary}"'
        headers = {**bearer(tenant.admin), "Idempotency-Key": "k-1", "Content-Type": kind}
        content = f"--{boundary}\r\n{form}--{boundary}--\r\n"
        return await client.post("/workflows/upload", content=content, headers=headers)

    first, again, other = await upload("b1", ""), await upload("b-two", ""), await upload("b1", "{}")
    assert (first.status_code, again.status_code, other.status_code) == (200, 200, 422)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json()["job_id"] == first.json()["job_id"]


async def test_parallel_requests_with_one_key_do_the_work_once(
    client: httpx2.AsyncClient, shared_database: Database, tenant: Tenant, bearer: Headers, may_end: asyncio.Event
) -> None:
    headers = {**bearer(tenant.admin), "Idempotency-Key": "k-1"}
    body = {"name": "a", "waits": True}
    asking = [asyncio.create_task(client.post("/things", json=body, headers=headers)) for _ in range(8)]
    async with asyncio.timeout(60):
        while sum(one.done() for one in asking) < 7:
            await asyncio.sleep(0.01)
    may_end.set()
    answers = await asyncio.gather(*asking)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    refused = [answer.json()["error_code"] for answer in answers if answer.status_code == 409]
    assert set(refused) == {"REQUEST_IN_PROGRESS"}
    assert roles_of(shared_database, tenant) == 1


async def test_a_failed_request_does_not_use_up_the_key(
    client: httpx2.AsyncClient, shared_database: Database, tenant: Tenant, bearer: Headers
) -> None:
    headers = {**bearer(tenant.admin), "Idempotency-Key": "k-1"}
    failed = await client.post("/things", json={"name": "a", "fails": True}, headers=headers)
    assert failed.status_code == 409
    assert roles_of(shared_database, tenant) == 0
    assert (await client.post("/things", json={"name": "a"}, headers=headers)).status_code == 201


async def test_keys_of_different_callers_do_not_meet(
    client: httpx2.AsyncClient, shared_database: Database, tenant: Tenant, bearer: Headers
) -> None:
    other = make_member(shared_database, tenant, "admin")
    for member in (tenant.admin, other):
        headers = {**bearer(member), "Idempotency-Key": "k-1"}
        assert (await client.post("/things", json={"name": "a"}, headers=headers)).status_code == 201
    assert roles_of(shared_database, tenant) == 2


@pytest.mark.parametrize("key", ["", "k" * 256])
async def test_a_strange_key_is_400(client: httpx2.AsyncClient, tenant: Tenant, bearer: Headers, key: str) -> None:
    answer = await client.post("/things", json={"name": "a"}, headers={**bearer(tenant.admin), "Idempotency-Key": key})
    assert answer.status_code == 400
    assert "Idempotency-Key" in answer.json()["detail"]


async def test_after_a_day_the_key_is_free_again(
    client: httpx2.AsyncClient, shared_database: Database, tenant: Tenant, bearer: Headers
) -> None:
    headers = {**bearer(tenant.admin), "Idempotency-Key": "k-1"}
    await client.post("/things", json={"name": "a"}, headers=headers)
    with shared_database.connect() as owner:
        owner.execute("update private.idempotency_keys set created_at = created_at - interval '24 hours'")
    assert (await client.post("/things", json={"name": "b"}, headers=headers)).status_code == 201
    assert roles_of(shared_database, tenant) == 2


# Texts that are called so and are no secrets.
OPEN = {"publishable_key", "dedupe_key", "concurrency_key"}


def secrets_in(shape: Any, place: str = "") -> Iterator[str]:
    """The places of texts in a shape that are called like a secret."""
    for kind in get_args(shape):
        yield from secrets_in(kind, place)
    for name, field in getattr(shape, "model_fields", {}).items():
        kinds = {field.annotation, *get_args(field.annotation)}
        if str in kinds and re.search(r"(^|_)(key|token|secret|password)$", name) and name not in OPEN:
            yield f"{place}{name}"
        yield from secrets_in(field.annotation, f"{place}{name}.")


def routes_of(router: Any) -> Iterator[Route]:
    for route in router.routes:
        if isinstance(route, Route):
            yield route
        elif hasattr(route, "original_router"):
            yield from routes_of(route.original_router)


def test_what_an_endpoint_shows_once_is_declared_so_that_it_is_not_kept() -> None:
    showing = {}
    for module in Orchestrator.resources.values():
        for route in routes_of(importlib.import_module(f"{Orchestrator.package}.{module}").router):
            if "POST" in route.methods and not route.is_public:  # nobody knows the callers of the others: no key
                found = set(secrets_in(route.response_model))
                assert found == set(secrets_of(route.endpoint)), route.endpoint.__name__
                if found:
                    showing[route.endpoint.__name__] = found
    assert showing == {
        "create_service_key": {"key"},
        "rotate_service_key": {"key"},
        "create_robot_key": {"api_key", "key"},
        "rotate_robot_key": {"api_key", "key"},
        "create_robot_token": {"access_token"},
        "create_invitation": {"token"},
        "create_trigger": {"secret"},
        "submit_workflow": {"secret"},
        "upload_workflow": {"secret"},
        "rotate_trigger_secret": {"secret"},
        "switch_tenant": {"access_token", "refresh_token"},
    }
