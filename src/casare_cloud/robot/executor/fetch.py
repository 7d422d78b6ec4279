"""One HTTP request of a workflow: http and https only, bounded in time and size, ended when the job must stop."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from casare_cloud.robot.executor.control import RunControl
from casare_cloud.robot.executor.errors import HttpRequestError, NodeInputError
from casare_cloud.robot.transport import shortened

MAX_RESPONSE_BYTES = 10 * 2**20
MAX_TIMEOUT_SECONDS = 600.0
MAX_RETRY_AFTER_SECONDS = 86_400.0
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Request:
    """What to send. `body` may be text, bytes, or a value to send as JSON; `timeout_seconds` is for all of it."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] | None = None
    params: Mapping[str, Any] | None = None
    body: Any = None
    timeout_seconds: float = 30.0
    follow_redirects: bool = True
    max_redirects: int = 10
    verify_tls: bool = True
    proxy: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status."""

    status_code: int
    headers: dict[str, str]
    content: bytes
    encoding: str
    url: str

    @property
    def text(self) -> str:
        return self.content.decode(self.encoding, errors="replace")

    @property
    def error(self) -> HttpRequestError:
        """The answer as an error; one with `Retry-After` names when to try again, a day from now at most."""
        from casare_cloud.http import retry_after_seconds  # it brings the HTTP client

        error = HttpRequestError(f"{self.url} answered {self.status_code}")
        seconds = retry_after_seconds({name.lower(): value for name, value in self.headers.items()})
        if seconds is not None:
            error.retry_at = datetime.now(UTC) + timedelta(seconds=min(seconds, MAX_RETRY_AFTER_SECONDS))
        return error

    @property
    def json(self) -> Any:
        """The decoded JSON, or None when the body is not JSON."""
        try:
            return json.loads(self.content) if self.content else None
        except ValueError:
            return None


def fetch(request: Request, control: RunControl) -> Answer:
    """Sends the request. Raises `HttpRequestError` (worth a retry), `NodeInputError` (not), or as `control`."""
    if request.method not in METHODS:
        raise NodeInputError(f"{request.method} is not an HTTP method; use one of {', '.join(METHODS)}")
    refuse_other_schemes(request.url)
    control.check()
    return asyncio.run(_while_wanted(request, control))


def refuse_other_schemes(url: str) -> None:
    """Workflows reach what the robot's network lets them reach, by http and https and in no other way."""
    if not url.lower().startswith(("http://", "https://")):
        raise NodeInputError(f"{shortened(url, 200)!r} is not an http or https URL")


async def _while_wanted(request: Request, control: RunControl) -> Answer:
    task = asyncio.create_task(_send(request))
    limit = min(request.timeout_seconds, MAX_TIMEOUT_SECONDS)
    ends = asyncio.get_running_loop().time() + limit
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=_LOOK_SECONDS)
            control.check()
            if not task.done() and asyncio.get_running_loop().time() >= ends:
                raise HttpRequestError(f"{request.url} did not answer within {limit:g} seconds")
        return task.result()
    finally:
        task.cancel()


async def _send(request: Request) -> Answer:
    import httpx2  # what only looks at workflows does without

    headers = {str(name): str(value) for name, value in (request.headers or {}).items()}
    content = request.body
    if content is not None and not isinstance(content, str | bytes):
        content = json.dumps(content, default=str)
        headers.setdefault("Content-Type", "application/json")
    try:
        async with (
            httpx2.AsyncClient(
                timeout=None,
                follow_redirects=request.follow_redirects,
                max_redirects=request.max_redirects,
                verify=request.verify_tls,
                proxy=request.proxy,
            ) as client,
            client.stream(
                request.method,
                request.url,
                headers=headers,
                params=dict(request.params or {}) or None,
                content=content or None,
            ) as response,
        ):
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_RESPONSE_BYTES:
                    raise HttpRequestError(f"{request.url} answered with more than {MAX_RESPONSE_BYTES // 2**20} MB")
            return Answer(
                response.status_code,
                dict(response.headers),
                bytes(body),
                response.encoding or "utf-8",
                str(response.url),
            )
    except httpx2.UnsupportedProtocol as error:
        raise NodeInputError(f"{request.url} leads to something other than http or https") from error
    except (httpx2.InvalidURL, UnicodeError, ValueError) as error:
        raise NodeInputError(f"the request to {shortened(request.url, 200)!r} cannot be made: {error}") from error
    except httpx2.TooManyRedirects as error:
        raise HttpRequestError(f"{request.url} redirects more than {request.max_redirects} times") from error
    except httpx2.HTTPError as error:
        raise HttpRequestError(f"{request.url} does not answer: {error or type(error).__name__}") from error
