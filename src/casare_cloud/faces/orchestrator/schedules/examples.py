"""An example of each shape of the schedule endpoints, as OpenAPI shows it."""

from casare_cloud.faces.kit.examples import Example
from casare_cloud.faces.orchestrator.casare.shapes import SCHEDULE_ALIASES
from casare_cloud.faces.orchestrator.examples import JOB_ID, NOW, USER_ID, WORKFLOW_ID

_SCHEDULE_ID = "770e8400-e29b-41d4-a716-446655440002"
CREATE_SCHEDULE: Example = {
    "workflow_id": WORKFLOW_ID,
    "schedule_name": "Daily Report",
    "cron_expression": "0 9 * * 1-5",
    "timezone": "Europe/Berlin",
    "enabled": True,
    "priority": 10,
    "execution_mode": "lan",
    "metadata": {},
    "jitter_seconds": 60,
    "overlap_policy": "skip",
    "max_consecutive_failures": 5,
}
UPDATE_SCHEDULE: Example = {"cron_expression": "0 8 * * MON-FRI", "priority": 5}
SCHEDULE: Example = {
    **SCHEDULE_ALIASES,
    **CREATE_SCHEDULE,
    "schedule_id": _SCHEDULE_ID,
    "workflow_name": "My Workflow",
    "frequency": "cron",
    "run_at": None,
    "interval_seconds": None,
    "starts_at": None,
    "ends_at": None,
    "paused_until": None,
    "calendar_id": None,
    "on_closed_day": "skip",
    "jitter_seconds": 60,
    "misfire_policy": "once",
    "misfire_cap": 10,
    "overlap_policy": "skip",
    "max_consecutive_failures": 5,
    "environment": "*",
    "required_capabilities": [],
    "required_tags": [],
    "robot_id": None,
    "pool_id": None,
    "dedupe_key": None,
    "input": {},
    "next_run": "2025-12-02T08:00:17Z",
    "last_run": None,
    "run_count": 0,
    "failure_count": 0,
    "consecutive_failures": 0,
    "auto_disabled_at": None,
    "created_by": USER_ID,
    "created_at": NOW,
    "updated_at": NOW,
}
SCHEDULES: Example = {"schedules": [SCHEDULE], "total": 1}
UPCOMING: Example = {
    "schedule_id": _SCHEDULE_ID,
    "schedule_name": "Daily Report",
    "workflow_id": WORKFLOW_ID,
    "workflow_name": "My Workflow",
    "next_run": "2025-12-02T08:00:00Z",
    "type": "cron",
    "status": "active",
}
MISSED: Example = {
    "schedule_id": _SCHEDULE_ID,
    "schedule_name": "Daily Report",
    "workflow_id": WORKFLOW_ID,
    "fire_time": "2025-12-01T08:00:00Z",
    "missed_until": "2025-12-02T08:00:00Z",
    "reason": "Nobody fired it in time",
}
MISSED_FIRES: Example = {"missed": [MISSED]}
EXPLAINED: Example = {
    "schedule_id": _SCHEDULE_ID,
    "at": "2025-12-25T08:00:00Z",
    "due": "2025-12-25T08:00:00Z",
    "verdict": "skipped_holiday",
    "reason": "Thursday, 25 December 2025 is Christmas Day.",
    "job_id": None,
    "fired_at": "2025-12-25T08:00:00.412Z",
    "next_due": "2025-12-26T08:00:00Z",
}
SCHEDULE_TRIGGERED: Example = {
    "status": "success",
    "message": f"Schedule triggered: {_SCHEDULE_ID}",
    "job_id": JOB_ID,
    "triggered_via": "direct",
}
SCHEDULE_DELETED: Example = {"status": "success", "message": f"Schedule deleted: {_SCHEDULE_ID}"}
FIRE: Example = {
    "fire_time": "2025-12-01T08:00:00Z",
    "fired_at": "2025-12-01T08:00:00.412Z",
    "manual": False,
    "outcome": "enqueued",
    "reason": None,
    "missed_until": None,
    "job_id": JOB_ID,
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
