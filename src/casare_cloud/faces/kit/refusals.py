"""How refusals look in OpenAPI: one error shape for all and a sentence for each status; and the headers of answers."""

from typing import Annotated, Any, Literal

from fastapi import Depends, Header
from pydantic import Field

from casare_cloud.faces.kit.shapes import Answer

Responses = dict[int | str, dict[str, Any]]

_SENTENCES = {
    400: "The request breaks a rule; the sentence names the field and the rule.",
    401: "No valid access token or key came with the request.",
    403: "The caller may not do this.",
    404: "There is no such thing, or it is another tenant's: the two are never told apart.",
    409: "The request contradicts the state of what it names.",
    413: "The body is too large.",
    415: "The body is compressed.",
    422: "This Idempotency-Key came with another request before.",
    429: "Too often; try again after `Retry-After` seconds.",
    501: "This cannot be done yet; nothing was changed.",
    503: "A service behind this one does not answer; try again after `Retry-After` seconds.",
}


class Refusal(Answer):
    """Why a request was refused: a sentence for people, a code for programs."""

    detail: str
    error_code: str
    request_id: str


class TooOften(Refusal):
    """A refusal that passes by itself: `error` and `retry_after` as document 000 has them."""

    error: Literal["Rate limit exceeded"]
    retry_after: Annotated[int, Field(description="Seconds to wait; also in the header `Retry-After`.")]


ANY_OTHER: Responses = {"default": {"model": Refusal, "description": "Every other refusal has the same shape."}}
_ANYWHERE = (400, 401, 403, 429, 503)


def refusals(*statuses: int) -> Responses:
    """The `responses` of a route: those that every route may give, besides those that are named."""
    answers: Responses = {
        status: {"model": TooOften if status == 429 else Refusal, "description": _SENTENCES[status]}
        for status in sorted({*_ANYWHERE, *statuses})
    }
    return {**answers, **ANY_OTHER}


def _idempotency_key(
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=255,
            description="Makes a repeated request harmless: kept for 24 hours, the same key and body get the first "
            "answer. 409 while the first request runs, 422 for another body.",
        ),
    ] = None,
) -> None:
    """Only documents the header: the route honours it."""


def idempotent(*statuses: int) -> dict[str, Any]:
    """What makes a POST that creates something honour `Idempotency-Key`, and its `responses`: with 409 and 422."""
    return {"responses": refusals(409, 422, *statuses), "dependencies": [Depends(_idempotency_key)]}


def declare_body_refusals(document: dict[str, Any]) -> None:
    """413 and 415 for what takes a body in an OpenAPI document: the edge refuses it before a route does."""
    for path in document["paths"].values():
        for operation in path.values():
            if "requestBody" in operation:
                refused = operation["responses"]
                refused |= {str(status): {**refused["400"], "description": _SENTENCES[status]} for status in (413, 415)}
                operation["responses"] = dict(sorted(refused.items()))


def declare_headers(document: dict[str, Any]) -> None:
    """The headers of every answer of an OpenAPI document, which the layers around the routes add."""
    document["components"]["headers"] = _HEADERS
    for path in document["paths"].values():
        for operation in path.values():
            is_counted = "429" in operation["responses"]
            for status, answer in operation["responses"].items():
                names = ["X-Request-ID"]
                if is_counted:  # all but health probes
                    names += [*_COUNTED, *_HEADERS_OF.get(status, ())]
                if "422" in operation["responses"] and status[0] == "2":
                    names.append("Idempotent-Replayed")
                answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}


_COUNTED = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
_HEADERS_OF = {"401": ("WWW-Authenticate",), "429": ("Retry-After",), "503": ("Retry-After",)}


def _header(kind: str, description: str, is_always_there: bool = False) -> dict[str, Any]:
    return {"description": description, "schema": {"type": kind}, **({"required": True} if is_always_there else {})}


_HEADERS = {
    "X-Request-ID": _header("string", "The id of the request: the caller's own, or a new one.", True),
    "X-RateLimit-Limit": _header("integer", "How many requests a window allows. Not there when nothing was counted."),
    "X-RateLimit-Remaining": _header("integer", "How many are left in this window."),
    "X-RateLimit-Reset": _header("integer", "When the window ends, in seconds since the epoch."),
    "Retry-After": _header("integer", "Seconds after which the same request may succeed."),
    "WWW-Authenticate": _header("string", "`Bearer`.", True),
    "Idempotent-Replayed": _header("string", "`true`: this is the answer to the first request with the same key."),
}
