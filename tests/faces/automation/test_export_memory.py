"""An export of 50,000 executions in a process whose memory does not grow with them."""

from pathlib import Path
from typing import Any

import pytest
from tests.databases import Database
from tests.faces.automation.rows.figures import completed_execution
from tests.faces.stage import Stage

from casare_cloud.config import Settings
from casare_cloud.faces.automation.app import Automation, create_app

ROWS = 50_000
COLUMNS = """
    select string_agg(
        case a.attname when 'job_id' then %s else quote_ident(a.attname) end, ', ' order by a.attnum
    ) as list
    from pg_attribute as a
    where a.attrelid = 'public.jobs'::regclass and a.attnum > 0 and not a.attisdropped
"""
NEW_ID = "overlay(job_id::text placing lpad(to_hex(n), 12, '0') from 25)::uuid"


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


async def export(app: Automation, headers: dict[str, str], form: str, limit: int) -> tuple[int, int]:
    """(lines or rows of the answer, how much the process grew at most); the answer itself is thrown away."""
    before, grown, seen = resident_bytes(), 0, 0
    mark = b"\r\n" if form == "csv" else b'"workflow_id"'

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        nonlocal grown, seen
        if message["type"] == "http.response.start":
            assert message["status"] == 200
        seen += message.get("body", b"").count(mark)
        grown = max(grown, resident_bytes() - before)

    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http", "method": "GET", "path": "/api/v1/export/executions", "headers": raw, "http_version": "1.1",
        "query_string": f"format={form}&limit={limit}".encode(), "client": ("192.0.2.1", 1), "scheme": "http",
        "server": ("a", 80), "root_path": "", "asgi": {"version": "3.0", "spec_version": "2.4"},
    }  # fmt: skip
    await app(scope, receive, send)  # type: ignore[arg-type]
    return seen, grown


@pytest.mark.long
async def test_exporting_50000_executions_takes_less_than_30_mb(
    stage: Stage, settings: Settings, shared_database: Database
) -> None:
    completed_execution(stage)
    with shared_database.connect("supabase_admin") as owner:
        columns = owner.execute(COLUMNS, [NEW_ID]).fetchone()
        assert columns is not None
        owner.execute(
            f"insert into public.jobs select {columns['list']} from public.jobs cross join generate_series(1, %s) as n "
            "where tenant_id = %s",
            [ROWS - 1, stage.tenant.tenant_id],
        )
    app = create_app(settings)
    headers = dict(stage.admin.headers)
    await export(app, headers, "csv", 2000)
    for form, rows, lines in (("csv", ROWS, ROWS + 1), ("json", 10_000, 10_000)):
        seen, grown = await export(app, headers, form, rows)
        assert seen == lines
        assert grown < 30 * 2**20, f"{form} grew by {grown / 2**20:.1f} MB"
    await app.close()
