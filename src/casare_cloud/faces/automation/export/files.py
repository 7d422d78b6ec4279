"""Executions and other rows as files: CSV and JSON, written while the rows are read."""

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from fastapi import Response
from fastapi.responses import StreamingResponse

from casare_cloud.database import Transaction
from casare_cloud.domain.jobs import service as jobs
from casare_cloud.domain.jobs.model import Filter, Job
from casare_cloud.domain.permissions import require
from casare_cloud.faces.automation.executions.words import error_of, word_of
from casare_cloud.faces.kit.files import CHUNK_CHARACTERS, Row, csv_of, headers_of, iso, line_of
from casare_cloud.faces.kit.routing import CurrentCall

Format = Literal["csv", "json"]
MOST_ROWS = 50_000

# What OpenAPI says of a file.
FILE: dict[str, Any] = {
    "content": {
        "text/csv": {"schema": {"type": "string"}},
        "application/json": {"schema": {"type": "object"}},
    },
    "description": "The file.",
}

EXECUTION_COLUMNS = {
    "id": "ID",
    "workflow_id": "Workflow ID",
    "workflow_name": "Workflow Name",
    "status": "Status",
    "started_at": "Started At",
    "completed_at": "Completed At",
    "error_message": "Error",
    "created_at": "Created At",
}


def execution_row(job: Job) -> Row:
    """An execution as exports have it."""
    return {
        "id": str(job.job_id),
        "workflow_id": str(job.workflow_id),
        "workflow_name": job.workflow_name,
        "status": word_of(job.status),
        "started_at": iso(job.started_at),
        "completed_at": iso(job.finished_at),
        "error_message": error_of(job),
        "created_at": iso(job.created_at),
    }


async def executions(call: CurrentCall, wanted: Filter, limit: int) -> AsyncIterator[Row]:
    """The newest executions, a batch at a time."""
    async for job in jobs.read_all(call.transaction, wanted):
        if limit <= 0:
            return
        limit -= 1
        yield execution_row(job)


async def executions_since(call: CurrentCall, tx: Transaction, days: int, form: Format) -> Response:
    """The executions of the last days as a report: `columns`, `rows`, `total`, `period_days`; or as CSV."""
    await require(tx, "jobs.read")
    wanted = Filter(created_after=datetime.now(UTC) - timedelta(days=days))

    facts = {"columns": list(EXECUTION_COLUMNS), "period_days": days}
    return file_of("executions", form, EXECUTION_COLUMNS, executions(call, wanted, MOST_ROWS), "rows", facts)


def file_of(
    name: str, form: Format, columns: Mapping[str, str], rows: AsyncIterator[Row], key: str, facts: Row | None = None
) -> StreamingResponse:
    """A file of these rows: CSV with the columns' titles, or JSON with the rows under a key, their number and facts."""
    content = csv_of(columns, rows) if form == "csv" else json_of(key, rows, facts or {})
    return StreamingResponse(content, headers=headers_of(name, form), media_type=_media_type(form))


def attachment(name: str, form: Format, columns: Sequence[str], rows: Iterable[Row]) -> Response:
    """A small CSV file of rows that are there already."""
    text = "".join(line_of(columns)) + "".join(line_of([row[column] for column in columns]) for row in rows)
    return Response(text, headers=headers_of(name, form), media_type=_media_type(form))


async def json_of(key: str, rows: AsyncIterator[Row], facts: Row) -> AsyncIterator[str]:
    """A JSON object in pieces: facts, the rows under a key, and `total`, how many rows there are."""
    piece = json.dumps({**facts, key: []})[:-2]
    count = 0
    async for row in rows:
        piece += ("," if count else "") + json.dumps(row, ensure_ascii=False)
        count += 1
        if len(piece) > CHUNK_CHARACTERS:
            yield piece
            piece = ""
    yield f'{piece}], "total": {count}}}'


def _media_type(form: Format) -> str:
    return "text/csv; charset=utf-8" if form == "csv" else "application/json"
