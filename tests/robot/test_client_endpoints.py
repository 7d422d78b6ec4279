"""The client has a method for every operation of the OpenAPI document, and each sends what the document takes.

Every method is called with a value for each of its parameters, on a transport that writes down what was sent.
"""

import asyncio
import inspect
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping
from itertools import product
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from urllib.parse import quote

import httpx2
import pytest
from tests.robot.answers import OF_THE_SERVICE

from casare_cloud.client import Client, SyncClient
from casare_cloud.config import Settings
from casare_cloud.errors import ApiError
from casare_cloud.faces.orchestrator.app import create_app
from casare_cloud.robot.direct import DirectTransport
from casare_cloud.robot.rest import RestTransport
from casare_cloud.robot.transport import Failure, Lease, LogBatch

NAME = "a/b c"  # of whatever a path names: it must arrive as one segment
URL = "http://orchestrator"

# What only a robot calls, with its own key; `casare_cloud.robot` does.
OF_ROBOTS = {
    "POST /api/v1/jobs/claim",
    "POST /api/v1/jobs/{job_id}/start",
    "PUT /api/v1/jobs/{job_id}/progress",
    "POST /api/v1/jobs/{job_id}/complete",
    "POST /api/v1/jobs/{job_id}/fail",
    "POST /api/v1/jobs/{job_id}/release",
    "POST /api/v1/jobs/{job_id}/extend-lease",
    "POST /api/v1/jobs/{job_id}/logs",
    "POST /api/v1/jobs/batch/extend-lease",
    "POST /api/v1/robots/{robot_id}/heartbeat",
    "POST /api/v1/robots/{robot_id}/token",
}
# For robots of other makers: ours tells each end as soon as it is there.
OF_OTHER_ROBOTS = {
    "POST /api/v1/jobs/batch/complete", "POST /api/v1/jobs/batch/fail", "GET /api/v1/triggers/assigned",
}  # fmt: skip
# What only a robot says of itself, in calls that people make as well.
OF_ROBOTS_THEMSELVES = {"session_id", "held_leases"}
# The same probes as under /api/v1, for what looks at the root.
AT_THE_ROOT = {"GET /health", "GET /health/detailed", "GET /health/ready", "GET /health/live"}

# Other spellings of CasareRPA's programs for what the client has a method for already.
ALIASES = {
    "DELETE /api/v1/robot-api-keys/{api_key_id}",
    "POST /api/v1/robots/{robot_id}/start",
    "POST /api/v1/robots/{robot_id}/stop",
    "POST /api/v1/robots/{robot_id}/restart",
    "GET /api/v1/robots/{robot_id}/metrics",
    "POST /api/v1/schedules/{schedule_id}/run",
    "POST /api/v1/schedules/{schedule_id}/run-now",
}
ALIAS_FIELDS = {
    "POST /api/v1/robot-api-keys": {"tenant_id", "workspace_id", "description", "expires_in_days"},
    "POST /api/v1/schedules": {"tenant_id", "workspace_id"},
    "GET /api/v1/metrics/fleet": {"time_range"},
    "GET /api/v1/robot-api-keys": {"status", "robot_id"},
    "GET /api/v1/dlq": {"status"},
    "POST /api/v1/robot-api-keys/{api_key_id}/revoke": {"reason"},
    "GET /api/v1/schedules": {"format"},
}
# Of several calls, or of none.
COMPOSED = {
    "access_token", "close", "dead_letters", "iterate", "iterate_audit_log", "iterate_events", "jobs", "robots",
    "schedules", "wait", "wait_for_job", "watch_events", "watch_job", "watch_tenant", "workflows",
}  # fmt: skip

# What answers with a list that no object is around.
BARE_LISTS = {"GET /metrics/robots", "GET /metrics/jobs", "GET /schedules", "GET /schedules/upcoming"}
RENEWED = {"renewed": True, "cancel_requested": False}

Document = dict[str, Any]


class Recorder:
    """An orchestrator that writes down what it is sent, and has answers that satisfy every reader."""

    def __init__(self) -> None:
        self.requests: list[httpx2.Request] = []
        self.transport = httpx2.MockTransport(self._answer)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        if f"{request.method} {request.url.path.removeprefix('/api/v1')}" in BARE_LISTS:
            return httpx2.Response(200, json=[])
        if request.url.path.endswith(("/metrics/prometheus", "/audit/export")):
            return httpx2.Response(200, text="# TYPE")
        if request.url.path.endswith("/batch/extend-lease"):
            return httpx2.Response(200, json={"leases": [RENEWED, RENEWED]})
        tokens = {"access_token": "a", "refresh_token": "r", "expires_in": 0, "supabase_url": "http://supabase"}
        return httpx2.Response(
            200, json={**OF_THE_SERVICE, **tokens, "publishable_key": "p", "ready": True, "alive": True}
        )


@pytest.fixture(scope="module")
def document() -> Document:
    async def read() -> Document:
        app = create_app(Settings(is_local=True))
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=URL) as client:
            return dict((await client.get("/openapi.json")).json())

    return asyncio.run(read())


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def operations(document: Document) -> dict[str, dict[str, Any]]:
    """Every operation, by method and path as the document writes it."""
    return {
        f"{method.upper()} {path}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


def reached(requests: list[httpx2.Request], document: Document) -> Iterator[tuple[str, httpx2.Request]]:
    """The operation that each request to the orchestrator reached."""
    named = {name: name.replace("{version}", "7") for name in operations(document)}  # a number is one
    paths = {re.sub(r"\{\w+\}", quote(NAME, safe=""), path): name for name, path in named.items()}
    for request in requests:
        if request.url.host == "orchestrator":
            yield paths[f"{request.method} {request.url.raw_path.decode().partition('?')[0]}"], request


def samples(hint: Any) -> list[Any]:
    """A value of a type; each word of a choice."""
    origin = get_origin(hint) or hint
    if origin is Literal:
        return list(get_args(hint))
    if origin in (Union, UnionType):
        return samples(get_args(hint)[0])
    if inspect.isclass(origin) and issubclass(origin, Mapping):
        return [{"a": 1}]
    return [{str: NAME, int: 7, bool: True, bytes: b"{}"}.get(origin, [NAME])]


def ways_to_call(method: Callable[..., Any], besides: Collection[str] = ()) -> Iterator[dict[str, Any]]:
    """Arguments for a method: all `besides` these, with each word of a choice that names a path."""
    hints = get_type_hints(method)
    wanted = {}
    for parameter in inspect.signature(method).parameters.values():
        if parameter.name in besides:
            continue
        hint = hints[parameter.name]
        named = parameter.kind is parameter.VAR_KEYWORD
        wanted.update(get_type_hints(get_args(hint)[0]) if named else {parameter.name: hint})
    choices = [samples(hint) if name in ("kind", "command") else samples(hint)[:1] for name, hint in wanted.items()]
    for values in product(*choices):
        yield dict(zip(wanted, values, strict=True))


@pytest.fixture(params=[Client, SyncClient])
async def sent(recorder: Recorder, request: pytest.FixtureRequest) -> AsyncIterator[list[httpx2.Request]]:
    """What all methods of a client sent."""
    client = request.param(URL, http_transport=recorder.transport)
    for name, method in inspect.getmembers(client, inspect.ismethod):
        if not name.startswith("_") and name not in COMPOSED:
            for arguments in ways_to_call(method):
                answer = method(**arguments)
                await answer if request.param is Client else None
    yield recorder.requests
    closed = client.close()
    await closed if request.param is Client else None


def test_the_client_that_waits_has_all_methods_of_the_one_that_is_awaited() -> None:
    wanted = {name for name, _ in inspect.getmembers(Client, inspect.isfunction) if not name.startswith("_")}
    missing = wanted - {"realtime_token"} - set(dir(SyncClient))
    assert not missing, "add them to client/one_that_waits.py: name = waits(Client.name)"
    for name in wanted - {"realtime_token", "close", "iterate"}:
        assert getattr(SyncClient, name).__wrapped__ is getattr(Client, name)


async def test_the_client_has_a_method_for_every_operation(sent: list[httpx2.Request], document: Document) -> None:
    by_client = {name for name, _ in reached(sent, document)}
    assert by_client == set(operations(document)) - OF_ROBOTS - OF_OTHER_ROBOTS - AT_THE_ROOT - ALIASES
    assert set(operations(document)) > OF_ROBOTS | OF_OTHER_ROBOTS | AT_THE_ROOT
    assert {name.replace(" ", " /api/v1") for name in AT_THE_ROOT} <= by_client


async def test_what_only_robots_call_is_called_by_theirs(recorder: Recorder, document: Document) -> None:
    rest = RestTransport(URL, "key", quote(NAME, safe=""), http_transport=recorder.transport)
    lease = Lease(quote(NAME, safe=""), 1)
    calls: list[Awaitable[Any]] = [
        rest.heartbeat({}), rest.claim(1, 60), rest.start(lease), rest.renew([lease], 60),
        rest.renew([lease, lease], 60),
        rest.progress(lease, 1, None, None), rest.complete(lease, {}), rest.fail(lease, Failure("x", "X")),
        rest.release(lease), rest.logs(lease, LogBatch(1, [])),
    ]  # fmt: skip
    for call in calls:
        await call
    direct = DirectTransport(URL, "key", quote(NAME, safe=""), http_transport=recorder.transport)
    await direct.release(lease)
    await rest.close()
    await direct.close()
    assert {name for name, _ in reached(recorder.requests, document)} == OF_ROBOTS


async def test_a_method_takes_every_parameter_of_its_operation(sent: list[httpx2.Request], document: Document) -> None:
    for name, request in reached(sent, document):
        operation = operations(document)[name]
        known = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"}
        content = operation.get("requestBody", {}).get("content", {})
        if "multipart/form-data" in content:  # the same parameters in the form
            [form] = [schema_of(document, content["multipart/form-data"])]
            assert set(re.findall(rb'name="(\w+)"', request.read())) == {key.encode() for key in form["properties"]}
            continue
        assert set(request.url.params) == known - ALIAS_FIELDS.get(name, set()), name
        if content:
            body = schema_of(document, content["application/json"])
            ours = set(body["properties"]) - OF_ROBOTS_THEMSELVES - ALIAS_FIELDS.get(name, set())
            assert set(json.loads(request.read() or b"{}")) == ours, name


def schema_of(document: Document, media: dict[str, Any]) -> dict[str, Any]:
    schema = media["schema"]
    [reference] = [item["$ref"] for item in schema.get("anyOf", [schema]) if "$ref" in item]
    return dict(document["components"]["schemas"][reference.rsplit("/", 1)[1]])


async def test_creating_calls_carry_a_key_of_their_own(sent: list[httpx2.Request], document: Document) -> None:
    keys = []
    for name, request in reached(sent, document):
        parameters = {parameter["name"] for parameter in operations(document)[name].get("parameters", ())}
        if "idempotency-key" in parameters:
            keys.append(request.headers["Idempotency-Key"])
    assert len(keys) == len(set(keys)) >= 10


async def test_a_creating_call_waits_as_long_as_it_is_told_and_repeats_its_key(pauses: list[float]) -> None:
    answers = [httpx2.Response(429, headers={"Retry-After": "7"}), httpx2.Response(201, json={"job_id": "j"})]
    requests: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return answers.pop(0)

    async with Client(URL, api_key="k", http_transport=httpx2.MockTransport(answer)) as client:
        assert await client.create_job("invoices") == {"job_id": "j"}
    assert 7 <= pauses[0] < 8
    assert requests[0].headers["Idempotency-Key"] == requests[1].headers["Idempotency-Key"]


async def test_iterating_goes_through_all_pages(recorder: Recorder) -> None:
    rows = [{"n": n} for n in range(5)]

    def answer(request: httpx2.Request) -> httpx2.Response:
        recorder.requests.append(request)
        first, limit = int(request.url.params["offset"]), int(request.url.params["limit"])
        page = rows[first : first + limit]
        is_bare = request.url.path.endswith("/schedules")
        return httpx2.Response(200, json=page if is_bare else {"jobs": page, "total": 5})

    async with Client(URL, api_key="k", http_transport=httpx2.MockTransport(answer)) as client:
        assert [row async for row in client.iterate(client.list_jobs, status="failed", limit=2)] == rows
        assert [request.url.params["offset"] for request in recorder.requests] == ["0", "2", "4"]
        assert {request.url.params["status"] for request in recorder.requests} == {"failed"}
        assert [row async for row in client.iterate(client.list_schedules, limit=3)] == rows
        assert [row async for row in client.iterate(client.list_jobs)] == rows
        with pytest.raises(TypeError):
            await anext(client.iterate(client.list_activity))


async def test_an_orchestrator_that_is_not_ready_or_not_there_is_not_ready() -> None:
    def not_ready(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(503, json={"ready": False, "reason": "Database unhealthy"})

    def not_there(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused", request=request)

    for answer in (not_ready, not_there):
        async with Client(URL, http_transport=httpx2.MockTransport(answer)) as client:
            assert await client.is_ready() is False


async def test_calls_at_once_refresh_the_token_once(recorder: Recorder) -> None:
    tokens = {"access_token": "a", "refresh_token": "r", "expires_in": 3600}

    def answer(request: httpx2.Request) -> httpx2.Response:
        recorder.requests.append(request)
        return httpx2.Response(200, json=tokens)

    async with Client(URL, http_transport=httpx2.MockTransport(answer)) as client:
        await client.login("anna", "password")
        client._token_ends_at = 0.0
        await asyncio.gather(*(client.me() for _ in range(5)))
    assert [request.url.path for request in recorder.requests].count("/api/v1/auth/refresh") == 1


async def test_calls_at_once_whose_token_is_refused_refresh_it_once_and_are_repeated_with_their_keys() -> None:
    requests: list[httpx2.Request] = []
    issued, all_sent = iter("abc"), asyncio.Barrier(5)

    async def answer(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        if request.url.path.startswith("/api/v1/auth"):
            tokens = {"access_token": next(issued), "refresh_token": "r", "expires_in": 3600}
            return httpx2.Response(200, json=tokens)
        if request.headers["Authorization"] != "Bearer b":
            await all_sent.wait()
            return httpx2.Response(401, json={"detail": "no", "error_code": "AUTHENTICATION_FAILED"})
        return httpx2.Response(200, json={"job_id": "j"})

    async with Client(URL, http_transport=httpx2.MockTransport(answer)) as client:
        await client.login("anna", "password")
        await asyncio.gather(*(client.create_job("invoices") for _ in range(5)))
    paths = [request.url.path.removeprefix("/api/v1") for request in requests]
    assert {path: paths.count(path) for path in paths} == {"/auth/login": 1, "/auth/refresh": 1, "/jobs": 10}
    keys = [request.headers["Idempotency-Key"] for request in requests if request.url.path.endswith("/jobs")]
    assert [keys.count(key) for key in set(keys)] == [2] * 5


async def test_a_fresh_token_that_is_refused_too_is_the_verdict() -> None:
    paths: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        paths.append(request.url.path.removeprefix("/api/v1"))
        if paths[-1].startswith("/auth"):
            return httpx2.Response(200, json={"access_token": "a", "refresh_token": "r", "expires_in": 3600})
        return httpx2.Response(401, json={"detail": "no", "error_code": "AUTHENTICATION_FAILED"})

    async with Client(URL, http_transport=httpx2.MockTransport(answer)) as client:
        await client.login("anna", "password")
        with pytest.raises(ApiError) as caught:
            await client.list_jobs()
    assert caught.value.status == 401
    assert paths == ["/auth/login", "/jobs", "/auth/refresh", "/jobs"]
