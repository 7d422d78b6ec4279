"""A second face is a table of resources, an envelope and shapes: `tests/faces/trial`, which the kit serves as it is."""

import dataclasses
import subprocess
import sys
from collections.abc import AsyncIterator, Callable

import httpx2
import pytest
from tests.databases import Database
from tests.faces.trial.app import Trial
from tests.factories import Member, Tenant, make_tenant

from casare_cloud.config import Settings
from casare_cloud.faces.orchestrator.app import Orchestrator

Headers = Callable[[Member], dict[str, str]]


@pytest.fixture(scope="module")
def trial(settings: Settings) -> Trial:
    return Trial(dataclasses.replace(settings, rate_limits=True))


_networks = iter(range(1, 250))


@pytest.fixture
def address() -> str:
    """A client address that no other test of the module has."""
    return f"203.0.113.{next(_networks)}"


@pytest.fixture
async def client(trial: Trial, address: str) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(trial, client=(address, 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://t/api/v1") as client:
        yield client
    await trial.close()


@pytest.fixture
def tenant(shared_database: Database) -> Tenant:
    return make_tenant(shared_database)


@pytest.mark.parametrize(
    ("content", "word", "words"),
    [
        (b'{"name": "x", "weight": "1"}', "wrong", "weight: "),
        (b"[]", "wrong", "JSON object"),
        (b"{", "unreadable", "The body is not valid JSON"),
    ],
)
async def test_a_body_that_breaks_a_rule_has_the_status_and_the_envelope_of_the_face(
    client: httpx2.AsyncClient, tenant: Tenant, bearer: Headers, content: bytes, word: str, words: str
) -> None:
    headers = {**bearer(tenant.admin), "Content-Type": "application/json"}
    answer = await client.post("/events", content=content, headers=headers)
    assert answer.status_code == 422
    assert set(answer.json()) == {"trouble", "word"}
    assert words in answer.json()["trouble"]
    assert answer.json()["word"] == word


@pytest.mark.parametrize(
    ("method", "path", "status", "word"),
    [
        ("GET", "/events", 401, "authentication_failed"),
        ("GET", "/nowhere", 404, "not_found"),
        ("PUT", "/events", 405, "method_not_allowed"),
    ],
)
async def test_what_the_kit_refuses_is_in_the_envelope_of_the_face(
    client: httpx2.AsyncClient, method: str, path: str, status: int, word: str
) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, set(answer.json()), answer.json()["word"]) == (status, {"trouble", "word"}, word)
    flood = await client.post("/events", content=b" " * (11 * 2**20))
    assert (flood.status_code, flood.json()["word"]) == (413, "payload_too_large")


async def test_a_face_says_otherwise_than_the_domain_which_status_a_refusal_has(
    client: httpx2.AsyncClient, tenant: Tenant, bearer: Headers
) -> None:
    answer = await client.post("/events/other", headers=bearer(tenant.admin))
    assert (answer.status_code, answer.json()["word"]) == (401, "invalid_token_type")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_face_counts_by_its_own_table_in_seconds_and_apart_from_other_faces(
    client: httpx2.AsyncClient, address: str, settings: Settings, tenant: Tenant, bearer: Headers
) -> None:
    headers = bearer(tenant.admin)
    names = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
    for left in (1, 0):
        answer = await client.get("/events", params={"page": 2, "per_page": 20}, headers=headers)
        assert [int(answer.headers[name]) for name in names] == [2, left, 30]
    assert answer.json() == {
        "crates": [20], "caller": "user", "total": 41, "page": 2, "per_page": 20, "pages": 3,
    }  # fmt: skip
    answer = await client.get("/events", headers=headers)
    assert (answer.status_code, answer.json()["word"]) == (429, "rate_limited")
    assert 1 <= answer.json()["wait"] == int(answer.headers["retry-after"]) <= 30
    assert abs(int(answer.headers["x-ratelimit-reset"]) - answer.json()["wait"]) <= 2
    other = Orchestrator(dataclasses.replace(settings, rate_limits=True))
    transport = httpx2.ASGITransport(other, client=(address, 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://o/api/v1") as orchestrator:
        answer = await orchestrator.get("/events", headers=headers)
    assert (answer.status_code, answer.headers["x-ratelimit-remaining"]) == (200, "599")
    await other.close()


async def test_a_secret_of_an_answer_is_not_kept_for_a_repeated_request_however_deep_it_lies(
    client: httpx2.AsyncClient, shared_database: Database, tenant: Tenant, bearer: Headers
) -> None:
    headers = {**bearer(tenant.admin), "Idempotency-Key": "once"}
    first, again = [(await client.post("/events", json={"name": "x"}, headers=headers)).json() for _ in range(2)]
    assert (first["seal"], first["config"]["secret"]) == ("secret-seal", "secret-config")
    assert first["parts"][1] == {"token": "secret-part-1", "n": 1}
    parts = [{"token": None, "n": number} for number in range(2)]
    assert again == {"name": "x", "seal": None, "config": {"secret": None, "path": "/p"}, "parts": parts}
    with shared_database.connect() as owner:
        rows = owner.execute(
            "select i::text as kept from private.idempotency_keys as i where tenant_id = %s", [tenant.tenant_id]
        ).fetchall()
    assert len(rows) == 1
    assert "secret-" not in rows[0]["kept"]


async def test_the_documents_of_a_face_are_its_own(client: httpx2.AsyncClient) -> None:
    document = (await client.get("http://t/openapi.json")).json()
    assert document["info"]["title"] == "A <trial>"
    assert {path for path in document["paths"] if "health" not in path} == {"/api/v1/events", "/api/v1/events/other"}
    responses = document["paths"]["/api/v1/events"]["post"]["responses"]
    assert {"401", "413", "422", "429", "default"} <= set(responses)
    assert "400" not in responses
    shapes = document["components"]["schemas"]
    assert ("Trouble" in shapes, "Refusal" in shapes) == (True, False)
    assert shapes["HealthAnswer"]["examples"] == [{"status": "healthy", "service": "trial"}]
    assert "A &lt;trial&gt;" in (await client.get("http://t/docs")).text
    assert (await client.get("/health")).json() == {"status": "healthy", "service": "trial"}


def test_a_cold_face_answers_a_probe_without_the_framework_and_its_resources() -> None:
    code = (
        "import asyncio, sys, httpx2\n"
        "from casare_cloud.config import Settings\n"
        "from tests.faces.trial.app import Trial\n"
        "client = httpx2.AsyncClient(transport=httpx2.ASGITransport(Trial(Settings(is_local=True))))\n"
        "answer = asyncio.run(client.get('http://t/health/live'))\n"
        "heavy = ('fastapi', 'pydantic', 'psycopg', 'tests.faces.trial.crates', 'tests.faces.trial.refusals')\n"
        "print(answer.status_code, [name for name in heavy if name in sys.modules])\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.stdout.strip() == "200 []", ran.stderr


class Rooted(Trial):
    base = ""


async def test_a_face_may_lie_at_the_root(settings: Settings) -> None:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(Rooted(settings)), base_url="http://t") as client:
        assert [(await client.get(path)).status_code for path in ("/health/live", "/events", "/nowhere")] == [
            200,
            401,
            404,
        ]
        paths = set((await client.get("/openapi.json")).json()["paths"])
    assert {"/events", "/events/other", "/health"} <= paths
