"""What senders send: JSON, a form, or something else, in the character set that they name."""

import codecs
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from python_multipart.multipart import parse_options_header

from casare_cloud.errors import ApiError
from casare_cloud.faces.kit import storable
from casare_cloud.faces.kit.request_json import read_json
from casare_cloud.faces.kit.shapes import TOO_DEEP, is_too_deep

_MOST_FIELDS = 1000
# Those of the web (https://encoding.spec.whatwg.org), as Python names them; a codec may be something else altogether.
_CHARSETS = {
    "utf-8", "ascii", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "gb18030", "gbk", "big5",
    "euc_jp", "shift_jis", "euc_kr", "koi8-r", "koi8-u", *(f"cp{number}" for number in range(1250, 1259)),
    *(f"iso8859-{number}" for number in range(1, 17)),
}  # fmt: skip


def read_event(headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """A body of document 001: a JSON object with an `event_type`, whatever the content type; else 400."""
    payload = _read_json(body, _charset_of(headers))
    if not isinstance(payload, dict):
        raise ApiError(400, "INVALID_PAYLOAD", "The body must be a JSON object")
    event_type = payload.get("event_type")
    if event_type is None or event_type == "":
        raise ApiError(400, "INVALID_PAYLOAD", "Missing required field: event_type")
    if not isinstance(event_type, str) or len(event_type) > 255:
        raise ApiError(400, "INVALID_PAYLOAD", "event_type must be a text of 1 to 255 characters")
    return payload


def read_anything(headers: Mapping[str, str], query: str, body: bytes) -> dict[str, Any]:
    """A body as document 004 has it: a JSON object or a form as it is, other JSON as `body`, else `raw_body`.

    A JSON object that is said to be a form is one all the same. What is no text in its character set is
    `raw_body_base64`; the fields of the query, if there are some, are `_query`.
    """
    payload = _payload_of(headers, body)
    if query:
        payload = {**payload, "_query": _fields(query)}
    return payload


def _payload_of(headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    kind = parse_options_header(headers.get("content-type", ""))[0].decode("latin-1").lower()
    if not body:
        return {}
    if kind == "application/json" or kind.endswith("+json"):
        value = _read_json(body, _charset_of(headers))
        return value if isinstance(value, dict) else {"body": value}
    charset = _charset_of(headers)
    if kind == "application/x-www-form-urlencoded":
        form = _decoded(body, charset)
        if form is None:
            raise ApiError(400, "INVALID_PAYLOAD", f"The form is not valid in {charset}")
        if form.lstrip().startswith("{") and form.rstrip().endswith("}"):  # `curl -d` calls everything a form
            return dict(_read_json(body, charset))
        return _fields(form, charset)
    text = _decoded(body, charset)
    if text is None or not storable.is_storable(text):
        return {"raw_body_base64": b64encode(body).decode()}
    return {"raw_body": text}


def _read_json(body: bytes, charset: str) -> Any:
    try:
        value = read_json(body if charset == "utf-8" else _text(body, charset))
    except ValueError as rule:
        raise ApiError(400, "INVALID_JSON", f"Malformed JSON in request: it {rule}") from None
    if is_too_deep(value):
        raise ApiError(400, "INVALID_PAYLOAD", f"The body {TOO_DEEP}")
    return value


def _text(body: bytes, charset: str) -> str:
    text = _decoded(body, charset)
    if text is None:
        raise ValueError(f"is not valid in {charset}")
    return text


def _decoded(body: bytes, charset: str) -> str | None:
    try:
        return body.decode("utf-8-sig" if charset == "utf-8" else charset).removeprefix("\ufeff")
    except UnicodeDecodeError:
        return None


def _fields(text: str, charset: str = "utf-8") -> dict[str, Any]:
    """The fields of a form: one value, or a list where a name comes more than once."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, encoding=charset, errors="strict", max_num_fields=_MOST_FIELDS)
    except UnicodeDecodeError:
        raise ApiError(400, "INVALID_PAYLOAD", f"A field is not valid in {charset}") from None
    except ValueError:
        raise ApiError(400, "INVALID_PAYLOAD", f"A form may have at most {_MOST_FIELDS} fields") from None
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name in fields:
            others = fields[name]
            fields[name] = [*others, value] if isinstance(others, list) else [others, value]
        else:
            fields[name] = value
    if not storable.is_storable(fields):
        raise ApiError(400, "INVALID_PAYLOAD", f"A field {storable.RULE}")
    return fields


def _charset_of(headers: Mapping[str, str]) -> str:
    """The name of the character set as Python has it: UTF-8 unless the content type names another."""
    options = parse_options_header(headers.get("content-type", ""))[1]
    named = options.get(b"charset", b"utf-8").decode("latin-1")
    try:
        name = codecs.lookup(named).name
    except (LookupError, ValueError):
        name = ""
    if name not in _CHARSETS:
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", "The character set of Content-Type is not known")
    return name
