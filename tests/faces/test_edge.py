"""What every request meets first: ids, limits, addresses, and answers to what is malformed or unforeseen."""

import gzip
import ipaddress
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx2
import pytest
import pytest_asyncio
from fastapi import APIRouter, HTTPException, Query, Request
from pydantic import Field

from casare_cloud.config import Settings
from casare_cloud.faces.kit.edge import client_ip_of, request_id_of
from casare_cloud.faces.kit.routing import PublicRoute
from casare_cloud.faces.kit.shapes import Body
from casare_cloud.faces.orchestrator.app import Orchestrator, create_app
from casare_cloud.faces.orchestrator.refusals import refusals

MEGABYTE = 1024 * 1024


class Form(Body):
    name: Annotated[str, Field(min_length=1, max_length=5)]
    count: Annotated[int, Field(ge=0, le=20)] = 10
    share: float = 0


def app_with_probe_routes(**settings: Any) -> Orchestrator:
    app = create_app(Settings(is_local=True, **settings))
    router = APIRouter(prefix="/probe", route_class=PublicRoute)

    @router.post("/form", responses=refusals())
    async def form(body: Form, days: Annotated[int, Query(le=90)] = 7) -> dict[str, Any]:
        return body.model_dump()

    @router.get("/address")
    async def address(request: Request) -> str | None:
        return str(request.state.client_ip)

    @router.get("/bug")
    async def bug() -> None:
        raise ZeroDivisionError("the secret internals")

    @router.get("/teapot")
    async def teapot() -> None:
        raise HTTPException(418)

    app.framework.include_router(router, prefix="/api/v1")
    return app


@pytest_asyncio.fixture(loop_scope="module")
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app_with_probe_routes())
    async with httpx2.AsyncClient(transport=transport, base_url="http://o/api/v1") as client:
        yield client


async def test_every_answer_carries_a_request_id(client: httpx2.AsyncClient) -> None:
    for path in ("/health", "/probe/form", "/nowhere", "/probe/bug"):
        answer = await client.get(path)
        assert answer.headers["x-request-id"]
        given = await client.get(path, headers={"X-Request-ID": "abc-1"})
        assert given.headers["x-request-id"] == "abc-1"
        assert given.json().get("request_id", "abc-1") == "abc-1"


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", "a\tb", "<script>", "\u00e9"])
def test_a_strange_request_id_is_replaced(given: str) -> None:
    made = request_id_of(given)
    assert made != given
    assert len(made) == 36


async def test_an_unforeseen_error_tells_nothing(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/probe/bug")
    assert answer.status_code == 500
    assert answer.json()["error_code"] == "INTERNAL_ERROR"
    assert "secret" not in answer.text
    assert "ZeroDivision" not in answer.text


async def test_a_refusal_that_has_no_code_is_a_bug(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/probe/teapot")
    assert (answer.status_code, answer.json()["error_code"]) == (500, "INTERNAL_ERROR")


async def test_unknown_paths_and_methods_have_the_same_shape(client: httpx2.AsyncClient) -> None:
    for method, path, status, code in (
        ("GET", "/nowhere", 404, "NOT_FOUND"),
        ("GET", "/", 404, "NOT_FOUND"),
        ("GET", "http://o/api/v2/jobs", 404, "NOT_FOUND"),
        ("DELETE", "/probe/form", 405, "METHOD_NOT_ALLOWED"),
    ):
        answer = await client.request(method, path)
        assert answer.status_code == status
        assert set(answer.json()) == {"detail", "error_code", "request_id"}
        assert answer.json()["error_code"] == code


@pytest.mark.parametrize(
    "body",
    [b"{", b"", b"null", b"[]", b'"text"', b"{'name': 1}", b'{"name": "x"', b"\xff\xfe", b"1" * 5000, b"[" * 100_000],
    ids=lambda body: repr(body[:12]),
)
async def test_a_malformed_body_is_400_with_a_sentence(client: httpx2.AsyncClient, body: bytes) -> None:
    answer = await client.post("/probe/form", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error_code"] == "INVALID_ARGUMENT"
    assert "body" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'{"name": "x"', "The body is not valid JSON in UTF-8: Expecting ',' delimiter at line 1, column 13."),
        (b'{"name":\n "\xe9"}', "The body is not valid JSON in UTF-8: byte 12 cannot be read."),
        ('{"name": "x"}'.encode("utf-16"), "The body is not valid JSON in UTF-8: byte 1 cannot be read."),
        (b'{"name": "x", "count": NaN}', "The body holds NaN, which is no number that can be stored."),
        (b'{"name": "x", "more": [-Infinity]}', "The body holds -Infinity, which is no number that can be stored."),
        (b'{"name": "x", "more": 1e999}', "The body holds 1e999, which is no number that can be stored."),
        (b'{"name": "x", "more": ' + b"1" * 5000 + b"}", "The body holds a number that has too many digits."),
        (b'{"name": "x", "more": ' + b"[" * 100_000, "The body must not be nested deeper than 100 levels."),
        (b'{"name": "x", "share": "NaN"}', "share: Input should be a finite number."),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_a_body_that_cannot_be_read_is_400_and_says_why(
    client: httpx2.AsyncClient, body: bytes, sentence: str
) -> None:
    answer = await client.post("/probe/form", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_ARGUMENT")
    assert answer.json()["detail"].startswith(sentence)


async def test_a_byte_order_mark_is_no_fault(client: httpx2.AsyncClient) -> None:
    body = '{"name": "x"}'.encode("utf-8-sig")
    answer = await client.post("/probe/form", content=body, headers={"Content-Type": "application/json"})
    assert answer.json()["name"] == "x"


async def test_a_compressed_body_is_415_and_says_so(client: httpx2.AsyncClient) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = await client.post("/probe/form", content=gzip.compress(b'{"name": "x"}'), headers=headers)
    assert (answer.status_code, answer.json()["error_code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert "Content-Encoding" in answer.json()["detail"]
    assert answer.headers["accept-encoding"] == "identity"
    assert (await client.get("/probe/address", headers=headers)).status_code == 200, "there is no body"
    headers["Content-Encoding"] = "identity"
    assert (await client.post("/probe/form", json={"name": "x"}, headers=headers)).status_code == 200


async def test_a_slash_too_many_is_404_and_tells_nothing_of_the_host(client: httpx2.AsyncClient) -> None:
    for path in ("/probe/address/", "/workflows/", "http://o/health/"):
        answer = await client.get(path, headers={"Host": "evil.example.test"})
        assert (answer.status_code, answer.json()["error_code"]) == (404, "NOT_FOUND")
        assert answer.headers["x-request-id"]
        assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "/jobs", "GET, HEAD, POST"),
        ("POST", "/workflows/w", "GET, HEAD, DELETE"),
        ("PATCH", "/robots/r", "GET, HEAD, PUT, DELETE"),
        ("DELETE", "/auth/login", "POST"),
        ("HEAD", "/auth/login", "POST"),
        ("POST", "/health", "GET, HEAD"),
        ("PUT", "/jobs/claim", "GET, HEAD, POST"),
    ],
)
async def test_a_method_that_is_not_allowed_is_405_and_names_all_that_are(
    client: httpx2.AsyncClient, method: str, path: str, allowed: str
) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


async def test_head_is_answered_as_get_without_its_body(client: httpx2.AsyncClient) -> None:
    for path in ("/probe/address", "/health", "/auth/me", "http://o/openapi.json", "http://o/docs"):
        asked = {"X-Request-ID": "the-same"}
        got, head = [await client.request(method, path, headers=asked) for method in ("GET", "HEAD")]
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert head.headers == got.headers
    document = (await client.get("http://o/openapi.json")).json()
    assert not any("head" in item for item in document["paths"].values())


async def test_a_body_that_is_not_called_json_is_400_and_says_so(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/probe/form", content=b'{"name": "x"}', headers={"Content-Type": "text/plain"})
    assert answer.status_code == 400
    assert "application/json" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "query", "words"),
    [
        ({}, "", "name: is required"),
        ({"name": ""}, "", "name: "),
        ({"name": "too long"}, "", "at most 5 characters"),
        ({"name": 5}, "", "name: "),
        ({"name": "x", "count": 21}, "", "count: Input should be less than or equal to 20"),
        ({"name": "x"}, "?days=91", "days (query): "),
    ],
    ids=str,
)
async def test_a_broken_rule_is_400_and_names_the_field(
    client: httpx2.AsyncClient, body: dict[str, Any], query: str, words: str
) -> None:
    answer = await client.post(f"/probe/form{query}", json=body)
    assert answer.status_code == 400
    assert words in answer.json()["detail"]
    assert "too long" not in answer.json()["detail"].replace("too long:", "")


async def send_raw(app: Orchestrator, path: str, chunks: int, headers: list[tuple[bytes, bytes]]) -> tuple[Any, int]:
    """Speaks ASGI itself: the client's transport would read the whole body first. (status and body, chunks taken)"""
    taken = 0
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": b" " * MEGABYTE, "more_body": taken < chunks}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), *headers],
        "client": ("203.0.113.9", 5),
        "scheme": "http",
        "server": ("o", 80),
        "http_version": "1.1",
        "asgi": {"version": "3.0"},
    }
    await app(scope, receive, send)
    return (sent[0]["status"], json.loads(sent[1]["body"])), taken


async def test_a_huge_body_without_length_is_refused_while_it_is_read() -> None:
    answer, taken = await send_raw(app_with_probe_routes(), "/api/v1/probe/form", 1000, [])
    assert answer[0] == 413
    assert answer[1]["error_code"] == "PAYLOAD_TOO_LARGE"
    assert taken == 11


@pytest.mark.parametrize("length", ["10485761", "99999999999999999999999999"])
async def test_a_body_that_says_it_is_huge_is_not_read(length: str) -> None:
    headers = [(b"content-length", length.encode())]
    answer, taken = await send_raw(app_with_probe_routes(), "/api/v1/probe/form", 1000, headers)
    assert answer[0] == 413
    assert taken == 0


async def test_an_upload_may_have_fifty_megabytes() -> None:
    app = create_app(Settings())
    assert app.body_limit("/api/v1/workflows/upload") > 50 * MEGABYTE
    assert app.body_limit("/api/v1/workflows") == 10 * MEGABYTE


PROXY = (ipaddress.ip_network("10.0.0.0/8"),)


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.9", "1.2.3.4", "203.0.113.9"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "9.9.9.9, 1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "9.9.9.9, 1.2.3.4, 10.0.0.2", "1.2.3.4"),
        ("10.0.0.1", "not-an-address", "10.0.0.1"),
        ("10.0.0.1", "1.2.3.4, evil", "10.0.0.1"),
        ("::ffff:10.0.0.1", "1.2.3.4", "1.2.3.4"),
        (None, "1.2.3.4", None),
        ("testclient", None, None),
    ],
)
def test_the_client_address_is_the_peer_or_what_a_trusted_proxy_says(
    peer: str | None, forwarded: str | None, expected: str | None
) -> None:
    assert client_ip_of(peer, forwarded, PROXY) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["1.2.3.4", "192.0.2.1"], "192.0.2.1"),
        (["1.2.3.4, 5.6.7.8", "192.0.2.1, 10.0.0.2"], "192.0.2.1"),
        (["1.2.3.4", ""], "10.0.0.1"),
    ],
    ids=str,
)
async def test_a_line_that_a_proxy_adds_counts_and_not_the_one_that_the_client_sent(
    lines: list[str], expected: str
) -> None:
    app = app_with_probe_routes(trusted_proxies=PROXY)
    transport = httpx2.ASGITransport(app, client=("10.0.0.1", 5))
    async with httpx2.AsyncClient(transport=transport, base_url="http://o/api/v1") as client:
        answer = await client.get("/probe/address", headers=[("X-Forwarded-For", line) for line in lines])
    assert answer.json() == expected


async def test_the_documents_show_every_resource(client: httpx2.AsyncClient) -> None:
    document = (await client.get("http://o/openapi.json")).json()
    assert {"/api/v1/auth/login", "/api/v1/auth/me", "/health", "/api/v1/health/live"} <= set(document["paths"])
    assert document["paths"]["/api/v1/auth/login"]["post"]["security"] == []
    assert "security" not in document["paths"]["/api/v1/auth/me"]["get"]
    assert document["security"] == [{"bearer": []}, {"key": []}, {"token": []}]
    schemes = document["components"]["securitySchemes"]
    assert [schemes[name].get("name") for name in ("bearer", "key", "token")] == [None, "X-Api-Key", "X-Api-Token"]
    assert (await client.get("http://o/docs")).status_code == 200
