"""HTTP for all our clients: JSON in and out, retries with growing pauses, one error class.

Used by the robot's transports and by `casare_cloud.client`. It understands both forms of errors: the orchestrator's
(`{"detail", "error_code"}`) and the Data API's (`{"code", "message", "details", "hint"}`) become the same `ApiError`.
An answer of any other shape, whatever its status, came from something in the service's place (a
proxy, a sign-in page) and is a `ForeignAnswer`: unreachable, try again.
"""

import asyncio
import ipaddress
import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from time import time
from types import TracebackType
from typing import Any, Self

import httpx2

from casare_cloud.errors import ApiError
from casare_cloud.http_errors import Refused, kind_of

DEFAULT_TIMEOUT_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 300.0
RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
READ_ONLY_DATABASE = "25006"  # PostgREST says it with 405
_TEXTS = ("text/plain", "text/csv", "application/x-ndjson")
SCHEMA_CACHE = "PGRST2"  # PostgREST does not know a function or table (404): while it is deployed, for instance

Check = Callable[[Any], bool]
"""Whether the decoded JSON of an answer is what the service answers to such a call."""


def api_base(orchestrator_url: str) -> str:
    """The base of the orchestrator's published paths: `/api/v1` is added unless it is there."""
    url = orchestrator_url.rstrip("/")
    return url if url.endswith("/api/v1") else url + "/api/v1"


class Unreachable(Refused):
    """The service did not answer; trying again later may work."""

    def __init__(self, message: str, code: str = "UNREACHABLE", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(503, code, message, headers)


class ForeignAnswer(Unreachable):
    """Something else answered in the service's place: a proxy, a load balancer, a sign-in page, another service.

    `answered` is its status.
    """

    def __init__(self, response: httpx2.Response) -> None:
        kind = response.headers.get("content-type", "").partition(";")[0].strip()[:80] or "something without a type"
        message = (
            f"{response.url.netloc.decode()} answered {response.status_code} with {kind}, which is not an answer of "
            "this service: a proxy or sign-in page may stand in between, or the address is another service's."
        )
        super().__init__(message, "FOREIGN_ANSWER", _kept_headers(response))
        self.answered = response.status_code


def is_transient(error: ApiError) -> bool:
    """Whether the same call may succeed later: the service was not reached or is at fault, has too many requests or no
    database that can be written, is being deployed, or still runs a first try of the call (by its Idempotency-Key). Not
    a locked login: it lasts minutes, and a person should be told.
    """
    if error.code == "LOGIN_LOCKED":
        return False
    return (
        error.status in RETRIED_STATUSES
        or error.code in ("REQUEST_IN_PROGRESS", READ_ONLY_DATABASE)
        or error.code.startswith(SCHEMA_CACHE)
    )


def may_pass(error: ApiError) -> bool:
    """Whether a client that was answered before should keep trying: also while something else answers in the
    service's place and redirects, as a hotel's network does, or a page of maintenance.
    """
    return is_transient(error) or error.code == "REDIRECTED"


def backoff_delays(first: float = 0.5, most: float = 30.0, factor: float = 2.0) -> Iterator[float]:
    """Endless waiting times in seconds, growing from `first` to `most`, each spread by ±50 % so that clients part."""
    delay = first
    while True:
        yield delay * random.uniform(0.5, 1.5)  # noqa: S311 - spreading load, not a secret
        delay = min(delay * factor, most)


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """How many seconds `Retry-After` asks to wait (RFC 9110 §10.2.3: seconds or a date); None when it says nothing."""
    value = headers.get("retry-after")
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time()
        except (ValueError, OverflowError):
            return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def an_object(*names: str) -> Check:
    """A JSON object that has at least these fields."""
    return lambda answer: isinstance(answer, dict) and answer.keys() >= set(names)


def a_list(*names: str) -> Check:
    """A JSON list of objects that have at least these fields."""
    return lambda answer: isinstance(answer, list) and all(map(an_object(*names), answer))


def that_reads(check: Check, read: Callable[[Any], object]) -> Check:
    """An answer that passes the check, and that `read` takes without an error."""

    def passes(answer: Any) -> bool:
        try:
            if check(answer):
                read(answer)
                return True
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
            pass
        return False

    return passes


def error_from(response: httpx2.Response) -> Refused:
    """The `ApiError` for an answer other than success, of the orchestrator or of the Data API."""
    headers = _kept_headers(response)
    if response.has_redirect_location:
        asked, location = response.request.url.copy_with(query=None), response.headers["location"]
        message = f"{asked} redirects to {location}: correct the base URL."
        return Refused(response.status_code, "REDIRECTED", message, headers)
    try:
        body = response.json()
    except (ValueError, RecursionError):
        body = None
    return error_from_body(response.status_code, body, headers) or ForeignAnswer(response)


def error_from_body(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Refused | None:
    """The `ApiError` in an error body of the orchestrator or of the Data API (where `details` holds our code); None
    when the body has neither shape.
    """
    match body:
        case {"detail": str(message), "error_code": str(code)}:
            error = kind_of(status)(status, code, message, headers)
            details = body.get("details")
            error.details = details if isinstance(details, list) else None
            return error
        case {"code": str(state), "message": str(message), "details": details, "hint": hint}:
            is_ours = isinstance(details, str) and details.isupper() and " " not in details
            error = kind_of(status)(status, details if is_ours else state, message, headers)
            error.said_hint = hint if isinstance(hint, str) else None
            return error
    return None


def _kept_headers(response: httpx2.Response) -> dict[str, str]:
    return {name: response.headers[name] for name in ("retry-after", "x-request-id") if name in response.headers}


class HttpClient:
    """Calls one service. Network errors, answers that are not the service's own, 5xx, 429 and what `is_transient` says
    besides are tried again with growing pauses; anything else but a success (2xx) is raised, redirections too: the base
    URL must be corrected then.

    `attempts` is the number of tries of one call; the pauses honour `Retry-After`, and an answer that asks for more
    than `LONGEST_PAUSE_SECONDS` is raised at once. Raises `ApiError`, and its subclass `Unreachable` when no try was
    answered by the service. A proxy of the environment is not asked for a service on this machine.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        attempts: int = 4,
        first_delay: float = 0.25,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.headers = dict(headers or {})
        self._attempts = attempts
        self._first_delay = first_delay
        try:
            self._client = httpx2.AsyncClient(
                timeout=DEFAULT_TIMEOUT_SECONDS, transport=transport, trust_env=not is_this_machine(self.base_url)
            )
        except (ImportError, ValueError) as error:
            message = "HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names a proxy of no supported kind: use an http:// address."
            raise ApiError(400, "PROXY_NOT_SUPPORTED", message) from error

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        files: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        timeout: float = DEFAULT_TIMEOUT_SECONDS,
        attempts: int | None = None,
        expects: Check | None = None,
        as_text: bool = False,
        as_file: Sequence[str] = (),
    ) -> Any:
        """The decoded JSON of the answer (None when it is empty), its text, or its bytes. `timeout`: seconds of each
        try. A `path` may be a whole URL.

        A success that `expects` refuses, that is not plain text (with `as_text`), or of none of the media types in
        `as_file`, is a `ForeignAnswer`.
        """
        tries = attempts or self._attempts
        delays = backoff_delays(self._first_delay)
        try:
            request = self._client.build_request(
                method,
                self.base_url + path if path.startswith("/") else path,
                json=json,
                params=params,
                headers={**self.headers, **(headers or {})},
                files=files,
                data=data,
                content=content,
                timeout=httpx2.Timeout(timeout, connect=min(timeout, 10.0)),
            )
        except httpx2.InvalidURL as error:
            raise ApiError(400, "INVALID_ARGUMENT", f"{self.base_url} is not a URL: {error}") from error
        for attempt in range(1, tries + 1):
            try:
                return _answer_of(await self._client.send(request), expects, as_text=as_text, as_file=as_file)
            except httpx2.RequestError as error:
                failure: ApiError = Unreachable(f"{self.base_url} does not answer: {error or type(error).__name__}")
            except ApiError as error:
                failure = error
            pause = retry_after_seconds(failure.headers)
            if attempt == tries or not is_transient(failure) or (pause or 0.0) > LONGEST_PAUSE_SECONDS:
                raise failure
            own = next(delays)
            await asyncio.sleep(own if pause is None else pause + random.uniform(0, own))  # noqa: S311 - jitter
        raise AssertionError("unreachable: the last try returns or raises")

    async def close(self) -> None:
        """Closes the connections; the client is of no use afterwards."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def is_this_machine(url: str) -> bool:
    """Whether the URL's host is a loopback address: no proxy can reach what listens there."""
    try:
        host = httpx2.URL(url).host
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except (httpx2.InvalidURL, ValueError):
        return False


def _answer_of(response: httpx2.Response, expects: Check | None, *, as_text: bool, as_file: Sequence[str]) -> Any:
    """What a success says; raises the error that any other answer is."""
    if not response.is_success:
        raise error_from(response)
    if as_file:
        if response.headers.get("content-type", "").partition(";")[0] not in as_file:
            raise ForeignAnswer(response)
        return response.content
    if as_text:
        if not response.headers.get("content-type", "").startswith(_TEXTS):
            raise ForeignAnswer(response)
        return response.text
    try:
        answer = response.json() if response.content else None
    except (ValueError, RecursionError) as error:
        raise ForeignAnswer(response) from error
    if expects is not None and not expects(answer):
        raise ForeignAnswer(response)
    return answer
