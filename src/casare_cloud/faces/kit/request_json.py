"""JSON of requests: UTF-8, no values that Python reads and the database cannot store, bounded in number.

A large body is read beside the event loop. Python reads a whole text in one breath, in which no other thread may run
either; what bounds that is the number of values, not of bytes.
"""

import asyncio
import json
import math
from typing import Any

from fastapi import Request

from casare_cloud.faces.kit import storable
from casare_cloud.faces.kit.envelope import MalformedBody
from casare_cloud.faces.kit.shapes import TOO_DEEP

LARGE_BYTES = 64 * 1024  # a body of at most this is read at once, wherever it comes from
MOST_MARKS = 2_000_000  # 50 MB of empty lists have 32 million: a gigabyte of memory, and seven seconds
_PIECE = 64 * 1024


class _RuleBroken(ValueError):
    """The rest of a sentence, as it is."""


class _NotStorable(_RuleBroken):
    """A number that JSON does not have, or that has no room in a double."""

    def __init__(self, text: str) -> None:
        super().__init__(f"holds {text[:24]}, which is no number that can be stored")


def read_json(content: bytes | str, *, repairs_text: bool = False) -> Any:
    """The value; `ValueError` with the rule that is broken, as the rest of a sentence, and the place if it is known.

    `repairs_text`: characters that cannot be stored become U+FFFD.
    """
    try:
        text = content if isinstance(content, str) else content.decode("utf-8-sig")
        if len(text) > LARGE_BYTES and _has_too_many_marks(text):
            raise _RuleBroken(f"holds more than {MOST_MARKS:,} commas and opening brackets")
        value = json.loads(text, parse_constant=_refuse, parse_float=_read_float)
        return _storable(value, repairs_text) if storable.may_hold_unstorable(text) else value
    except _RuleBroken:
        raise
    except UnicodeDecodeError as error:
        raise ValueError(f"is not valid JSON in UTF-8: byte {error.start + 1} cannot be read") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"is not valid JSON in UTF-8: {error.msg} at {place}") from error
    except RecursionError as error:
        raise ValueError(TOO_DEEP) from error
    except ValueError as error:
        raise ValueError("holds a number that has too many digits") from error


def _has_too_many_marks(text: str) -> bool:
    """Count what begins or parts values, outside of texts, without making any value."""
    bare = text.replace("\\\\", "").replace('\\"', "")
    count, is_inside = 0, False  # of a text
    for start in range(0, len(bare), _PIECE):
        parts = bare[start : start + _PIECE].split('"')
        outside = "".join(parts[is_inside::2])
        count += outside.count(",") + outside.count("[") + outside.count("{")
        if count > MOST_MARKS:
            return True
        is_inside ^= len(parts) % 2 == 0
    return False


def _storable(value: Any, repairs_text: bool) -> Any:
    place = storable.place_of_unstorable(value)
    if place is None:
        return value
    if repairs_text:
        return storable.repaired(value)
    raise _RuleBroken(f"{storable.RULE}, and {place} does" if place else storable.RULE)


def _refuse(constant: str) -> Any:
    raise _NotStorable(constant)


def _read_float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise _NotStorable(text)
    return value


class JsonRequest(Request):
    """A request whose JSON is read by these rules; a body that breaks one raises `MalformedBody`.

    `repairs_text` is as for `read_json`.
    """

    repairs_text = False

    async def json(self) -> Any:
        """The body."""
        body = await self.body()
        try:
            if len(body) > LARGE_BYTES:
                return await asyncio.to_thread(read_json, body, repairs_text=self.repairs_text)
            return read_json(body, repairs_text=self.repairs_text)
        except ValueError as error:
            raise MalformedBody(f"The body {error}.") from error
