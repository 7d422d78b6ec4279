"""HTTP."""

import base64
import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlencode, urljoin

from casare_cloud.robot.executor.context import NodeRun, parsed
from casare_cloud.robot.executor.declarations import (
    Option,
    anything,
    choice,
    flag,
    integer,
    mapping,
    number,
    text,
    unused,
)
from casare_cloud.robot.executor.errors import HttpRequestError, NodeInputError
from casare_cloud.robot.executor.fetch import METHODS, Answer, Request, fetch
from casare_cloud.robot.executor.nodes.files import CREATE_DIRS, check_folder, path_of
from casare_cloud.robot.executor.registry import node
from casare_cloud.robot.executor.templates import as_text

_BY_NETWORK = "the robot's network decides which addresses can be reached"


def _request_options(timeout: float, retry_delay: float) -> tuple[Option, ...]:
    return (
        text("url", default=None),
        mapping("headers"),
        mapping("params", "query"),
        anything("body", "json", "data"),
        text("content_type"),
        number("timeout", "timeout_seconds", default=timeout),
        flag("follow_redirects", default=True),
        integer("max_redirects", default=10),
        flag("verify_ssl", default=True),
        text("proxy"),
        integer("retry_count", "retries", default=0),
        number("retry_delay", default=retry_delay),
        unused("allow_internal_urls", _BY_NETWORK, False),
    )


REQUEST = _request_options(30.0, 1.0)
ANSWER = (
    "response_body",
    "response_json",
    "status_code",
    "response_headers",
    "success",
    "error",
    "body",
    "json",
)


@node(
    "HTTPRequestNode",
    "HttpRequestNode",
    takes=(
        *REQUEST,
        choice("method", *METHODS, default="GET"),
        flag("fail_on_error", "raise_for_status"),
        text("response_encoding"),
    ),
    gives=ANSWER,
    needs=("url",),
)
def http_request(run: NodeRun) -> Mapping[str, Any]:
    """Sends a request; an answer with an error status is an output (`success` false), no answer is an error.

    `fail_on_error` makes an error status an error too. `retry_count` and `retry_delay` (seconds) repeat what fails.
    """
    return requested(run, run.choice("method"))


def requested(run: NodeRun, method: str) -> Mapping[str, Any]:
    """The outputs of an HTTP node for the request that its inputs describe."""
    answer = send(run, method)
    if run.text("response_encoding"):
        answer = replace(answer, encoding=run.text("response_encoding"))
    outputs = outputs_of(answer)
    if not outputs["success"] and run.flag("fail_on_error"):
        raise answer.error
    return outputs


def send(run: NodeRun, method: str) -> Answer:
    """The answer to the request that the node's inputs describe, after the retries that they ask for."""
    request = Request(
        url=as_text(run.need("url")).strip(),
        method=method,
        headers=_headers(run, method),
        params=run.mapping("params"),
        body=_body(run, method),
        timeout_seconds=float(run.number("timeout")),
        follow_redirects=run.flag("follow_redirects"),
        max_redirects=run.integer("max_redirects"),
        verify_tls=run.flag("verify_ssl"),
        proxy=run.text("proxy") or None,
    )
    return _answer_to(run, request)


def _answer_to(run: NodeRun, request: Request) -> Answer:
    retries = min(run.integer("retry_count"), 20)
    for attempt in range(retries + 1):
        try:
            answer = fetch(request, run.control)
            if answer.status_code < 500 or attempt == retries:
                return answer
        except HttpRequestError:
            if attempt == retries:
                raise
        run.control.sleep(float(run.number("retry_delay")))
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
    return run.value("body")


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


SAVE_PATH = text("save_path", "file_path", "path", default=None)
DOWNLOADED = ("file_path", "file_size", "status_code", "success", "error")


@node(
    "HttpDownloadFileNode",
    "HttpDownloadNode",
    takes=(
        SAVE_PATH,
        *_request_options(300.0, 2.0),
        flag("overwrite", default=True),
        CREATE_DIRS,
        unused("chunk_size", "an answer is read as it comes"),
    ),
    gives=DOWNLOADED,
    needs=(
        "url",
        "save_path",
    ),
)
def download(run: NodeRun) -> Mapping[str, Any]:
    """Saves the answer in the job's folder."""
    path = as_text(run.need("save_path"))
    check_folder(run, path)
    if not run.flag("overwrite") and run.run.sandbox.locate(path).exists():
        raise NodeInputError(f"{path} is there already, and overwrite is not set")
    answer = send(run, "GET")
    if answer.status_code >= 400:
        raise answer.error
    run.run.sandbox.write_bytes(path, answer.content)
    return {
        "file_path": path,
        "file_size": len(answer.content),
        "status_code": answer.status_code,
        "success": True,
        "error": "",
    }


@node(
    "HttpUploadFileNode",
    takes=(
        text("url", default=None),
        text("file_path", "path", default=None),
        text("field_name", default="file"),
        mapping("headers"),
        mapping("extra_fields"),
        number("timeout", "timeout_seconds", default=300.0),
        flag("verify_ssl", default=True),
        integer("retry_count", "retries", default=0),
        number("retry_delay", default=2.0),
        unused("allow_internal_urls", _BY_NETWORK, False),
    ),
    gives=ANSWER,
    needs=(
        "url",
        "file_path",
    ),
)
def upload(run: NodeRun) -> Mapping[str, Any]:
    """Sends a file of the job's folder as a form does, with `extra_fields` beside it."""
    name = path_of(run)
    content, boundary = run.run.sandbox.read_bytes(name), uuid.uuid4().hex
    fields = [(key, "", as_text(value).encode()) for key, value in run.mapping("extra_fields").items()]
    file = (run.text("field_name") or "file", f'; filename="{_quoted(PurePosixPath(name).name)}"', content)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(key)}"{more}\r\n\r\n'.encode() + value
        for key, more, value in (*fields, file)
    ]
    request = Request(
        url=as_text(run.need("url")).strip(),
        method="POST",
        headers={
            **{str(key): as_text(value) for key, value in run.mapping("headers").items()},
            "Content-Type": f"multipart/form-data; boundary={boundary}",
        },
        body=b"\r\n".join([*parts, f"--{boundary}--\r\n".encode()]),
        timeout_seconds=float(run.number("timeout")),
        verify_tls=run.flag("verify_ssl"),
    )
    return outputs_of(_answer_to(run, request))


def _quoted(name: str) -> str:
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


@node(
    "SetHttpHeadersNode",
    takes=(mapping("base_headers"), mapping("headers_json", "headers"), text("header_name"), text("header_value")),
    gives=("headers",),
)
def set_headers(run: NodeRun) -> Mapping[str, Any]:
    """Headers of both maps and the one named."""
    headers = run.mapping("base_headers") | run.mapping("headers_json", "headers")
    if run.text("header_name"):
        headers[run.text("header_name")] = run.text("header_value")
    return {"headers": headers}


@node(
    "HttpAuthNode",
    takes=(
        mapping("base_headers"),
        unused("credential_name", "a job is given what it needs: write the token, or take it from the job's input", ""),
        choice("auth_type", "Bearer", "Basic", "ApiKey", "api_key", default="Bearer"),
        text("token"),
        text("username"),
        text("password"),
        text("api_key_name", default="X-API-Key"),
    ),
    gives=("headers",),
)
def auth_headers(run: NodeRun) -> Mapping[str, Any]:
    """Headers with credentials."""
    headers = run.mapping("base_headers")
    match run.choice("auth_type"):
        case "Bearer":
            headers["Authorization"] = f"Bearer {as_text(run.need('token'))}"
        case "Basic":
            pair = f"{as_text(run.need('username'))}:{as_text(run.need('password'))}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode('ascii')}"
        case _:
            headers[run.text("api_key_name")] = as_text(run.need("token"))
    return {"headers": headers}


@node(
    "BuildUrlNode",
    takes=(text("base_url", default=None), text("path"), mapping("params")),
    gives=("url",),
    needs=("base_url",),
)
def build_url(run: NodeRun) -> Mapping[str, Any]:
    """A URL from its parts."""
    base, path = as_text(run.need("base_url")), run.text("path")
    url = urljoin(base.rstrip("/") + "/", path.lstrip("/")) if path else base
    params = run.mapping("params")
    return {"url": f"{url}{'&' if '?' in url else '?'}{urlencode(params, doseq=True)}" if params else url}
