"""The client of the automation face has a method for every operation that is there, typed as its OpenAPI document says.

Every method is called with a value for each of its parameters, on a transport that writes down what was sent.
"""

import asyncio
import hashlib
import hmac
import json
import threading
from collections.abc import Callable
from inspect import getmembers, isfunction
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict

import httpx2
import pytest
from tests.robot.test_client_endpoints import (
    Document,
    operations,
    reached,
    schema_of,
    ways_to_call,
)

from casare_cloud.client.automation import (
    AutomationClient,
    AutomationError,
    ComesLater,
    InvalidInput,
    NotThere,
    ServiceDown,
    SyncAutomationClient,
    WrongState,
)
from casare_cloud.config import Settings
from casare_cloud.faces.automation.app import create_app
from casare_cloud.faces.automation.later.table import BESIDES, DOCUMENTED

URL = "http://orchestrator"
LATER = {f"{method} /api/v1{path}" for method, path, _ in (*DOCUMENTED, *BESIDES)} | {
    "PUT /api/v1/admin/config", "DELETE /api/v1/admin/config/{key}",
}  # fmt: skip
# Ways of saying the same, which the client says in one way.
ALIASES = {"POST /api/v1/auth/login": {"email"}}
# Of several calls, or of one that is given.
COMPOSED = {"access_token", "close", "send", "wait"}
TOKENS = {"access_token": "a", "refresh_token": "r", "expires_in": 3600}

Sent = tuple[httpx2.Request, Any]


class Recorder:
    """A face that writes down what it is sent, and has an answer that satisfies every reader."""

    def __init__(self) -> None:
        self.requests: list[httpx2.Request] = []
        self.transport = httpx2.MockTransport(self._answer)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        path = request.url.path
        if request.method == "DELETE":
            return httpx2.Response(204)
        if path == "/metrics":
            return httpx2.Response(200, text="# TYPE")
        if request.method == "GET" and path.endswith(("/logs", "/api-keys")):
            return httpx2.Response(200, json=[])
        return httpx2.Response(200, json=TOKENS)


@pytest.fixture(scope="module")
def document() -> Document:
    async def read() -> Document:
        app = create_app(Settings(is_local=True))
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=URL) as client:
            return dict((await client.get("/openapi.json")).json())

    return asyncio.run(read())


def methods(kind: type) -> dict[str, Callable[..., Any]]:
    """The public methods of a client."""
    return {name: method for name, method in getmembers(kind, isfunction) if not name.startswith("_")}


@pytest.fixture(scope="module")
def sent() -> list[Sent]:
    """What all methods of the client sent that stand for an endpoint, each with the type of its answer."""
    recorder = Recorder()
    answers: list[Any] = []

    async def send() -> None:
        async with AutomationClient(URL, http_transport=recorder.transport) as client:
            for name, method in methods(AutomationClient).items():
                if name not in COMPOSED and not name.startswith("iterate_"):
                    for arguments in ways_to_call(method, besides={"self"}):
                        await method(client, **arguments)
                        answers.append(get_type_hints(method)["return"])

    asyncio.run(send())
    return list(zip(recorder.requests, answers, strict=True))


def test_the_client_has_a_method_for_every_operation_that_is_there(sent: list[Sent], document: Document) -> None:
    requests = [request for request, _ in sent if not is_besides(request)]
    by_client = {name for name, _ in reached(requests, document)}
    wanted = {name for name in operations(document) if " /api/v1/" in name} - LATER
    assert by_client == wanted
    assert set(operations(document)) >= LATER
    assert len(wanted) >= 100
    assert [request.url.raw_path for request, _ in sent if is_besides(request)] == [
        b"/metrics", b"/api/v1/triggers/webhooks/a/b%20c",
    ]  # fmt: skip


def is_besides(request: httpx2.Request) -> bool:
    """What is served beside the routes of the document."""
    return request.url.path == "/metrics" or "/webhooks/" in request.url.path


def test_a_method_takes_every_parameter_of_its_operation(sent: list[Sent], document: Document) -> None:
    for name, request in reached([request for request, _ in sent if not is_besides(request)], document):
        operation = operations(document)[name]
        known = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"}
        assert set(request.url.params) == known, name
        content = operation.get("requestBody", {}).get("content", {})
        if content:
            body = set(schema_of(document, content["application/json"])["properties"]) - ALIASES.get(name, set())
            assert set(json.loads(request.read())) == body, name


def test_calls_that_make_something_carry_a_key_of_their_own_and_no_others_do(
    sent: list[Sent], document: Document
) -> None:
    keys = []
    for name, request in reached([request for request, _ in sent if not is_besides(request)], document):
        parameters = {parameter["name"] for parameter in operations(document)[name].get("parameters", ())}
        assert ("idempotency-key" in parameters) == ("idempotency-key" in request.headers), name
        keys += [request.headers["idempotency-key"]] if "idempotency-key" in parameters else []
    assert len(keys) == len(set(keys)) >= 10


def test_each_answer_is_typed_as_the_document_says(sent: list[Sent], document: Document) -> None:
    known = [(request, answers) for request, answers in sent if not is_besides(request)]
    for (name, _), (_, answers) in zip(reached([request for request, _ in known], document), known, strict=True):
        responses = operations(document)[name]["responses"]
        [answer] = [responses[status] for status in responses if status[0] == "2"]
        media = answer.get("content", {})
        if answers is bytes:
            assert media.keys() - {"application/json"}, name
        elif answers is NoneType:
            assert not media, name
        else:
            assert_typed(answers, media["application/json"]["schema"], document, name)


def assert_typed(hint: Any, schema: dict[str, Any], document: Document, where: str) -> None:
    """The hint says what the schema does: the same fields, of the same types, null where that may be."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    if "anyOf" in schema:
        some = [each for each in schema["anyOf"] if each.get("type") != "null"]
        types = [each for each in get_args(hint) if each is not NoneType]
        if len(some) < len(schema["anyOf"]):
            assert NoneType in get_args(hint), f"{where} may be null"
            assert_typed(types[0] if len(types) == 1 else hint, some[0], document, where)
            return
        pages = [each for each in some if each.get("type") != "array"]  # one that is asked for pages gets them
        assert_typed(hint, pages[0], document, where)
        return
    assert NoneType not in get_args(hint), f"{where} is never null"
    kind = schema.get("type")
    if hint is Any:
        assert kind in (None, "object"), where
    elif is_typeddict(hint):
        hints = get_type_hints(hint)
        assert set(hints) == set(schema["properties"]), where
        for name, field in hints.items():
            assert_typed(field, schema["properties"][name], document, f"{where}.{name}")
    elif get_origin(hint) is list:
        assert kind == "array", where
        assert_typed(get_args(hint)[0], schema["items"], document, f"{where}[]")
    elif get_origin(hint) is dict:
        assert kind == "object", where
        inner = schema.get("additionalProperties", True)
        if inner is not True:
            assert_typed(get_args(hint)[1], inner, document, f"{where}{{}}")
    else:
        words = {"string": str, "integer": int, "number": float, "boolean": bool}
        assert hint is words[kind or type(schema["const"]).__name__.replace("str", "string")], where


# --- both clients -------------------------------------------------------------------------------------------------

ROWS = [{"id": str(number)} for number in range(5)]


def pages(request: httpx2.Request) -> httpx2.Response:
    """Five workflows, in pages; an execution that ends at the third look."""
    if request.url.path.endswith("/workflows"):
        page, per_page = int(request.url.params["page"]), int(request.url.params["per_page"])
        first = (page - 1) * per_page
        return httpx2.Response(200, json={"workflows": ROWS[first : first + per_page], "search": "x"})
    looks.append(request.url.path)
    return httpx2.Response(200, json={"id": "e", "status": "completed" if len(looks) > 2 else "running"})


looks: list[str] = []


def refusing(status: int, code: str) -> httpx2.MockTransport:
    return httpx2.MockTransport(
        lambda request: httpx2.Response(status, json={"detail": "It is so.", "error_code": code, "request_id": "r"})
    )


async def test_one_to_await_iterates_and_waits() -> None:
    looks.clear()
    async with AutomationClient(URL, api_key="k", http_transport=httpx2.MockTransport(pages)) as cloud:
        assert [row async for row in cloud.iterate_workflows(per_page=2)] == ROWS
        assert [row async for row in cloud.iterate_workflows(search="x", page=2, per_page=2)] == ROWS[2:]
        assert (await cloud.wait("e", poll_seconds=0))["status"] == "completed"
        looks.clear()
        with pytest.raises(TimeoutError):
            await cloud.wait("e", timeout=0.01, poll_seconds=30)


async def test_one_that_waits_does_so_also_where_a_loop_runs_and_in_threads() -> None:
    looks.clear()
    before = threading.active_count()
    with SyncAutomationClient(URL, api_key="k", http_transport=httpx2.MockTransport(pages)) as cloud:
        assert list(cloud.iterate_workflows(per_page=2)) == ROWS
        assert cloud.list_workflows(per_page=1)["workflows"] == ROWS[:1]
        assert cloud.wait("e", poll_seconds=0)["status"] == "completed"
        found = await asyncio.gather(*(asyncio.to_thread(cloud.list_workflows) for _ in range(3)))
        assert [page["workflows"] for page in found] == [ROWS] * 3
    cloud.close()
    assert threading.active_count() <= before + 3  # those of to_thread


def test_the_client_that_waits_has_all_methods_of_the_one_that_is_awaited() -> None:
    wanted, there = methods(AutomationClient), methods(SyncAutomationClient)
    missing = wanted.keys() - {"realtime_token"} - there.keys()
    assert not missing, "add them to client/automation/one_that_waits.py: name = waits(AutomationClient.name)"
    for name in wanted.keys() - {"realtime_token", "close"}:
        assert there[name].__wrapped__ is wanted[name]  # type: ignore[attr-defined]


async def test_signing_in_is_kept_and_a_token_that_ends_is_refreshed() -> None:
    recorder = Recorder()
    async with AutomationClient(URL, http_transport=recorder.transport) as cloud:
        await cloud.login("ada@example.com", "password")
        assert cloud.is_user
        cloud._token_ends_at = 0.0
        await cloud.me()
    assert [request.url.path.removeprefix("/api/v1") for request in recorder.requests] == [
        "/auth/login", "/auth/refresh", "/auth/me",
    ]  # fmt: skip
    assert "authorization" not in recorder.requests[0].headers
    assert recorder.requests[2].headers["authorization"] == "Bearer a"


@pytest.mark.parametrize(
    ("status", "code", "kind", "words"),
    [
        (404, "WORKFLOW_NOT_FOUND", NotThere, "workflows list"),
        (400, "JOB_NOT_RETRYABLE", WrongState, ""),
        (422, "INVALID_ARGUMENT", InvalidInput, ""),
        (501, "COMES_LATER", ComesLater, ""),
        (418, "SOMETHING_NEW", AutomationError, None),
    ],
)
async def test_a_refusal_has_a_class_of_its_own_and_says_what_to_do(
    status: int, code: str, kind: type[AutomationError], words: str | None
) -> None:
    async with AutomationClient(URL, api_key="k", http_transport=refusing(status, code)) as cloud:
        with pytest.raises(AutomationError) as caught:
            await cloud.get_workflow("w")
    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.code, caught.value.message) == (status, code, "It is so.")
    assert (caught.value.hint is None) if words is None else (caught.value.hint and words in caught.value.hint)


async def test_a_service_that_does_not_answer_is_down_and_what_may_not_be_repeated_is_asked_once(
    pauses: list[float],
) -> None:
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.path.rsplit("/", 1)[1])
        raise httpx2.ConnectError("refused", request=request)

    async with AutomationClient(URL, api_key="k", http_transport=httpx2.MockTransport(answer)) as cloud:
        for call in (cloud.toggle_schedule("s"), cloud.claim_task("a"), cloud.publish_workflow("w")):
            with pytest.raises(ServiceDown):
                await call
    assert (asked.count("toggle"), asked.count("claim"), asked.count("publish")) == (1, 1, 4)


async def test_a_webhook_is_signed_over_what_is_sent_and_carries_no_token() -> None:
    requests: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return httpx2.Response(200, json={"accepted": True, "execution_id": None})

    async with AutomationClient(URL, http_transport=httpx2.MockTransport(answer)) as cloud:
        await cloud.send_webhook("/hooks/my hook", {"order": 7}, "whsec")
    digest = hmac.new(b"whsec", requests[0].read(), hashlib.sha256).hexdigest()
    assert requests[0].headers["x-hub-signature-256"] == f"sha256={digest}"
    assert requests[0].url.raw_path == b"/api/v1/triggers/webhooks/hooks/my%20hook"


async def test_a_file_of_another_kind_is_somebody_elses_answer() -> None:
    page = httpx2.MockTransport(lambda request: httpx2.Response(200, html="<p>sign in</p>"))
    async with AutomationClient(URL, api_key="k", http_transport=page) as cloud:
        with pytest.raises(ServiceDown, match="not an answer of this service"):
            await cloud.export_executions()
