"""Pages of other origins: those that are allowed may use the API from a browser, and no others."""

import dataclasses
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from casare_cloud.config import Settings
from casare_cloud.faces.orchestrator.app import create_app

PAGE = "https://app.example.test"
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
}


@pytest.fixture
def allowed() -> tuple[str, ...]:
    return (PAGE, "http://localhost:5173")


@pytest_asyncio.fixture(loop_scope="module")
async def client(settings: Settings, allowed: tuple[str, ...]) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(dataclasses.replace(settings, allowed_origins=allowed, rate_limits=True))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://o/api/v1") as client:
        yield client
    await app.close()


def origin_of(answer: httpx2.Response) -> str | None:
    origin: str | None = answer.headers.get("access-control-allow-origin")
    return origin


async def test_a_page_of_an_allowed_origin_reads_answers_refusals_and_their_headers(client: httpx2.AsyncClient) -> None:
    too_big, zipped = {"Content-Length": "99999999"}, {"Content-Encoding": "gzip", "Content-Length": "9"}
    for method, path, status, more in (
        ("GET", "/health", 200, {}),
        ("GET", "/jobs", 401, {}),
        ("GET", "/nowhere", 404, {}),
        ("POST", "/jobs", 413, too_big),
        ("POST", "/jobs", 415, zipped),
    ):
        answer = await client.request(method, path, headers={"Origin": PAGE, **more}, content=b"")
        assert (answer.status_code, origin_of(answer)) == (status, PAGE)
        shown = answer.headers["access-control-expose-headers"].split(", ")
        named = {"X-Ignored-Parameters", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Retry-After", "X-Request-ID"}
        assert named <= set(shown)
        assert "origin" in answer.headers["vary"].lower()
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("origin", ["https://evil.example.test", "http://app.example.test", f"{PAGE}:8443", "null"])
async def test_a_page_of_another_origin_is_not_let_in(client: httpx2.AsyncClient, origin: str) -> None:
    assert origin_of(await client.get("/health", headers={"Origin": origin})) is None
    refused = await client.options("/jobs", headers={"Origin": origin, **PREFLIGHT})
    assert (refused.status_code, origin_of(refused)) == (400, None)


async def test_a_preflight_is_answered_and_counted_for_nobody(client: httpx2.AsyncClient) -> None:
    for _ in range(8):  # logging in: five a minute
        answer = await client.options("/auth/login", headers={"Origin": PAGE, **PREFLIGHT})
        assert (answer.status_code, origin_of(answer)) == (200, PAGE)
        assert "POST" in answer.headers["access-control-allow-methods"]
        assert "Idempotency-Key" in answer.headers["access-control-allow-headers"]
        assert answer.headers["x-request-id"]
        assert "x-ratelimit-limit" not in answer.headers
    refused = await client.post("/auth/login", json={}, headers={"Origin": PAGE})
    assert (refused.status_code, refused.headers["x-ratelimit-remaining"]) == (400, "4")


@pytest.mark.parametrize("allowed", [("*",)])
async def test_a_star_lets_every_page_in(client: httpx2.AsyncClient) -> None:
    assert origin_of(await client.get("/health", headers={"Origin": "https://any.example.test"})) == "*"


@pytest.mark.parametrize("allowed", [()])
async def test_without_the_setting_no_page_is_let_in(client: httpx2.AsyncClient) -> None:
    assert origin_of(await client.get("/health", headers={"Origin": PAGE})) is None
    assert (await client.options("/jobs", headers={"Origin": PAGE, **PREFLIGHT})).status_code == 405
