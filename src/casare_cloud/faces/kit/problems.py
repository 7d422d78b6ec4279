"""Errors of FastAPI as answers in the face's envelope. The sentence on a broken rule names the field and the rule."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from casare_cloud.errors import ApiError
from casare_cloud.faces.kit.envelope import BrokenRules, Envelope

# How pydantic names the alternatives of a field in the place of an error.
_NO_FIELDS = ("literal[", "function-after[", "function-before[")


def install(app: FastAPI, envelope: Envelope) -> None:
    """Make every error of the app an answer in this envelope."""

    async def answer(request: Request, error: Exception) -> JSONResponse:
        status, body, headers = envelope.answer(error, request.state.request_id)
        if isinstance(error, HTTPException) and error.status_code == 405:
            headers["Allow"] = ", ".join(_methods_of(request))
        return JSONResponse(body, status, headers)

    async def answer_validation(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        errors = list(error.errors())
        return await answer(request, BrokenRules(sentence_of(errors), [_named(item) for item in errors]))

    for kind in (ApiError, HTTPException, Exception):
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(RequestValidationError, answer_validation)


def _methods_of(request: Request) -> list[str]:
    """What the path of a request may be asked with, by all routes; who answers GET answers HEAD."""
    found = [
        method
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in request.app.routes)
    ]
    return ["GET", "HEAD", *found[1:]] if found[:1] == ["GET"] else found


def sentence_of(errors: list[dict[str, Any]]) -> str:
    """The first three broken rules, each with its field, in one line. Values are not repeated."""
    rules = [_rule_of(item) for item in errors[:3]]
    more = len(errors) - len(rules)
    return "; ".join(rules) + (f"; and {more} more." if more else ".")


def _named(item: dict[str, Any]) -> dict[str, Any]:
    """One broken rule for programs: place, rule and kind, as FastAPI words them; the value is not repeated."""
    place = [part for part in item.get("loc", ()) if not str(part).startswith(_NO_FIELDS)]
    return {"loc": place, "msg": str(item.get("msg", "is not valid")), "type": item.get("type", "value_error")}


def _rule_of(item: dict[str, Any]) -> str:
    place = [str(part) for part in item.get("loc", ()) if not str(part).startswith(_NO_FIELDS)]
    kind = item.get("type", "")
    source, field = (place[0], ".".join(place[1:])) if place else ("request", "")
    rule = str(item.get("msg", "is not valid")).removeprefix("Value error, ").rstrip(".")
    if kind == "missing":
        rule = "is required"
    elif kind == "extra_forbidden":
        rule = "is not a known field"
    if not field:
        if kind in ("model_attributes_type", "dict_type", "missing"):
            return "The body must be a JSON object, sent with Content-Type: application/json"
        return f"The {source}: {rule}"
    return f"{field}: {rule}" if source == "body" else f"{field} ({source}): {rule}"
