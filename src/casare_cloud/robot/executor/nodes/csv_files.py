"""CSV as other programs write it, and CSV that a spreadsheet may open without running what is in its cells."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from casare_cloud.robot.executor.context import NodeRun, parsed
from casare_cloud.robot.executor.declarations import anything, flag, integer, listing, text
from casare_cloud.robot.executor.errors import NodeInputError
from casare_cloud.robot.executor.nodes.files import (
    CREATE_DIRS,
    ENCODING,
    ERRORS,
    FILE_PATH,
    SANDBOXED,
    check_folder,
    decoded,
    encoded,
    path_of,
)
from casare_cloud.robot.executor.registry import node
from casare_cloud.robot.executor.sandbox import MAX_READ_BYTES
from casare_cloud.robot.executor.templates import as_text

MAX_CELLS = 5_000_000
_END = "\0end of the file\0"
_CHARACTERS = {"\\t": "\t", "tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:[.,]\d+)*|[.,]\d+)(?:[eE][+-]?\d+)?\s?%?")

csv.field_size_limit(MAX_READ_BYTES)  # a cell may be as large as a file: this bounds both


def character_of(run: NodeRun, name: str) -> str:
    """The one character that an option names: itself, `\\t` written as two, or its word."""
    written = run.text(name)
    found = _CHARACTERS.get(written.lower(), written)
    if len(found) != 1 or found in "\r\n":
        raise NodeInputError(f"{name} of {run.node.id} is one character, or \\t; not {written!r}")
    return found


@node(
    "ReadCSVNode",
    takes=(
        FILE_PATH,
        text("delimiter", default=","),
        flag("has_header", default=True),
        ENCODING,
        ERRORS,
        text("quotechar", default='"'),
        flag("doublequote", default=True),
        text("escapechar"),
        integer("skip_rows", default=0),
        integer("max_rows", default=0),
        flag("strict"),
        SANDBOXED,
    ),
    gives=("data", "headers", "row_count", "success"),
    needs=("file_path",),
)
def read_csv(run: NodeRun) -> Mapping[str, Any]:
    """A CSV file's rows: maps by its header, else lists.

    No cell is lost: a second column `amount` is `amount_2`; a column without a name, and cells beyond the header, are
    `column_3` and so on; a row that ends early is filled up with empty cells. Blank lines are left out. A first line
    `sep=;` says the delimiter. A quote that is never closed is an error.
    """
    content = decoded(run, run.run.sandbox.read_bytes(path_of(run)))
    said = re.match(r"sep=(.)(?:\r\n|\r|\n|$)", content, re.IGNORECASE)
    if said:
        content = content[said.end() :]
    quote = run.text("quotechar")
    rows = _rows(
        path_of(run),
        content,
        lines_before=1 if said else 0,
        delimiter=said[1] if said else character_of(run, "delimiter"),
        quotechar=character_of(run, "quotechar") if quote else None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        doublequote=run.flag("doublequote"),
        escapechar=character_of(run, "escapechar") if run.text("escapechar") else None,
        strict=run.flag("strict"),
    )
    rows = [row for row in rows[max(run.integer("skip_rows"), 0) :] if row]
    has_header = run.flag("has_header")
    header = rows.pop(0) if rows and has_header else []
    most = run.integer("max_rows")
    rows = rows[:most] if most > 0 else rows
    if not has_header:
        return {"data": rows, "headers": [], "row_count": len(rows), "success": True}
    names = column_names(header, max((len(row) for row in rows), default=0))
    if len(names) * len(rows) > MAX_CELLS:
        raise NodeInputError(f"{path_of(run)} has {len(rows):,} rows of {len(names):,} columns, which are too many")
    empty = [""] * len(names)
    data = [dict(zip(names, row + empty[len(row) :], strict=True)) for row in rows]
    return {"data": data, "headers": names, "row_count": len(data), "success": True}


def _rows(path: str, content: str, *, lines_before: int, **form: Any) -> list[list[str]]:
    """Every row, also the blank ones. The line put after the last shows whether a quote is still open there."""
    reader = csv.reader(chain(_lines(content), [_END]), **form)
    rows, begins = [], 1
    try:
        for row in reader:
            rows.append(row)
            begins, end = reader.line_num + 1, begins
    except csv.Error as error:
        line = begins + lines_before
        if "unexpected end of data" in str(error):
            raise NodeInputError(f"{path} has a quote in line {line} that is never closed") from error
        raise NodeInputError(f"{path} is not CSV: {error} (line {line})") from error
    if rows[-1] != [_END]:
        raise NodeInputError(f"{path} has a quote in line {end + lines_before} that is never closed")
    return rows[:-1]


def _lines(content: str) -> Iterator[str]:
    return iter(io.StringIO(content, newline=""))


def column_names(header: Sequence[str], width: int) -> list[str]:
    """A name of its own for each of at least `width` columns."""
    names: list[str] = []
    taken, counts = set(header), Counter[str]()
    for number in range(1, max(len(header), width) + 1):
        first = (header[number - 1] if number <= len(header) else "") or f"column_{number}"
        counts[first] += 1
        name = first
        while counts[first] > 1 and name in taken:
            name = f"{first}_{counts[first]}"
            counts[first] += name in taken
        taken.add(name)
        names.append(name)
    return names


@node(
    "WriteCSVNode",
    takes=(
        FILE_PATH,
        listing("data", "rows"),
        anything("headers", "columns"),
        text("delimiter", default=","),
        flag("write_header", default=True),
        flag("safe_for_spreadsheets", default=True),
        flag("append"),
        ENCODING,
        ERRORS,
        CREATE_DIRS,
        SANDBOXED,
    ),
    gives=("file_path", "attachment_file", "row_count", "success"),
    needs=("file_path",),
)
def write_csv(run: NodeRun) -> Mapping[str, Any]:
    """Writes rows, maps or lists, to a CSV file.

    With `safe_for_spreadsheets`, which is the default, text that a spreadsheet would run as a formula (it begins with
    =, +, -, @, a tab or a line break, and is no number) is written with an apostrophe before it.
    """
    path, rows = path_of(run), run.items("data")
    check_folder(run, path)
    content = csv_text(run, rows, run.value("headers"), write_header=run.flag("write_header"))
    run.run.sandbox.write_bytes(path, encoded(run, content), append=run.flag("append"))
    return {"file_path": path, "attachment_file": [path], "row_count": len(rows), "success": True}


class _Lines(list[str]):
    """Rows that end in a line feed. The writer knows of both line ends, so that it quotes cells that hold one."""

    def write(self, row: str) -> None:
        self.append(row.removesuffix("\r\n") + "\n")


def csv_text(run: NodeRun, rows: Sequence[Any], headers: Any, *, write_header: bool) -> str:
    """CSV of maps or lists; the columns of maps are `headers`, else every key in the order of first appearance."""
    headers = parsed(headers)
    names = headers.split(",") if isinstance(headers, str) else headers or ()
    columns = [as_text(name).strip() if isinstance(headers, str) else as_text(name) for name in names]
    if not columns:
        columns = list(dict.fromkeys(key for row in rows if isinstance(row, Mapping) for key in row))
    cell = neutralised if run.flag("safe_for_spreadsheets") else as_text
    lines = _Lines()
    writer = csv.writer(lines, delimiter=character_of(run, "delimiter"), lineterminator="\r\n")
    if write_header and columns:
        writer.writerow([cell(column) for column in columns])
    for row in rows:
        if isinstance(row, Mapping):
            writer.writerow([cell(row.get(column)) for column in columns])
        else:
            writer.writerow([cell(value) for value in (row if isinstance(row, list | tuple) else [row])])
    return "".join(lines)


def neutralised(value: Any) -> str:
    """The value as a cell's text that no spreadsheet takes for a formula; numbers stay what they are."""
    written = as_text(value)
    if isinstance(value, int | float) or not written.startswith(_FORMULA_SIGNS) or _NUMBER.fullmatch(written):
        return written
    return f"'{written}"
