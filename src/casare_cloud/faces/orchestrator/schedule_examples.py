"""An example of each shape of the schedule endpoints, as OpenAPI shows it."""

from casare_cloud.faces.orchestrator.examples import Example

_WORKFLOW_ID = "550e8400-e29b-41d4-a716-446655440000"
_JOB_ID = "660e8400-e29b-41d4-a716-446655440001"
_USER_ID = "880e8400-e29b-41d4-a716-446655440003"
_NOW = "2025-12-01T10:30:00Z"
_SCHEDULE_ID = "770e8400-e29b-41d4-a716-446655440002"
CREATE_SCHEDULE: Example = {
    "workflow_id": _WORKFLOW_ID,
    "schedule_name": "Daily Report",
    "cron_expression": "0 9 * * 1-5",
    "timezone": "Europe/Berlin",
    "enabled": True,
    "priority": 10,
    "execution_mode": "lan",
    "metadata": {},
}
UPDATE_SCHEDULE: Example = {"cron_expression": "0 8 * * MON-FRI", "priority": 5}
SCHEDULE: Example = {
    **CREATE_SCHEDULE,
    "schedule_id": _SCHEDULE_ID,
    "workflow_name": "My Workflow",
    "environment": "*",
    "input": {},
    "next_run": "2025-12-02T08:00:00Z",
    "last_run": None,
    "run_count": 0,
    "failure_count": 0,
    "created_by": _USER_ID,
    "created_at": _NOW,
    "updated_at": _NOW,
}
UPCOMING: Example = {
    "schedule_id": _SCHEDULE_ID,
    "schedule_name": "Daily Report",
    "workflow_id": _WORKFLOW_ID,
    "workflow_name": "My Workflow",
    "next_run": "2025-12-02T08:00:00Z",
    "type": "cron",
    "status": "active",
}
SCHEDULE_TRIGGERED: Example = {
    "status": "success",
    "message": f"Schedule triggered: {_SCHEDULE_ID}",
    "job_id": _JOB_ID,
    "triggered_via": "direct",
}
SCHEDULE_DELETED: Example = {"status": "success", "message": f"Schedule deleted: {_SCHEDULE_ID}"}
FIRE: Example = {
    "fire_time": "2025-12-01T08:00:00Z",
    "fired_at": "2025-12-01T08:00:00.412Z",
    "manual": False,
    "outcome": "enqueued",
    "reason": None,
    "job_id": _JOB_ID,
}
FIRES: Example = {"fires": [FIRE], "total": 1, "limit": 100, "offset": 0}
SIMULATE: Example = {
    "cron_expression": "30 2 * * *",
    "timezone": "Europe/Berlin",
    "count": 2,
    "after": "2026-03-28T12:00:00Z",
}
RUN: Example = {
    "time": "2026-03-29T01:00:00Z",
    "verdict": "moved",
    "reason": "The clocks of Europe/Berlin go forward and skip this time; "
    "it runs at the next minute that exists, 03:00.",
}
SIMULATED: Example = {"runs": [RUN, {"time": "2026-03-30T00:30:00Z", "verdict": "run", "reason": None}]}
