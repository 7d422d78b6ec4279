"""How the refusals of a face look in OpenAPI: its shapes, and a sentence for each status."""

from typing import Annotated, Any

from fastapi import Depends, Header

from casare_cloud.faces.kit.envelope import Envelope
from casare_cloud.faces.kit.shapes import Answer

Responses = dict[int | str, dict[str, Any]]

_BROKEN_RULE = "The request breaks a rule; the sentence names the field and the rule."
_WRONG_STATE = "The state of what the request names does not allow it."
_SENTENCES = {
    400: _BROKEN_RULE,
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


class Refusals:
    """The `responses` of a face's routes. `too_often` is the shape of 429, where it is another one."""

    def __init__(self, envelope: Envelope, refusal: type[Answer], too_often: type[Answer] | None = None) -> None:
        self._refusal = refusal
        self._shapes = {429: too_often or refusal}
        broken_rule = envelope.statuses.get("INVALID_ARGUMENT", 400)
        self._sentences = {**_SENTENCES, broken_rule: _BROKEN_RULE}
        if broken_rule != 400:
            self._sentences[400] = _WRONG_STATE
        self._anywhere = (broken_rule, 401, 403, 429, 503)
        self.any_other: Responses = {
            "default": {"model": refusal, "description": "Every other refusal has the same shape."}
        }

    def of(self, *statuses: int) -> Responses:
        """The `responses` of a route: those that every route may give, besides those that are named."""
        answers: Responses = {
            status: {"model": self._shapes.get(status, self._refusal), "description": self._sentences[status]}
            for status in sorted({*self._anywhere, *statuses})
        }
        return {**answers, **self.any_other}

    def idempotent(self, *statuses: int) -> dict[str, Any]:
        """What makes a POST that creates something show `Idempotency-Key`, and its `responses`: with 409 and 422."""
        return {"responses": self.of(409, 422, *statuses), "dependencies": [Depends(_idempotency_key)]}

    def body_refusals(self) -> dict[str, str]:
        """The sentences of refusals for a body that is not read."""
        return {str(status): self._sentences[status] for status in (413, 415)}


async def _idempotency_key(
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
