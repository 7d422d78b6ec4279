"""Rows as files, written while the rows are read, so that memory does not grow with them."""

import csv
import io
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from fastapi import Response
from fastapi.responses import StreamingResponse

Row = Mapping[str, Any]
ExportFormat = Literal["jsonl", "csv"]
CHUNK_CHARACTERS = 32 * 1024
# Spreadsheets take a cell that begins so for a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

# What OpenAPI says of such a file.
LINES_OR_CSV: dict[str, Any] = {
    "content": {
        "application/x-ndjson": {"schema": {"type": "string"}},
        "text/csv": {"schema": {"type": "string"}},
    },
    "description": "The file.",
}


def export_of(name: str, form: ExportFormat, columns: Sequence[str], rows: AsyncIterator[Row]) -> Response:
    """A file of these rows: a JSON object a line, or CSV under the names of the columns, objects in it as JSON."""
    if form == "csv":
        content, kind = csv_of({column: column for column in columns}, rows), "text/csv; charset=utf-8"
    else:
        content, kind = lines_of(rows), "application/x-ndjson"
    return StreamingResponse(content, headers=headers_of(name, form), media_type=kind)


async def lines_of(rows: AsyncIterator[Row]) -> AsyncIterator[str]:
    """JSON lines in pieces."""
    piece = ""
    async for row in rows:
        piece += json.dumps(row, ensure_ascii=False) + "\n"
        if len(piece) > CHUNK_CHARACTERS:
            yield piece
            piece = ""
    yield piece


async def csv_of(columns: Mapping[str, str], rows: AsyncIterator[Row]) -> AsyncIterator[str]:
    """CSV in pieces, its first line the titles."""
    piece = line_of(list(columns.values()))
    async for row in rows:
        piece += line_of([row[column] for column in columns])
        if len(piece) > CHUNK_CHARACTERS:
            yield piece
            piece = ""
    yield piece


def line_of(cells: Sequence[Any]) -> str:
    """A line of CSV."""
    text = io.StringIO()
    csv.writer(text).writerow([_harmless(cell) for cell in cells])
    return text.getvalue()


def iso(moment: datetime | None) -> str | None:
    """A moment in UTC with `Z`."""
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def headers_of(name: str, ending: str) -> dict[str, str]:
    """What makes a browser keep an answer as a file."""
    stamp = datetime.now(UTC).strftime("%Y%m%d_%H%M%S")
    return {"Content-Disposition": f'attachment; filename="{name}_{stamp}.{ending}"'}


def _harmless(cell: Any) -> Any:
    """A text that begins like a formula gets an apostrophe, with which a spreadsheet shows it as it is."""
    if isinstance(cell, dict | list):
        return json.dumps(cell, ensure_ascii=False)
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
