"""HTTP."""

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urljoin

from casare_cloud.robot.executor.context import NodeRun, parsed
from casare_cloud.robot.executor.errors import HttpRequestError, NodeInputError
from casare_cloud.robot.executor.fetch import Answer, Request, fetch
from casare_cloud.robot.executor.registry import node
from casare_cloud.robot.executor.templates import as_text


@node("HTTPRequestNode", "HttpRequestNode", "HttpSuperNode")
def http_request(run: NodeRun) -> Mapping[str, Any]:
    """Sends a request; an answer with an error status is an output (`success` false), no answer is an error.

    `fail_on_error` makes an error status an error too. `retry_count` and `retry_delay` (seconds) repeat what fails.
    """
    answer = send(run, run.text("method", "action", default="GET").upper())
    outputs = outputs_of(answer)
    if not outputs["success"] and run.flag("fail_on_error", "raise_for_status"):
        raise HttpRequestError(f"{answer.url} answered {answer.status_code}")
    return outputs


def send(run: NodeRun, method: str) -> Answer:
    """The answer to the request that the node's inputs describe, after the retries that they ask for."""
    request = Request(
        url=as_text(run.need("url")).strip(),
        method=method,
        headers=_headers(run, method),
        params=run.mapping("params", "query"),
        body=_body(run, method),
        timeout_seconds=float(run.number("timeout", "timeout_seconds", default=30.0)),
        follow_redirects=run.flag("follow_redirects", default=True),
        max_redirects=run.integer("max_redirects", default=10),
        verify_tls=run.flag("verify_ssl", default=True),
    )
    retries = min(run.integer("retry_count", "retries", default=0), 20)
    for attempt in range(retries + 1):
        try:
            answer = fetch(request, run.run.control)
            if answer.status_code < 500 or attempt == retries:
                return answer
        except HttpRequestError:
            if attempt == retries:
                raise
        run.run.control.sleep(float(run.number("retry_delay", default=1.0)))
    raise AssertionError("unreachable: the last try returns or raises")


def outputs_of(answer: Answer) -> dict[str, Any]:
    """An answer as the output ports of the HTTP nodes."""
    success = answer.status_code < 400
    return {
        "response_body": answer.text,
        "response_json": answer.json,
        "status_code": answer.status_code,
        "response_headers": answer.headers,
        "success": success,
        "error": "" if success else f"HTTP {answer.status_code}",
        "body": answer.text,
        "json": answer.json,
    }


def _body(run: NodeRun, method: str) -> Any:
    if method in ("GET", "HEAD"):
        return None
    return run.value("body", "json", "data")


def _headers(run: NodeRun, method: str) -> dict[str, str]:
    headers = {str(name): as_text(value) for name, value in run.mapping("headers").items()}
    content_type = run.text("content_type")
    if content_type and method not in ("GET", "HEAD"):
        headers.setdefault("Content-Type", content_type)
    elif isinstance(_body(run, method), str) and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = (
            "application/json" if parsed(_body(run, method)) != _body(run, method) else "text/plain"
        )
    return headers


@node("HttpDownloadFileNode", "HttpDownloadNode")
def download(run: NodeRun) -> Mapping[str, Any]:
    """Saves the answer in the job's folder."""
    path = as_text(run.need("save_path", "file_path", "path"))
    answer = send(run, "GET")
    if answer.status_code >= 400:
        raise HttpRequestError(f"{answer.url} answered {answer.status_code}")
    run.run.sandbox.write_bytes(path, answer.content)
    return {"file_path": path, "file_size": len(answer.content), "success": True, "error": ""}


@node("SetHttpHeadersNode")
def set_headers(run: NodeRun) -> Mapping[str, Any]:
    headers = run.mapping("base_headers") | run.mapping("headers_json")
    if run.text("header_name"):
        headers[run.text("header_name")] = run.text("header_value")
    return {"headers": headers}


@node("HttpAuthNode")
def auth_headers(run: NodeRun) -> Mapping[str, Any]:
    headers = run.mapping("base_headers")
    match run.text("auth_type", default="Bearer").lower():
        case "bearer":
            headers["Authorization"] = f"Bearer {run.text('token')}"
        case "basic":
            pair = f"{run.text('username')}:{run.text('password')}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode('ascii')}"
        case "apikey" | "api_key":
            headers[run.text("api_key_name", default="X-API-Key")] = run.text("token")
        case other:
            raise NodeInputError(f"{other} is no way to authenticate; use Bearer, Basic or ApiKey")
    return {"headers": headers}


@node("BuildUrlNode")
def build_url(run: NodeRun) -> Mapping[str, Any]:
    base, path = as_text(run.need("base_url")), run.text("path")
    url = urljoin(base.rstrip("/") + "/", path.lstrip("/")) if path else base
    params = run.mapping("params")
    return {"url": f"{url}{'&' if '?' in url else '?'}{urlencode(params, doseq=True)}" if params else url}
