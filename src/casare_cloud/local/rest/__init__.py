"""The Data API (PostgREST), emulated: functions by name and simple reads of tables and views, as the caller's role.

Not done, and answered with 501: writes to tables, embedding, full-text filters. The product writes by functions.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import psycopg
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from casare_cloud.local.context import LocalContext

from . import errors, statements
from .catalog import Catalog, Function, Returns
from .errors import RestError
from .execution import Executor, Result
from .requests import JSON, SINGLE, Call, read_call
from .statements import Reading, Statement
from .syntax import RESERVED, is_condition, parse_branch, parse_filter, parse_order, parse_select

Handler = Callable[[Request], Awaitable[Response]]
Pairs = list[tuple[str, str]]

_METHODS: Final = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"]


def routes(context: LocalContext) -> list[BaseRoute]:
    """What belongs under /rest/v1."""
    return DataApi(context).routes()


class DataApi:
    """The endpoints: read a request, build a statement, run it as the caller, write the answer."""

    def __init__(self, context: LocalContext) -> None:
        self._context = context
        self._catalog = Catalog(context)
        self._executor = Executor(context, self._catalog.role_settings, self._catalog.forget)

    def routes(self) -> list[BaseRoute]:
        """The routes, to be mounted under /rest/v1."""
        return [
            Route("/", _answering(self.about), methods=["GET"]),
            Route("/rpc/{function}", _answering(self.call), methods=_METHODS),
            Route("/{relation}", _answering(self.relation), methods=_METHODS),
        ]

    async def about(self, request: Request) -> Response:
        """The root, where PostgREST describes itself."""
        read_call(self._context, request)
        body = {"swagger": "2.0", "info": {"title": "The local stack's stand-in for the Data API", "version": "local"}}
        return Response(json.dumps(body), media_type="application/openapi+json")

    # --- tables and views -----------------------------------------------------------------------------------------

    async def relation(self, request: Request) -> Response:
        """Rows of a table or view."""
        call, name = read_call(self._context, request), request.path_params["relation"]
        if not await self._catalog.has_relation(call.schema, name):
            raise errors.unknown_relation(call.schema, name)
        if not call.is_read:
            raise errors.unsupported("writes to tables and views; call a function")
        reading = self._reading(call, request.query_params.multi_items())
        statement = Statement()
        query = statements.read_relation(statement, call.schema, name, reading)
        result = await self._executor.run(call, query, statement.params, read_only=True)
        return _rows_answer(call, result, reading)

    def _reading(self, call: Call, pairs: Pairs) -> Reading:
        named = dict(pairs)
        offset, limit = call.window(self._context.max_rows)
        conditions = [parse_filter(name, value) for name, value in pairs if name not in RESERVED]
        branches = [
            parse_branch(name.removeprefix("not."), value, is_negated=name.startswith("not."))
            for name, value in pairs
            if name in ("and", "or", "not.and", "not.or")
        ]
        return Reading(
            parse_select(named.get("select", "*")),
            (*conditions, *branches),
            parse_order(named.get("order", "")),
            offset,
            limit,
            call.wants_count,
        )

    # --- functions ------------------------------------------------------------------------------------------------

    async def call(self, request: Request) -> Response:
        """The result of a function."""
        if request.method not in ("GET", "HEAD", "POST"):
            raise RestError(405, "PGRST101", f"Cannot use the {request.method} method on RPC")
        call, name = read_call(self._context, request), request.path_params["function"]
        overloads = await self._catalog.functions(call.schema, name)
        if call.is_read:
            function, query, params, reading = self._call_of_query(call, name, list(overloads))
        else:
            function, query, params, reading = self._call_of_body(call, name, list(overloads), await request.body())
        is_single = call.wants_single and function.returns_set
        result = await self._executor.run(
            call,
            query,
            params,
            read_only=call.is_read or not function.is_volatile,
            settings=function.settings,
            check=_require_single if is_single and function.is_volatile else None,
        )
        return _function_answer(call, function, result, reading)

    def _call_of_body(
        self, call: Call, name: str, overloads: list[Function], body: bytes
    ) -> tuple[Function, str, list[str], Reading]:
        text, given = _arguments(body)
        reading = self._reading(call, call.request.query_params.multi_items())
        fitting = [function for function in overloads if given is not None and function.takes(frozenset(given))]
        if not fitting:
            for function in overloads:
                if argument := function.raw_argument():
                    statement = Statement([text])
                    query = statements.call_with_raw_body(function, argument, "$1")
                    return function, statements.call_function(statement, function, query, "", reading), [text], reading
        function = _only(fitting, call, name, sorted(given or ()))
        names = frozenset(given or ())
        key = (names, reading.limit, reading.wants_count) if reading.is_plain else None
        known = function.statements.get(key) if key else None
        if known is not None:
            return function, known, [text] if names else [], reading
        statement = Statement([text] if names else [])
        query, source = statements.call_with_body(function, names, "$1")
        query = statements.call_function(statement, function, query, source, reading)
        if key:
            function.statements[key] = query
        return function, query, statement.params, reading

    def _call_of_query(
        self, call: Call, name: str, overloads: list[Function]
    ) -> tuple[Function, str, list[str], Reading]:
        pairs = call.request.query_params.multi_items()
        known = {argument.name for function in overloads for argument in function.arguments}
        given = {n: v for n, v in pairs if n in known or (n not in RESERVED and not is_condition(v))}
        function = _only([f for f in overloads if f.takes(frozenset(given))], call, name, sorted(given))
        reading = self._reading(call, [(n, v) for n, v in pairs if n not in given])
        statement = Statement()
        query = statements.call_with_text(function, given, statement)
        return function, statements.call_function(statement, function, query, "", reading), statement.params, reading


def _arguments(body: bytes) -> tuple[str, Mapping[str, Any] | None]:
    """The text of a body and its members; None when it is no object."""
    try:
        text = body.decode() or "{}"
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise errors.bad_body(str(error)) from None
    if isinstance(parsed, list) and not _are_alike(parsed):
        raise RestError(400, "PGRST102", "All object keys must match")
    return text, parsed if isinstance(parsed, dict) else None


def _are_alike(members: list[Any]) -> bool:
    """Whether an array has only objects with the same keys; PostgREST takes no other."""
    return all(isinstance(member, dict) and member.keys() == members[0].keys() for member in members)


def _only(fitting: list[Function], call: Call, name: str, given: list[str]) -> Function:
    if not fitting:
        raise errors.unknown_function(call.schema, name, given)
    if len(fitting) > 1:
        raise errors.ambiguous_function([function.signature for function in fitting])
    return fitting[0]


def _require_single(rows: int) -> None:
    if rows != 1:
        raise errors.not_single(rows)


def _function_answer(call: Call, function: Function, result: Result, reading: Reading) -> Response:
    if function.returns_set and function.returns is not Returns.VOID:
        return _rows_answer(call, result, reading)
    if function.returns is Returns.VOID:
        return _with(Response(status_code=result.status or 204), result)
    body = "null" if result.body is None else result.body
    return _with(_json(call, body, result.status or 200, SINGLE if call.wants_single else JSON), result)


def _rows_answer(call: Call, result: Result, reading: Reading) -> Response:
    total = result.total
    if total is not None and reading.offset > total:
        raise errors.bad_range(reading.offset, total)
    shown = f"{reading.offset}-{reading.offset + result.rows - 1}" if result.rows else "*"
    is_part = total is not None and result.rows < total
    body, kind = result.body or "[]", JSON
    if call.wants_single:
        _require_single(result.rows)
        body, kind = body.strip()[1:-1], SINGLE
    response = _json(call, body, result.status or (206 if is_part else 200), kind)
    response.headers["content-range"] = f"{shown}/{'*' if total is None else total}"
    return _with(response, result)


def _json(call: Call, body: str, status: int, kind: str) -> Response:
    content = b"" if call.request.method == "HEAD" else body.encode()
    return Response(content, status, {"Content-Type": f"{kind}; charset=utf-8", "Content-Profile": call.schema})


def _with(response: Response, result: Result) -> Response:
    for name, value in result.headers:
        response.headers[name] = value
    return response


def _answering(handler: Handler) -> Handler:
    """The handler, with refusals turned into answers."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except RestError as error:
            return error.response()
        except psycopg.Error as error:
            return errors.from_database(error, is_anonymous=False).response()

    return answer
