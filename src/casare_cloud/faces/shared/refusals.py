"""How refusals look in OpenAPI: the same error shape for all, a sentence for each status."""

from typing import Annotated, Any

from fastapi import Depends, Header

from casare_cloud.faces.shared.shapes import Answer

Responses = dict[int | str, dict[str, Any]]

_SENTENCES = {
    400: "The request breaks a rule; the sentence names the field and the rule.",
    401: "No valid access token or key came with the request.",
    403: "The caller may not do this.",
    404: "There is no such thing, or it is another tenant's: the two are never told apart.",
    409: "The request contradicts the state of what it names.",
    413: "The body is too large.",
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


_ANYWHERE = (400, 401, 403, 429, 503)


def refusals(*statuses: int) -> Responses:
    """The `responses` of a route: those that every route may give, besides those that are named."""
    answers: Responses = {
        status: {"model": Refusal, "description": _SENTENCES[status]} for status in sorted({*_ANYWHERE, *statuses})
    }
    answers["default"] = {"model": Refusal, "description": "Every other refusal has the same shape."}
    return answers


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


def declare_body_limit(document: dict[str, Any]) -> None:
    """413 for every operation of an OpenAPI document that takes a body: the edge refuses it before any route does."""
    for path in document["paths"].values():
        for operation in path.values():
            if "requestBody" in operation:
                refused = operation["responses"]
                refused["413"] = {**refused["400"], "description": _SENTENCES[413]}
                operation["responses"] = dict(sorted(refused.items()))
