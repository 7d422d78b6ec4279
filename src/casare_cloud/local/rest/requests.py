"""What a request to the Data API asks for, apart from its path: caller, schema, form of the answer, range."""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from starlette.requests import Request

from casare_cloud.local import tokens
from casare_cloud.local.context import LocalContext

from .errors import RestError, bad_token, parse_error, unknown_schema

ANONYMOUS: Final = "anon"
SINGLE: Final = "application/vnd.pgrst.object+json"
JSON: Final = "application/json"

_RANGE: Final = re.compile(r"(?:items=)?([0-9]{1,9})-([0-9]{0,9})")


@dataclass(frozen=True)
class Call:
    """One request, its token verified."""

    request: Request
    claims: dict[str, Any]
    role: str
    schema: str

    @property
    def is_anonymous(self) -> bool:
        """Whether a refusal should tell the caller to log in."""
        return self.role == ANONYMOUS

    @property
    def is_read(self) -> bool:
        """Whether the method may not change anything."""
        return self.request.method in ("GET", "HEAD")

    @cached_property
    def preferences(self) -> frozenset[str]:
        """The values of Prefer."""
        values = ",".join(self.request.headers.getlist("prefer"))
        return frozenset(value.strip() for value in values.split(",") if value.strip())

    @property
    def wants_count(self) -> bool:
        """Whether the answer must say how many rows there are in all; every kind of count is exact here."""
        return any(preference.startswith("count=") for preference in self.preferences)

    @cached_property
    def wants_single(self) -> bool:
        """Whether the answer is one object. Raises 406 for a media type that is not JSON."""
        accept = self.request.headers.get("accept", "*/*")
        types = [part.split(";")[0].strip().lower() for part in accept.split(",")]
        if SINGLE in types:
            return True
        if not any(kind in ("*/*", "application/*", JSON, "application/vnd.pgrst.array+json") for kind in types):
            raise RestError(406, "PGRST107", f"None of these media types are available: {accept}")
        return False

    def window(self, max_rows: int) -> tuple[int, int]:
        """Offset and number of rows: limit= and offset=, narrowed by Range, never more than `max_rows`."""
        query = self.request.query_params
        offset = _whole_number("offset", query.get("offset"), 0)
        limit = _whole_number("limit", query.get("limit"), max_rows)
        match = _RANGE.fullmatch(self.request.headers.get("range", "")) if self.request.method == "GET" else None
        if match is not None:
            first, last = int(match[1]), match[2]
            if last and int(last) < first:
                message = "The lower boundary must be lower than or equal to the upper boundary in the Range header."
                raise RestError(416, "PGRST103", "Requested range not satisfiable", message)
            offset, limit = offset + first, min(limit, int(last) - first + 1 if last else limit)
        return offset, min(limit, max_rows)

    def settings(self) -> tuple[tuple[str, str], ...]:
        """The transaction's settings that SQL may read."""
        headers = dict(self.request.headers)
        path = self.request.scope["path"].removeprefix(self.request.scope.get("root_path", ""))
        return (
            ("request.jwt.claims", json.dumps(self.claims, ensure_ascii=False)),
            ("request.headers", json.dumps(headers, ensure_ascii=False)),
            ("request.cookies", json.dumps(self.request.cookies, ensure_ascii=False)),
            ("request.method", self.request.method),
            ("request.path", path),
        )


def read_call(context: LocalContext, request: Request) -> Call:
    """Verify the token and the schema; raises `RestError`."""
    claims = _claims(context, request)
    role = claims.get("role") or ANONYMOUS
    if not isinstance(role, str):
        raise bad_token("The JWT 'role' claim must be a string", is_about_claims=True)
    profile = "accept-profile" if request.method in ("GET", "HEAD") else "content-profile"
    schema = request.headers.get(profile) or context.exposed_schemas[0]
    if schema not in context.exposed_schemas:
        raise unknown_schema(schema, context.exposed_schemas)
    return Call(request, {**claims, "role": role}, role, schema)


def _claims(context: LocalContext, request: Request) -> dict[str, Any]:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return {}
    if not token.strip():
        raise bad_token("Empty JWT is sent in Authorization header", is_about_claims=False)
    try:
        return tokens.verify(context, token.strip())
    except tokens.TokenError as error:
        raise bad_token(error.message, is_about_claims=error.is_about_claims) from None


def _whole_number(name: str, text: str | None, default: int) -> int:
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise parse_error(f"{name} parameter", text)
    return int(text)
