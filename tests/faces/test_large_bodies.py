"""Bodies that cost memory or time: a stranger's is not read, each is counted first, and no other request waits."""

import asyncio
import dataclasses
import json
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from tests.faces.stage import GRAPH, Stage, refused

from casare_cloud.config import Settings
from casare_cloud.faces.kit import request_json
from casare_cloud.faces.orchestrator.app import Orchestrator, create_app
from casare_cloud.faces.orchestrator.workflows import shapes as workflow_shapes
from casare_cloud.identity import new_api_key

MEGABYTE = 1024 * 1024
CHUNKED = [(b"transfer-encoding", b"chunked")]
LONG = [(b"content-length", b"%d" % (9 * MEGABYTE))]


@pytest_asyncio.fixture(loop_scope="module")
async def app(settings: Settings) -> AsyncIterator[Orchestrator]:
    app = create_app(dataclasses.replace(settings, rate_limits=True))
    yield app
    await app.close()


async def send(
    app: Orchestrator, path: str, chunks: list[bytes], headers: list[tuple[bytes, bytes]], address: str = "203.0.113.9"
) -> tuple[int, dict[str, Any], dict[str, str], int]:
    """Speaks ASGI itself: a client's transport reads the whole body first. (status, body, headers, chunks taken)"""
    taken = 0
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": chunks[taken - 1], "more_body": taken < len(chunks)}

    async def keep(message: Any) -> None:
        sent.append(message)

    path = f"/api/v1{path}"
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), *headers],
        "client": (address, 5),
        "scheme": "http",
        "server": ("o", 80),
        "http_version": "1.1",
        "asgi": {"version": "3.0"},
    }
    await app(scope, receive, keep)
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], json.loads(sent[1]["body"]), told, taken


async def test_a_key_that_was_made_up_is_refused_and_counted_before_the_body_is_read(app: Orchestrator) -> None:
    made_up = [(b"x-api-key", new_api_key("service").key.encode())]
    for length, left in ((CHUNKED, "49"), (LONG, "48")):
        chunks = [b" " * MEGABYTE] * 9
        status, body, headers, taken = await send(app, "/workflows/upload", chunks, made_up + length, "203.0.113.8")
        assert (status, body["error_code"], taken) == (401, "AUTHENTICATION_FAILED", 0)
        assert headers["x-ratelimit-remaining"] == left


async def test_who_asks_too_often_is_refused_before_the_body_is_read(app: Orchestrator, stage: Stage) -> None:
    key = [(b"x-api-key", stage.service("workflows.write").headers["X-Api-Key"].encode())]
    for _ in range(50):
        await send(app, "/workflows", [b"{}"], [*key, (b"content-length", b"2")])
    status, body, _, taken = await send(app, "/workflows", [b" " * MEGABYTE] * 9, key + LONG)
    assert (status, body["error_code"], taken) == (429, "RATE_LIMITED", 0)


async def test_a_large_body_of_somebody_is_read_and_counted_once(app: Orchestrator, stage: Stage) -> None:
    key = [(b"x-api-key", stage.service("workflows.write", "jobs.create").headers["X-Api-Key"].encode())]
    form = json.dumps({"workflow_name": "big", "workflow_json": {**GRAPH, "note": "x" * MEGABYTE}}).encode()
    chunks = [form[at : at + 100_000] for at in range(0, len(form), 100_000)]
    status, body, headers, taken = await send(app, "/workflows", chunks, key + CHUNKED)
    assert (status, taken, headers["x-ratelimit-remaining"]) == (200, len(chunks), "49"), body


@pytest.mark.parametrize("path", ["/auth/login", "/auth/register", "/auth/refresh"])
async def test_forms_of_strangers_have_at_most_64_kilobytes(app: Orchestrator, path: str) -> None:
    for length in (CHUNKED, [(b"content-length", b"65537")]):
        status, body, _, taken = await send(app, path, [b" " * 40_000] * 9, length)
        assert (status, body["error_code"]) == (413, "PAYLOAD_TOO_LARGE")
        assert body["detail"] == "The request body may have at most 64 KB."
        assert taken == (2 if length is CHUNKED else 0)


@pytest.mark.parametrize("path", ["/workflows", "/workflows/upload"])
async def test_other_requests_are_served_while_a_large_body_is_parsed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    is_parsing, may_go_on = threading.Event(), threading.Event()
    read_json = request_json.read_json

    def wait_and_read(content: bytes | str, **options: Any) -> Any:
        is_parsing.set()
        assert may_go_on.wait(20), "nothing else ran while the body was parsed"
        return read_json(content, **options)

    for module in (request_json, workflow_shapes):
        monkeypatch.setattr(module, "read_json", wait_and_read)
    form = json.dumps({"workflow_name": "w", "workflow_json": {**GRAPH, "note": "x" * 100_000}}).encode()
    options: dict[str, Any] = {"files": {"file": ("w.json", form)}} if "upload" in path else {"content": form}
    if "content" in options:
        options["headers"] = {"Content-Type": "application/json"}
    asking = asyncio.create_task(stage.admin.ask("POST", path, **options))
    try:
        assert await asyncio.to_thread(is_parsing.wait, 20)
        assert (await stage.client.get("/health/live")).json() == {"alive": True}
    finally:
        may_go_on.set()
    assert (await asking).status_code == 200


async def test_a_body_of_more_values_than_memory_has_is_400(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_json, "MOST_MARKS", 50_000)
    workflow_id = str(stage.workflow().workflow_id)
    texts = {"a": ',[{"\\' * 20_000}
    answer = await stage.admin.post("/jobs", {"workflow_id": workflow_id, "input": texts})
    assert answer.status_code == 201, "what stands in a text is no value"
    for many in ([[]] * 30_000, [1] * 60_000, [{"a,": '"'}] * 30_000):
        answer = await stage.admin.post("/jobs", {"workflow_id": workflow_id, "input": {"a": many}})
        assert refused(answer, 400, "INVALID_ARGUMENT", "The body holds more than 50,000 commas and opening brackets")
