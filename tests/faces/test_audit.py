"""Who changed what, over HTTP: filters, pages that neither miss nor repeat, and files."""

import csv
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.faces.stage import Stage, refused
from tests.factories import make_member

from casare_cloud.database import Transaction
from casare_cloud.faces.kit.routing import Call
from casare_cloud.faces.orchestrator.audit.shapes import EntryAnswer


async def _limits(stage: Stage, count: int) -> None:
    for number in range(1, count + 1):
        await stage.admin.put("/limits", {"scope": "tenant", "max_running": number})


async def test_changes_are_filtered_by_who_what_thing_and_time(stage: Stage) -> None:
    await _limits(stage, 2)
    admin = stage.tenant.admin
    name = stage.scalar("select username from public.profiles where user_id = %s", admin.user_id)
    newest, first = (await stage.admin.get("/audit", resource_type="limits")).json()["entries"]
    assert (newest["action"], newest["actor"], newest["principal"]) == ("update", admin.email, "user")
    assert (newest["old_values"], newest["new_values"]) == ({"max_running": 1}, {"max_running": 2})
    for who in (str(admin.user_id), admin.email.upper(), name):
        found = (await stage.admin.get("/audit", actor=who, resource_type="limits")).json()["entries"]
        assert found == [newest, first]
    assert (await stage.admin.get("/audit", actor="nobody@example.test")).json()["entries"] == []
    by_action = (await stage.admin.get("/audit", resource_type="limits", action="create")).json()["entries"]
    assert by_action == [first]
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    assert (await stage.admin.get("/audit", since=later)).json()["entries"] == []
    assert refused(await stage.admin.get("/audit", since=later, until="2001-01-01T00:00:00Z"), 400, None, "since")


async def test_pages_neither_repeat_nor_miss_while_others_change_things(stage: Stage) -> None:
    await _limits(stage, 5)
    pages, before = [], None
    while True:
        params = {"resource_type": "limits", "limit": 2, **({"before": before} if before else {})}
        page = (await stage.admin.get("/audit", **params)).json()
        pages.append([(entry["new_values"] or {}).get("max_running") for entry in page["entries"]])
        if (before := page["next"]) is None:
            break
        await stage.admin.put("/limits", {"scope": "tenant", "max_running": 90 + len(pages)})
    assert pages == [[5, 4], [3, 2], [1]]


async def test_a_rare_word_is_looked_for_in_a_part_of_the_log_and_the_answer_says_how_far(stage: Stage) -> None:
    await stage.admin.put("/limits", {"scope": "key", "concurrency_key": "rare", "max_running": 1})
    stage.scalar(
        "with made as (insert into public.audit_log (tenant_id, principal, action, resource_type, resource_id)"
        " select %s, 'system', 'update', 'robots', 'r' from generate_series(1, 10000) returning 1)"
        " select count(*) from made",
        stage.tenant.tenant_id,
    )
    first = (await stage.admin.get("/audit", search="rar")).json()
    assert first["entries"] == []
    assert first["looked_back_to"]
    second = (await stage.admin.get("/audit", search="rar", before=first["next"])).json()
    assert [entry["resource_type"] for entry in second["entries"]] == ["limits"]
    assert (second["next"], second["looked_back_to"]) == (None, None)
    assert len((await stage.admin.get("/audit/export", search="rar")).text.splitlines()) == 1


async def test_an_export_is_lines_of_json_or_csv_that_no_spreadsheet_obeys(stage: Stage) -> None:
    body = {"scope": "key", "concurrency_key": "=1+1", "max_running": 1}
    await stage.admin.put("/limits", body)
    lines = await stage.admin.get("/audit/export", resource_type="limits")
    assert lines.headers["content-type"].startswith("application/x-ndjson")
    assert "attachment" in lines.headers["content-disposition"]
    [entry] = [json.loads(line) for line in lines.text.splitlines()]
    assert entry == (await stage.admin.get("/audit", resource_type="limits")).json()["entries"][0]
    table = await stage.admin.get("/audit/export", resource_type="limits", format="csv")
    [row] = list(csv.DictReader(io.StringIO(table.text)))
    assert row["audit_id"] == entry["audit_id"]
    assert json.loads(row["new_values"]) == entry["new_values"]
    assert len((await stage.admin.get("/audit/export", limit=1)).text.splitlines()) == 1


async def test_a_slow_reader_of_an_export_holds_no_connection(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    await _limits(stage, 3)
    monkeypatch.setattr("casare_cloud.domain.audit.service._BATCH", 2)
    held: list[Call] = []
    begin, shown = Call.transaction, EntryAnswer.model_validate

    @asynccontextmanager
    async def transaction(call: Call) -> AsyncIterator[Transaction]:
        async with begin(call) as tx:
            held.append(call)
            yield tx
            held.remove(call)

    def written(entry: Any) -> EntryAnswer:
        assert held == []
        return shown(entry)

    monkeypatch.setattr(Call, "transaction", transaction)
    monkeypatch.setattr(EntryAnswer, "model_validate", written)
    assert len((await stage.admin.get("/audit/export", resource_type="limits")).text.splitlines()) == 3


async def test_only_who_may_reads_it_and_nothing_of_other_tenants(stage: Stage, elsewhere: Stage) -> None:
    member = make_member(stage.database, stage.tenant, "developer")
    for role in ("developer", "operator", "viewer"):
        assert refused(await stage.member(role).get("/audit"), 403, "FORBIDDEN")
        assert refused(await stage.member(role).get("/audit/export"), 403, "FORBIDDEN")
    for answer in (
        await elsewhere.admin.get("/audit", actor=member.email),
        await elsewhere.admin.get("/audit", actor=str(stage.tenant.admin.user_id)),
        await elsewhere.admin.get("/audit", resource_id=str(stage.tenant.tenant_id)),
    ):
        assert answer.json()["entries"] == []
    assert str(stage.tenant.tenant_id) not in (await elsewhere.admin.get("/audit/export")).text
