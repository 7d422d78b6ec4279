"""What the published documents state of the endpoints, read from the documents themselves.

They are no part of this repository: `CASARE_TEST_DOCUMENTS` names their folder (see `tests.servers`). A document states
an endpoint in a heading (`### GET /jobs`), in a table with the columns method and endpoint, in a request of an example
(curl, Python, JavaScript), in a configuration (`metrics_path:`) or in passing (`POST /jobs`). All of them are read.
"""

import ast
import json
import re
import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

BASE = "/api/v1"
METHODS = "GET|POST|PUT|PATCH|DELETE|HEAD|WS"
HEADING = re.compile(rf"({METHODS})\s+`?(/[^\s`]+)")
MENTION = re.compile(rf"\b({METHODS})\s+`?(/[\w{{}}/-]+)")
ADDRESS = re.compile(r"(?:https?|wss?)://[^/\s\"'`]+(?P<path>/[^\s\"'`?]*)")
LABEL = re.compile(r"\*\*(.+?)\*\*(.*)")
RATE = re.compile(r"(\d+)(?: requests)?/min")
STATUS = re.compile(r"\b([1-5]\d\d)\b")
SENDER = re.compile(r"Authorization|X-Api-\w+")
NAME = re.compile(r"- `(\w+)`")
# What the names in a list or a table are, by the label above it or the table's first column.
KINDS: Mapping[str, Literal["query", "form", "body"]] = {
    "query parameters": "query",
    "form data": "form",
    "parameter": "query",
    "field": "body",
}


@dataclass
class Row:
    """An endpoint of one document, with all that the document says of it."""

    method: str
    path: str
    requests: list[Any] = field(default_factory=list)  # JSON bodies of examples
    answers: list[Any] = field(default_factory=list)  # JSON or text
    statuses: set[int] = field(default_factory=set)
    names: dict[tuple[str, str], str] = field(default_factory=dict)  # (query, form or body; name) → description
    headers: set[str] = field(default_factory=set)  # that say who asks
    per_minute: set[int] = field(default_factory=set)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def template(self) -> str:
        """The path, whatever its parameters are called."""
        return re.sub(r"\{[^}]*\}", "{}", self.path)

    def covers(self, method: str, path: str) -> bool:
        """Whether a request is one to this endpoint."""
        mine, asked = self.path.split("/"), path.split("/")
        same = [part.startswith("{") or part == other for part, other in zip(mine, asked, strict=False)]
        return method == self.method and len(mine) == len(asked) and all(same)

    def add(self, other: "Row") -> None:
        """What another place of the document says of the same endpoint."""
        self.requests += other.requests
        self.answers += other.answers
        self.statuses |= other.statuses
        self.names = {**other.names, **self.names}
        self.headers |= other.headers
        self.per_minute |= other.per_minute


@dataclass
class Document:
    """The rows of a document, by heading the JSON examples that belong to none, and limits of many rows at once."""

    rows: list[Row] = field(default_factory=list)
    loose: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    rates: dict[str, int] = field(default_factory=dict)  # category of endpoints → requests a minute

    def row_of(self, method: str, path: str) -> Row | None:
        """The row of a request; a fixed path comes before one with parameters."""
        found = [row for row in self.rows if row.covers(method, path)]
        return min(found, key=lambda row: row.path.count("{"), default=None)


def read_document(text: str) -> Document:
    """All that a document says of endpoints. Raises `ValueError` for an example that cannot be read."""
    reader = _Reader()
    for part in _parts(text):
        reader.read(part)
    document = Document(loose=reader.document.loose, rates=reader.document.rates)
    for row in reader.stated:
        same = next(
            (mine for mine in document.rows if (mine.method, mine.template) == (row.method, row.template)), None
        )
        if same:
            same.add(row)
        else:
            document.rows.append(row)
    for row in reader.used:  # after all that are stated: an example belongs to the row that it is an example of
        owner = document.row_of(row.method, row.path)
        if owner:
            owner.add(row)
        else:
            document.rows.append(row)
    for row in document.rows:
        row.per_minute |= reader.rates.get(row.template, set())
    return document


@dataclass
class _Part:
    """A heading, a line of text, a table or a block of code."""

    kind: Literal["heading", "line", "table", "code"]
    text: str = ""
    level: int = 0
    language: str = ""
    cells: list[list[str]] = field(default_factory=list)


def _parts(text: str) -> Iterator[_Part]:
    lines = iter(text.splitlines())
    table: list[list[str]] = []
    for line in lines:
        if line.startswith("|"):
            table.append([cell.strip().strip("`") for cell in line.strip().strip("|").split("|")])
            continue
        if table:
            yield _Part("table", cells=table)
            table = []
        if line.startswith("```"):
            code = []
            for inner in lines:
                if inner.startswith("```"):
                    break
                code.append(inner)
            yield _Part("code", "\n".join(code), language=line[3:].strip())
        elif line.startswith("#"):
            yield _Part("heading", line.lstrip("#").strip(), level=len(line) - len(line.lstrip("#")))
        elif line.strip():
            yield _Part("line", line)
    if table:
        yield _Part("table", cells=table)


class _Reader:
    """Reads part after part; knows whose section it is in and which label came last."""

    def __init__(self) -> None:
        self.stated: list[Row] = []
        self.used: list[Row] = []
        self.document = Document()
        self.rates: dict[str, set[int]] = defaultdict(set)
        self._heading = ""
        self._row: Row | None = None  # whose section it is
        self._level = 0
        self._asked: Row | None = None  # the last request of an example in this section
        self._label = ""
        self._before = ""  # the line before a block of code

    def read(self, part: _Part) -> None:
        """The next part."""
        getattr(self, f"_read_{part.kind}")(part)

    def _read_heading(self, part: _Part) -> None:
        self._label = self._before = ""
        self._heading = part.text
        self._asked = None
        found = HEADING.match(part.text)
        if found:
            self._row = Row(*found.groups())
            self._level = part.level
            self.stated.append(self._row)
        elif part.level <= self._level:
            self._row = None

    def _read_line(self, part: _Part) -> None:
        self._before = part.text
        found = LABEL.match(part.text)
        if found:
            self._label = found.group(1).strip(" :").lower()
        if self._row is not None:
            self._read_line_of(self._row, part.text)
        self._read_mentions(part.text)

    def _read_line_of(self, row: Row, line: str) -> None:
        name = NAME.match(line)
        if name and self._label in KINDS:
            row.names[KINDS[self._label], name.group(1)] = line
        if self._label.startswith(("response", "error responses", "degraded", "not ready")):
            row.statuses |= {int(status) for status in STATUS.findall(line)[:1]}
        if self._label.startswith("rate limit"):
            row.per_minute |= {int(rate) for rate in RATE.findall(line)}
        if self._label == "headers":
            row.headers |= set(SENDER.findall(line))

    def _read_table(self, part: _Part) -> None:
        head = [cell.lower() for cell in part.cells[0]]
        for cells in part.cells[2:]:
            line = dict(zip(head, cells, strict=False))
            path = line.get("endpoint", "")
            if "method" in line and path.startswith("/"):
                self.stated.append(Row(line["method"], path))
            elif "endpoint category" in line and (rate := RATE.search(line.get("limit", ""))):
                self.document.rates[line["endpoint category"]] = int(rate[1])
            elif path.startswith("/"):
                rates = {int(rate) for rate in RATE.findall(line.get("limit", ""))}
                self.rates[re.sub(r"\{[^}]*\}", "{}", path)] |= rates
            elif self._row is not None and head[0] in KINDS:
                kind = KINDS.get(self._label) or KINDS[head[0]]
                self._row.names[kind, cells[0]] = cells[-1]

    def _read_code(self, part: _Part) -> None:
        asked = list(_requests_of(part))
        for row in asked:
            self.used.append(row)
            self._asked = row
        if part.language == "json":
            self._read_json(json.loads(part.text))
        elif not asked:
            self._read_mentions(part.text)
            self._read_text(part.text)

    def _read_text(self, text: str) -> None:
        if self._row is not None and self._label == "headers":
            self._row.headers |= set(SENDER.findall(text))
        if self._row is not None and self._label.startswith("response"):
            self._row.answers.append(text)

    def _read_json(self, value: Any) -> None:
        row = self._row or self._asked
        if row is None:
            self.document.loose[self._heading].append(value)
        elif "request" in self._before.lower():
            row.requests.append(value)
        else:
            row.answers.append(value)

    def _read_mentions(self, text: str) -> None:
        for method, path in MENTION.findall(text):
            self.used.append(Row(method, path.rstrip("/")))
        for found in ADDRESS.finditer(text):
            if found[0].startswith("ws"):
                self.used.append(Row("WS", _path_of(found[0]).rstrip("/.")))


def _requests_of(part: _Part) -> Iterator[Row]:
    """The requests that a block of code makes."""
    if part.language in ("bash", "sh", "shell", "console"):
        yield from _requests_of_shell(part.text)
    elif part.language in ("python", "py"):
        yield from _requests_of_python(part.text)
    elif part.language in ("yaml", "yml"):
        for path in re.findall(r"metrics_path:\s*['\"]?([^\s'\"]+)", part.text):
            yield Row("GET", path.removeprefix(BASE))
    else:
        for found in re.finditer(r"WebSocket\(['\"`](wss?://[^'\"`]+)", part.text):
            yield Row("WS", _path_of(found[1]))


def _path_of(address: str) -> str:
    found = ADDRESS.match(address)
    if found is None:
        raise ValueError(f"{address!r} is no address of an endpoint")
    return found["path"].removeprefix(BASE)


def _requests_of_shell(text: str) -> Iterator[Row]:
    words = shlex.split(text.replace("\\\n", " "), comments=True)
    starts = [place for place, word in enumerate(words) if word == "curl"]
    for start, end in pairwise([*starts, len(words)]):
        command = words[start:end]
        after = list(pairwise(command))
        [address] = [word for word in command if "://" in word]
        bodies = [json.loads(value) for option, value in after if option in ("-d", "--data", "--data-raw", "--json")]
        forms = [value.split("=")[0] for option, value in after if option in ("-F", "--form")]
        methods = [value for option, value in after if option in ("-X", "--request")]
        row = Row(*methods or ["POST" if bodies or forms else "GET"], _path_of(address), requests=bodies)
        row.names = {("form", name): "" for name in forms}
        yield row


def _requests_of_python(text: str) -> Iterator[Row]:
    """Calls like `client.post(f"{base_url}/api/v1/…", json={…})`: of the body, the names of its keys are known."""
    tree = compile(text, "<example>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
            continue
        address = _text_of(node.args[0])
        if node.func.attr == "connect" and address.startswith("ws"):
            yield Row("WS", _path_of(address))
        elif BASE in address:
            row = Row(node.func.attr.upper(), address[address.index(BASE) + len(BASE) :].split("?")[0])
            for keyword in node.keywords:
                if keyword.arg == "json" and isinstance(keyword.value, ast.Dict):
                    names = [_text_of(key) for key in keyword.value.keys if key]
                    row.requests.append(dict.fromkeys(names))
            yield row


def _text_of(node: ast.expr) -> str:
    """A string of the program; what is filled in becomes `{}`."""
    if isinstance(node, ast.JoinedStr):
        return "".join("{}" if isinstance(part, ast.FormattedValue) else _text_of(part) for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
