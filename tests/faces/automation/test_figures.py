"""Audit log, timeline, figures and exports of the automation face."""

import csv
import io
import json
from typing import Any

import pytest
from tests.databases import as_caller
from tests.faces.automation.rows.figures import completed_execution, failed_execution
from tests.faces.stage import Stage, refused
from tests.factories import make_job, make_member, make_robot, make_workflow


async def test_the_audit_log_speaks_the_words_of_the_face_and_filters(stage: Stage) -> None:
    workflow = make_workflow(stage.database, stage.tenant, "Invoices")
    found = (await stage.admin.get("/audit-logs", resource_type="workflow", action="create")).json()
    assert {row["resource_type"] for row in found["audit_logs"]} == {"workflow"}
    assert found["audit_logs"][0]["user_email"] == stage.tenant.admin.email
    for params, count in (
        ({"search": "workfl"}, 2),
        ({"search": str(workflow.workflow_id)[:20].upper()}, 2),
        ({"resource_id": str(workflow.workflow_id)}, 2),
        ({"resource_type": "workflow", "user_id": "00000000-0000-7000-8000-00000000dead"}, 0),
        ({"resource_type": "unknown"}, 0),
        ({"date_from": "2099-01-01"}, 0),
        ({"date_to": "2001-01-01"}, 0),
    ):
        answer = (await stage.admin.get("/audit-logs", **params)).json()
        assert (answer["total"], len(answer["audit_logs"])) == (count, count), params
    behind = (await stage.admin.get("/audit-logs", page=9, resource_type="workflow")).json()
    assert (behind["audit_logs"], behind["total"], behind["looked_back_to"]) == ([], 2, None)


@pytest.mark.parametrize(
    ("path", "params", "word"),
    [
        ("/audit-logs", {"page": 0}, "page (query)"),
        ("/audit-logs", {"per_page": 201}, "per_page (query)"),
        ("/audit-logs", {"date_from": "2026-02-01", "date_to": "2026-01-01"}, "date_from (query)"),
        ("/audit-logs", {"date_from": "yesterday"}, "date_from (query)"),
        ("/export/executions", {"date_to": "2026-99-99"}, "date_to (query)"),
        ("/export/executions", {"status": "unknown"}, "status (query)"),
        ("/export/executions", {"limit": 50001}, "limit (query)"),
        ("/export/executions", {"format": "xlsx"}, "format (query)"),
        ("/export/analytics", {"period_days": 366}, "period_days (query)"),
        ("/activity", {"days": 91}, "days (query)"),
        ("/activity", {"limit": 201}, "limit (query)"),
        ("/analytics/overview", {"days": 0}, "days (query)"),
        ("/analytics/executions/timeline", {"interval": "month"}, "interval (query)"),
    ],
)
async def test_a_query_that_breaks_a_rule_names_the_parameter(
    stage: Stage, path: str, params: dict[str, Any], word: str
) -> None:
    answer = await stage.admin.get(path, **params)
    assert refused(answer, 422, "INVALID_ARGUMENT", word)
    assert answer.json()["errors"], "and lists it"


async def test_a_rare_word_in_the_audit_log_is_found_behind_what_an_answer_looked_at(stage: Stage) -> None:
    await stage.admin.post("/workflows", {"name": "Rare"})
    stage.scalar(
        "with made as (insert into public.audit_log (tenant_id, principal, action, resource_type, resource_id)"
        " select %s, 'system', 'update', 'robots', 'r' from generate_series(1, 10000) returning 1)"
        " select count(*) from made",
        stage.tenant.tenant_id,
    )
    wanted = {"resource_type": "workflow", "action": "create"}
    first = (await stage.admin.get("/audit-logs", **wanted)).json()
    assert (first["audit_logs"], first["total"]) == ([], 0)
    second = (await stage.admin.get("/audit-logs", **wanted, date_to=first["looked_back_to"])).json()
    assert second["total"] > 0
    assert second["looked_back_to"] is None


async def test_each_sees_their_own_organization_and_a_viewer_no_audit_log(stage: Stage, elsewhere: Stage) -> None:
    completed_execution(stage)
    for path in ("/audit-logs", "/export/executions", "/export/audit-logs", "/activity", "/export/analytics"):
        mine, theirs = await stage.admin.get(path), await elsewhere.admin.get(path)
        assert "Invoices" in mine.text or path.endswith("audit-logs")
        assert "Invoices" not in theirs.text
    viewer = stage.member("viewer")
    for path in ("/audit-logs", "/audit-logs/stats", "/export/audit-logs"):
        assert refused(await viewer.get(path), 403, "FORBIDDEN", "audit.read")
    assert (await viewer.get("/dashboard/stats")).status_code == 200
    assert (await viewer.get("/export/executions")).status_code == 200


async def test_the_timeline_tells_what_executions_agents_and_people_did(stage: Stage) -> None:
    completed_execution(stage)
    with stage.database.connect() as owner:
        owner.execute("update public.robots set name = 'Office 7' where tenant_id = %s", [stage.tenant.tenant_id])
    make_member(stage.database, stage.tenant)
    answer = (await stage.admin.get("/activity")).json()
    actions = {item["action"]: item for item in answer["activities"]}
    assert {"execution.started", "execution.completed", "agent.registered", "workflow.created"} <= set(actions)
    assert {"user.register", "agent.connected"} <= set(actions)
    done = actions["execution.completed"]
    assert (done["icon"], done["color"], done["resource_type"]) == ("CheckCircle2", "emerald", "execution")
    assert done["actor_name"] == "Office 7"
    assert sum(len(items) for items in answer["grouped"].values()) == answer["total"] == len(answer["activities"])
    only = (await stage.admin.get("/activity", action_type="execution.completed")).json()["activities"]
    assert [item["action"] for item in only] == ["execution.completed"]
    assert (await stage.admin.get("/activity", action_type="made.up")).json()["activities"] == []
    mine = (await stage.admin.get("/activity", actor_id=str(stage.tenant.admin.user_id))).json()["activities"]
    assert "workflow.created" in {item["action"] for item in mine}
    counts = (await stage.admin.get("/activity/summary")).json()
    assert {"action": "execution.completed", "count": 1} in counts["summary"]
    assert counts["total"] == sum(item["count"] for item in counts["summary"])
    viewed = (await stage.member("viewer").get("/activity")).json()["activities"]
    assert {item["resource_type"] for item in viewed} == {"execution", "agent"}, "changes need audit.read"
    assert "workflow.updated" not in actions, "an execution is no change of the workflow"


async def test_figures_have_the_rates_of_their_pages(stage: Stage) -> None:
    empty = (await stage.admin.get("/dashboard/stats")).json()
    assert (empty["success_rate"], empty["total_executions"]) == (100.0, 0)
    assert (await stage.admin.get("/analytics/overview")).json()["success_rate"] == 0.0
    completed_execution(stage)
    failed_execution(stage, "broken")
    make_job(stage.database, make_workflow(stage.database, stage.tenant))
    stats = (await stage.admin.get("/dashboard/stats")).json()
    assert (stats["total_executions"], stats["completed_executions"], stats["failed_executions"]) == (3, 1, 1)
    assert (stats["pending_executions"], stats["success_rate"], stats["total_workflows"]) == (1, 50.0, 3)
    assert (stats["agents_total"], stats["agents_online"]) == (2, 2)
    overview = (await stage.admin.get("/analytics/overview")).json()
    assert (overview["total_executions"], overview["success_rate"]) == (2, 50.0)
    for interval, most in (("hour", 170), ("day", 8), ("week", 2)):
        timeline = (await stage.admin.get("/analytics/executions/timeline", interval=interval)).json()["timeline"]
        assert sum(point["count"] for point in timeline) == 2
        assert len(timeline) <= most
    found = (await stage.admin.get("/analytics/workflows/performance")).json()["workflows"]
    assert sorted(item["success_rate"] for item in found) == [0.0, 100.0]
    table = (await stage.admin.get("/analytics/export/summary", days=30)).json()
    assert table["columns"][0] == "date"
    assert sum(row["total"] for row in table["rows"]) == 2
    rows = (await stage.admin.get("/analytics/export/executions")).json()
    assert (rows["total"], len(rows["rows"]), rows["period_days"]) == (3, 3, 30)
    assert set(rows["columns"]) == set(rows["rows"][0])


async def test_an_export_is_a_named_file_whose_cells_are_no_formulas(stage: Stage) -> None:
    completed_execution(stage, "=HYPERLINK(1)")
    failed_execution(stage, "-1, broken")
    answer = await stage.admin.get("/export/executions")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="executions_20')
    assert answer.headers["cache-control"] == "no-store"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert list(rows[0]) == [
        "ID", "Workflow ID", "Workflow Name", "Status", "Started At", "Completed At", "Error", "Created At",
    ]  # fmt: skip
    assert {row["Workflow Name"] for row in rows} >= {"'=HYPERLINK(1)"}
    assert {row["Error"] for row in rows} == {"", "'-1, broken"}
    plain = json.loads((await stage.admin.get("/export/executions", format="json")).text)
    assert "=HYPERLINK(1)" in {row["workflow_name"] for row in plain["executions"]}, "JSON has no formulas"
    assert plain["total"] == 2


async def test_an_export_is_filtered_by_the_words_of_the_face(stage: Stage) -> None:
    done, broken = completed_execution(stage), failed_execution(stage, "broken")
    waiting = str(make_job(stage.database, make_workflow(stage.database, stage.tenant)))
    for status, wanted in (("success", done), ("completed", done), ("failed", broken), ("pending", waiting)):
        rows = (await stage.admin.get("/export/executions", format="json", status=status)).json()["executions"]
        assert [row["id"] for row in rows] == [wanted], status
    with stage.database.connect() as owner, as_caller(owner, make_robot(stage.database, stage.tenant).claims):
        owner.execute("select from public.claim_jobs()")
    rows = (await stage.admin.get("/export/executions", format="json", status="running")).json()["executions"]
    assert [row["id"] for row in rows] == [waiting]
    for status in ("pending", "paused", "cancelled"):
        rows = (await stage.admin.get("/export/executions", format="json", status=status)).json()["executions"]
        assert rows == [], status
    limited = (await stage.admin.get("/export/executions", format="json", limit=2)).json()
    assert limited["total"] == 2
    none = (await stage.admin.get("/export/executions", format="json", date_to="2020-01-01")).json()
    assert none == {"executions": [], "total": 0}


async def test_an_export_of_the_audit_log_pages_through_all_of_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casare_cloud.domain.audit.service._BATCH", 3)
    for number in range(7):
        make_workflow(stage.database, stage.tenant, f"w{number}")
    exported = (await stage.admin.get("/export/audit-logs", format="json")).json()
    listed = (await stage.admin.get("/audit-logs", per_page=200)).json()
    assert [row["id"] for row in exported["audit_logs"]] == [row["id"] for row in listed["audit_logs"]]
    assert exported["total"] == listed["total"] > 9
