"""The audit log, the timeline, figures, and whole lists as files."""

import json

import httpx2
from tests.databases import as_caller
from tests.faces.automation.document import entry, within
from tests.faces.stage import Stage
from tests.factories import make_job, make_robot, make_workflow

ACT = "id action resource_type resource_id actor_id actor_name description icon color timestamp metadata"
CHANGE = "id user_id user_email resource_type resource_id action old_values new_values ip_address created_at"
EXECUTION = "id workflow_id workflow_name status started_at completed_at error_message created_at"


def completed_execution(stage: Stage, name: str = "Invoices") -> str:
    """The id of an execution that an agent has completed."""
    workflow = make_workflow(stage.database, stage.tenant, name)
    return _worked(stage, str(make_job(stage.database, workflow)), "complete_job(%s, %s, '{}')")


def failed_execution(stage: Stage, message: str) -> str:
    """The id of an execution that has failed for good."""
    workflow = make_workflow(stage.database, stage.tenant)
    call = f"fail_job(%s, %s, '{message}', p_retryable => false)"
    return _worked(stage, str(make_job(stage.database, workflow)), call)


def _worked(stage: Stage, job_id: str, call: str) -> str:
    robot = make_robot(stage.database, stage.tenant)
    with stage.database.connect() as owner, as_caller(owner, robot.claims):
        row = owner.execute("select job_id, lease_token from public.claim_jobs()").fetchone()
        assert row is not None
        owner.execute("select public.start_job(%s, %s)", [row["job_id"], row["lease_token"]])
        owner.execute(f"select public.{call}", [row["job_id"], row["lease_token"]])
    assert str(row["job_id"]) == job_id
    return job_id


@entry("GET /audit-logs", f"total page per_page {within('audit_logs[]', CHANGE)}")
async def changes(stage: Stage) -> httpx2.Response:
    return await stage.admin.get("/audit-logs")


@entry("GET /audit-logs/stats", "total by_action.create by_resource_type.organization")
async def audit_stats(stage: Stage) -> httpx2.Response:
    return await stage.admin.get("/audit-logs/stats")


@entry("GET /audit-logs/resource-types", "resource_types[]")
async def audit_types(stage: Stage) -> httpx2.Response:
    return await stage.admin.get("/audit-logs/resource-types")


@entry("GET /audit-logs/actions", "actions[]")
async def audit_actions(stage: Stage) -> httpx2.Response:
    return await stage.admin.get("/audit-logs/actions")


@entry("GET /activity", f"grouped total period_days {within('activities[]', ACT)}")
async def activity(stage: Stage) -> httpx2.Response:
    completed_execution(stage)
    return await stage.admin.get("/activity")


@entry("GET /activity/summary", "summary[].action summary[].count period_days total")
async def activity_summary(stage: Stage) -> httpx2.Response:
    return await stage.admin.get("/activity/summary")


@entry(
    "GET /dashboard/stats",
    "total_workflows active_workflows total_executions running_executions completed_executions failed_executions "
    "pending_executions avg_duration_ms success_rate agents_online agents_total schedules_active",
)
async def dashboard(stage: Stage) -> httpx2.Response:
    return await stage.admin.get("/dashboard/stats")


@entry(
    "GET /analytics/overview",
    "total_executions successful_executions failed_executions average_duration_ms success_rate period_days",
)
async def overview(stage: Stage) -> httpx2.Response:
    return await stage.admin.get("/analytics/overview")


@entry("GET /analytics/executions/timeline", "interval period_days timeline[].timestamp timeline[].count")
async def timeline(stage: Stage) -> httpx2.Response:
    return await stage.admin.get("/analytics/executions/timeline")


FIGURES = (
    "workflow_id workflow_name execution_count success_count failure_count success_rate "
    "average_duration_ms last_execution"
)


@entry("GET /analytics/workflows/performance", f"period_days limit {within('workflows[]', FIGURES)}")
async def performance(stage: Stage) -> httpx2.Response:
    completed_execution(stage)
    return await stage.admin.get("/analytics/workflows/performance")


@entry("GET /export/executions", f"total {within('executions[]', EXECUTION)}")
async def export_executions(stage: Stage) -> httpx2.Response:
    completed_execution(stage)
    return await stage.admin.get("/export/executions", format="json")


@entry(
    "GET /export/audit-logs",
    f"total {within('audit_logs[]', 'id action resource_type resource_id user_id user_email ip_address created_at')}",
)
async def export_audit_logs(stage: Stage) -> httpx2.Response:
    return await stage.admin.get("/export/audit-logs", format="json")


EXPORTED = "workflow_id workflow_name workflow_status total_executions completed failed running success_rate"


@entry("GET /export/analytics", f"total_workflows period_days {within('analytics[]', EXPORTED)}")
async def export_analytics(stage: Stage) -> httpx2.Response:
    completed_execution(stage)
    answer = await stage.admin.get("/export/analytics", format="json")
    assert json.loads(answer.text)["total_workflows"] == 1
    return answer
