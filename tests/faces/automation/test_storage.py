"""The page behind a workflow's card."""

import re
import uuid
from typing import Any

from psycopg.types.json import Jsonb
from tests.databases import as_caller
from tests.faces.automation.test_workbook import sheet_of
from tests.faces.stage import UNKNOWN_ID, Stage, refused
from tests.factories import make_job, make_robot, make_workflow

from casare_cloud.faces.automation.storage.workbook import MEDIA_TYPE


def complete(stage: Stage, workflow: Any, result: Any) -> None:
    make_job(stage.database, workflow)
    with stage.database.connect() as owner, as_caller(owner, make_robot(stage.database, stage.tenant).claims):
        row = owner.execute("select job_id, lease_token from public.claim_jobs()").fetchone()
        assert row is not None
        owner.execute("select public.start_job(%s, %s)", [row["job_id"], row["lease_token"]])
        owner.execute("select public.complete_job(%s, %s, %s)", [row["job_id"], row["lease_token"], Jsonb(result)])


async def test_a_workflow_s_page_has_its_newest_execution_and_the_table_of_its_results(stage: Stage) -> None:
    workflow = make_workflow(stage.database, stage.tenant, "Prices")
    path = f"/storage/workflows/{workflow.workflow_id}"
    empty = (await stage.admin.get(f"{path}/detail/")).json()
    assert (empty["latest_execution"], empty["total_executions"], empty["results_summary"]) == (None, 0, None)
    assert refused(await stage.admin.get(f"{path}/latest-results/download"), 404, "RESULTS_NOT_FOUND")
    rows = [{"price": number, "name": "x"} for number in range(25)]
    complete(stage, workflow, {"steps": {"scrape": {"output": {"items": rows}}}})
    make_job(stage.database, workflow)
    detail = (await stage.admin.get(f"{path}/detail")).json()
    assert (detail["workflow"]["name"], detail["total_executions"]) == ("Prices", 2)
    assert detail["latest_execution"]["status"] == "pending"
    found = detail["results_summary"]
    assert (found["total_items"], found["columns"], len(found["preview"])) == (25, ["name", "price"], 10)
    book = await stage.admin.get(f"{path}/latest-results/download")
    assert (book.status_code, book.headers["content-type"]) == (200, MEDIA_TYPE)
    assert re.fullmatch(r'attachment; filename="results_\d{8}_\d{6}\.xlsx"', book.headers["content-disposition"])
    assert sheet_of(book.content)[:2] == [["name", "price"], ["x", 0.0]]
    assert len(sheet_of(book.content)) == 26


async def test_results_are_the_longest_table_that_steps_put_out_and_never_their_record(stage: Stage) -> None:
    workflow = make_workflow(stage.database, stage.tenant, "Prices")
    steps: list[dict[str, Any]] = [
        {"node_id": "scrape", "status": "completed", "input": {"rows": [{"in": n} for n in range(5)]}, "output": {}},
        {"node_id": "pause", "status": "completed", "input": {}, "output": {"waited_seconds": 1}},
    ]
    path = f"/storage/workflows/{workflow.workflow_id}/detail"
    complete(stage, workflow, {"status": "completed", "node_executions": steps})
    assert (await stage.admin.get(path)).json()["results_summary"] is None
    steps[0]["output"] = {"pages": [{"page": 1}], "items": [{"price": 1}, {"price": 2}]}
    complete(stage, workflow, {"variables": {"shops": [{"shop": "a"}]}, "node_executions": steps})
    found = (await stage.admin.get(path)).json()["results_summary"]
    assert (found["total_items"], found["preview"]) == (2, [{"price": 1}, {"price": 2}])


async def test_a_table_of_more_than_a_million_cells_is_no_workbook_however_few_its_values_are(stage: Stage) -> None:
    workflow = make_workflow(stage.database, stage.tenant, "Prices")
    complete(stage, workflow, {"items": [{f"key {number}": number} for number in range(1001)]})
    path = f"/storage/workflows/{workflow.workflow_id}"
    assert refused(await stage.admin.get(f"{path}/latest-results/download"), 400, "RESULTS_TOO_LARGE")
    assert (await stage.admin.get(f"{path}/detail")).json()["results_summary"]["total_items"] == 1001


async def test_a_page_of_somebody_else_is_unknown(stage: Stage, elsewhere: Stage) -> None:
    workflow = make_workflow(stage.database, stage.tenant)
    for workflow_id in (workflow.workflow_id, uuid.UUID(UNKNOWN_ID)):
        for part in ("detail", "latest-results/download"):
            answer = await elsewhere.admin.get(f"/storage/workflows/{workflow_id}/{part}")
            assert refused(answer, 404, "WORKFLOW_NOT_FOUND")
