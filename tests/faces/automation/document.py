"""The rows of document 004, read from the document, and what the tests have for each."""

import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx2
from tests.faces.stage import Stage

ROWS = Path(__file__).parent / "rows"
_TABLE = re.compile(r"^\| (GET|POST|PUT|DELETE) \| `([^`]+)` \|", re.MULTILINE)
_LINE = re.compile(r"`(GET|POST|PUT|DELETE) (/[^`]+)`")

Ask = Callable[[Stage], Awaitable[httpx2.Response]]


@dataclass(frozen=True)
class Entry:
    """A request of a row, and what its answer is: `keys` with dots between them, `workflows[].id` in each of a list."""

    row: str
    ask: Ask
    status: int
    keys: tuple[str, ...]

    def __str__(self) -> str:
        return self.row


ENTRIES: list[Entry] = []


def entry(row: str, keys: str = "", status: int = 200) -> Callable[[Ask], Ask]:
    """Decorates what asks for a row: a function from a stage to the answer; `keys` are parted by spaces."""

    def register(ask: Ask) -> Ask:
        ENTRIES.append(Entry(row, ask, status, tuple(keys.split())))
        return ask

    return register


def within(prefix: str, keys: str) -> str:
    """The keys below a key: `within("agents[]", "id name")`."""
    return " ".join(f"{prefix}.{key}" for key in keys.split())


def all_entries() -> list[Entry]:
    """Those of every module in `rows`, one a noun."""
    for file in sorted(ROWS.glob("[a-z]*.py")):
        import_module(f"tests.faces.automation.rows.{file.stem}")
    return ENTRIES


def rows_of(text: str) -> list[str]:
    """The rows of the document, `GET /agents/{}`: without the last slash, whatever the parameters are called."""
    found = [*_TABLE.findall(text), *_LINE.findall(text)]
    return [row_name(method, path) for method, path in found]


def row_name(method: str, path: str) -> str:
    """How a row is named here."""
    plain = re.sub(r"\{[^}]*\}", "{}", path.split("?")[0])
    return f"{method} {plain.rstrip('/') or '/'}"


def missing(value: Any, keys: tuple[str, ...]) -> list[str]:
    """The keys that an answer lacks; a list that has nothing in it shows nothing, and lacks them."""
    return [key for key in keys if not all(_leads(value, re.findall(r"[^.\[\]]+|\[\]", key)))]


def _leads(value: Any, names: list[str]) -> Iterator[bool]:
    if not names:
        yield True
    elif names[0] == "[]":
        yield isinstance(value, list) and bool(value)
        for item in value if isinstance(value, list) else ():
            yield from _leads(item, names[1:])
    else:
        is_there = isinstance(value, dict) and names[0] in value
        yield is_there
        if is_there:
            yield from _leads(value[names[0]], names[1:])
