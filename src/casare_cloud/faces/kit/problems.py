"""Errors as answers of the orchestrator face: `{"detail": sentence, "error_code": CODE, "request_id": …}`.

Input that breaks a rule is 400 there, never 422, and its sentence names the field and the rule.
"""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from casare_cloud.errors import ApiError, InvalidArgument
from casare_cloud.faces.kit.edge import problem_of


def install(app: FastAPI) -> None:
    """Make every error of the app an answer of that shape."""
    for kind in (ApiError, HTTPException, Exception):
        app.add_exception_handler(kind, _answer)
    app.add_exception_handler(RequestValidationError, _answer_validation)


async def _answer(request: Request, error: Exception) -> JSONResponse:
    status, body, headers = problem_of(error, request.state.request_id)
    if status == 405:
        headers["Allow"] = ", ".join(_methods_of(request))
    return JSONResponse(body, status, headers)


def _methods_of(request: Request) -> list[str]:
    """What the path of a request may be asked with, by all routes; who answers GET answers HEAD."""
    found = [
        method
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in request.app.routes)
    ]
    return ["GET", "HEAD", *found[1:]] if found[:1] == ["GET"] else found


async def _answer_validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return await _answer(request, InvalidArgument(sentence_of(list(error.errors()))))


def sentence_of(errors: list[dict[str, Any]]) -> str:
    """The first three broken rules, each with its field, in one line. Values are not repeated."""
    rules = [_rule_of(item) for item in errors[:3]]
    more = len(errors) - len(rules)
    return "; ".join(rules) + (f"; and {more} more." if more else ".")


def _rule_of(item: dict[str, Any]) -> str:
    place = [str(part) for part in item.get("loc", ())]
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
