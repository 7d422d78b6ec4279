"""The HTTP client that robots and people's programs share."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import islice
from typing import Any

import httpx2
import pytest
from tests.robot.local_page import LocalPage

from casare_cloud.errors import ApiError
from casare_cloud.http import (
    ForeignAnswer,
    HttpClient,
    Unreachable,
    an_object,
    api_base,
    backoff_delays,
    error_from,
    is_transient,
    retry_after_seconds,
)

OWN = {"detail": "no", "error_code": "NO"}


def client(*answers: httpx2.Response | Exception, attempts: int = 4) -> tuple[HttpClient, list[httpx2.Request]]:
    """A client whose service gives these answers one after another."""
    seen: list[httpx2.Request] = []
    left = list(answers)

    def handle(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return HttpClient("http://x/", attempts=attempts, transport=httpx2.MockTransport(handle)), seen


async def test_the_answer_s_json_is_returned(pauses: list[float]) -> None:
    http_client, seen = client(httpx2.Response(200, json={"a": 1}), httpx2.Response(204))
    assert await http_client.call("POST", "/p", json={"b": 2}) == {"a": 1}
    assert await http_client.call("DELETE", "/p") is None
    assert (str(seen[0].url), seen[0].content) == ("http://x/p", b'{"b":2}')
    assert pauses == []


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_a_fault_that_may_pass_is_tried_again(pauses: list[float], status: int) -> None:
    http_client, seen = client(httpx2.Response(status), httpx2.ConnectError("no"), httpx2.Response(200, json=1))
    assert await http_client.call("GET", "/") == 1
    assert len(seen) == 3
    assert len(pauses) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422, 501])
async def test_an_answer_that_will_not_change_is_raised_at_once(pauses: list[float], status: int) -> None:
    http_client, seen = client(httpx2.Response(status, json=OWN))
    with pytest.raises(ApiError, match="no") as caught:
        await http_client.call("GET", "/")
    assert (caught.value.status, caught.value.code, len(seen)) == (status, "NO", 1)
    assert not is_transient(caught.value)


async def test_a_creation_whose_first_try_still_runs_is_tried_again(pauses: list[float]) -> None:
    running = {"detail": "The first request still runs.", "error_code": "REQUEST_IN_PROGRESS"}
    http_client, seen = client(httpx2.ReadTimeout("lost"), httpx2.Response(409, json=running), httpx2.Response(201))
    await http_client.call("POST", "/jobs", json={}, headers={"Idempotency-Key": "k"})
    assert [request.headers["idempotency-key"] for request in seen] == ["k"] * 3
    assert len(pauses) == 2


async def test_a_locked_login_is_told_at_once_and_not_waited_for(pauses: list[float]) -> None:
    locked = {"detail": "Locked until noon.", "error_code": "LOGIN_LOCKED"}
    http_client, seen = client(httpx2.Response(429, json=locked, headers={"Retry-After": "200"}))
    with pytest.raises(ApiError, match="Locked until noon") as caught:
        await http_client.call("POST", "/auth/login", json={})
    assert (len(seen), pauses, caught.value.headers["retry-after"]) == (1, [], "200")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirection_is_no_success_and_names_where_it_leads(pauses: list[float], status: int) -> None:
    moved = httpx2.Response(status, headers={"Location": "https://x/p"})
    http_client, seen = client(moved)
    with pytest.raises(ApiError, match="http://x/p redirects to https://x/p: correct the base URL") as caught:
        await http_client.call("POST", "/p", params={"a": "1"}, json={})
    assert (caught.value.status, caught.value.code, len(seen)) == (status, "REDIRECTED", 1)


async def test_only_2xx_is_success(pauses: list[float]) -> None:
    http_client, _ = client(httpx2.Response(304), attempts=1)
    with pytest.raises(ForeignAnswer) as caught:
        await http_client.call("GET", "/")
    assert caught.value.answered == 304


@pytest.mark.parametrize("url", ["http://x", "http://x/", "http://x/api/v1", "http://x/api/v1/"])
def test_the_base_path_is_added_once(url: str) -> None:
    assert api_base(url) == "http://x/api/v1"


async def test_retry_after_is_honoured(pauses: list[float]) -> None:
    http_client, _ = client(httpx2.Response(429, headers={"Retry-After": "7"}), httpx2.Response(200, json=1))
    await http_client.call("GET", "/")
    assert 7 <= pauses[0] < 8


@pytest.mark.parametrize("status", [429, 503])
async def test_an_answer_that_asks_for_more_patience_than_we_have_is_raised_at_once(
    pauses: list[float], status: int
) -> None:
    http_client, seen = client(httpx2.Response(status, headers={"Retry-After": "301"}, json=OWN))
    with pytest.raises(ApiError) as caught:
        await http_client.call("GET", "/")
    assert (caught.value.status, len(seen), pauses) == (status, 1, [])


async def test_every_try_of_an_upload_sends_the_same_bytes(pauses: list[float]) -> None:
    http_client, seen = client(httpx2.ConnectError("no"), httpx2.Response(503), httpx2.Response(200, json=1))
    await http_client.call("POST", "/", files={"file": ("w.json", b"{}")}, data={"priority": "1"})
    assert len({(request.headers["content-type"], request.content) for request in seen}) == 1
    assert len(seen) == 3


async def test_nobody_there_is_unreachable(pauses: list[float]) -> None:
    http_client, seen = client(*[httpx2.ConnectError("refused")] * 3, attempts=3)
    with pytest.raises(Unreachable, match="http://x does not answer: refused"):
        await http_client.call("GET", "/")
    assert len(seen) == 3


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
async def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    page: LocalPage, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    async with HttpClient(page.url.replace("127.0.0.1", name), attempts=1) as http_client:
        assert "orders" in await http_client.call("GET", "/orders.json")


async def test_a_proxy_of_the_environment_is_asked_for_other_machines(
    page: LocalPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", page.url)
    async with HttpClient("http://cloud.invalid", attempts=1) as http_client:
        assert (await http_client.call("GET", "/jobs"))["path"] == "http://cloud.invalid/jobs"


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "ftp://127.0.0.1:9"])
def test_a_proxy_that_is_not_supported_is_said_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("all_proxy", proxy)
    with pytest.raises(ApiError, match="ALL_PROXY") as caught:
        HttpClient("http://cloud.invalid")
    assert caught.value.code == "PROXY_NOT_SUPPORTED"


FOREIGN = {
    "page": httpx2.Response(404, html="<html>not found</html>"),
    "page with success": httpx2.Response(200, html="<html>sign in</html>"),
    "nothing with success": httpx2.Response(204),
    "another JSON with success": httpx2.Response(200, json={"status": "ok"}),
    "another error": httpx2.Response(403, json={"message": "Forbidden"}),
    "a framework's error": httpx2.Response(404, json={"detail": "Not Found"}),
    "a gateway's error": httpx2.Response(401, json={"message": "Invalid API key", "hint": "Check it."}),
    "a code that is a number": httpx2.Response(409, json={"code": 9, "message": "x", "details": None, "hint": None}),
    "deep JSON": httpx2.Response(400, text="[" * 200_000),
    "broken compression": httpx2.Response(200, stream=httpx2.ByteStream(b"x"), headers={"content-encoding": "gzip"}),
}


@pytest.mark.parametrize("kind", FOREIGN)
async def test_what_is_not_the_service_s_own_is_tried_again_and_is_unreachable(pauses: list[float], kind: str) -> None:
    http_client, seen = client(FOREIGN[kind], httpx2.Response(200, json={"job_id": "j"}))
    assert await http_client.call("POST", "/", expects=an_object("job_id")) == {"job_id": "j"}
    assert len(seen) == 2
    http_client, seen = client(FOREIGN[kind], attempts=1)
    with pytest.raises(Unreachable) as caught:
        await http_client.call("POST", "/", expects=an_object("job_id"))
    assert is_transient(caught.value)


async def test_an_answer_that_is_not_the_service_s_own_is_told_with_what_came_and_from_where() -> None:
    http_client, _ = client(FOREIGN["page"], attempts=1)
    with pytest.raises(ForeignAnswer, match=r"^x answered 404 with text/html, which is not an answer of this service"):
        await http_client.call("GET", "/jobs")


async def test_a_page_is_no_text_of_ours() -> None:
    http_client, _ = client(httpx2.Response(200, html="<html>"), httpx2.Response(200, text="# TYPE"), attempts=1)
    with pytest.raises(ForeignAnswer):
        await http_client.call("GET", "/metrics/prometheus", as_text=True)
    assert await http_client.call("GET", "/metrics/prometheus", as_text=True) == "# TYPE"


@pytest.mark.parametrize(("status", "code"), [(405, "25006"), (404, "PGRST202"), (404, "PGRST205")])
async def test_a_data_api_without_its_functions_or_with_a_read_only_database_is_tried_again(
    pauses: list[float], status: int, code: str
) -> None:
    body = {"code": code, "message": "x", "details": "y", "hint": None}
    http_client, seen = client(httpx2.Response(status, json=body), httpx2.Response(200, json=1))
    assert await http_client.call("POST", "/") == 1
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"detail": "Gone.", "error_code": "LEASE_LOST", "request_id": "r"}, "LEASE_LOST", "Gone."),
        ({"code": "PT409", "message": "Gone.", "details": "LEASE_LOST", "hint": None}, "LEASE_LOST", "Gone."),
        (
            {"code": "42501", "message": "permission denied", "details": None, "hint": "GRANT …"},
            "42501",
            "permission denied",
        ),
        ({"code": "PGRST301", "message": "JWT expired", "details": "x y", "hint": None}, "PGRST301", "JWT expired"),
    ],
)
def test_both_doors_errors_are_the_same_error(body: Any, code: str, message: str) -> None:
    error = error_from(httpx2.Response(409, json=body))
    assert (error.status, error.code, error.message) == (409, code, message)


def test_retry_after_may_be_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    seconds = retry_after_seconds({"retry-after": later})
    assert seconds is not None
    assert 3000 < seconds <= 3600


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("5", 5),
        ("-1", 0),
        ("100000", 100_000),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Mon, 01 Jan 2024 00:00:00 +99999999999999999999", None),
    ],
)
def test_retry_after_is_seconds_or_nothing(value: str, seconds: float | None) -> None:
    assert retry_after_seconds({"retry-after": value}) == seconds


def test_pauses_grow_and_are_spread() -> None:
    pauses = list(islice(backoff_delays(1, 8), 6))
    for pause, middle in zip(pauses, [1, 2, 4, 8, 8, 8], strict=True):
        assert middle * 0.5 <= pause <= middle * 1.5
    assert len(set(pauses)) == 6
