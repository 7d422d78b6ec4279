"""Schedules: make, look, switch, trigger, delete."""

from tests.faces.documents.example import Example
from tests.faces.documents.workflows import SUBMITTED

SCHEDULE = {
    "schedule_id": "770e8400-e29b-41d4-a716-446655440002",
    "workflow_id": "550e8400-e29b-41d4-a716-446655440000",
    "schedule_name": "Daily Report",
    "cron_expression": "0 9 * * 1-5",
    "enabled": True,
    "priority": 10,
    "execution_mode": "lan",
    "next_run": "2025-12-02T09:00:00Z",
    "last_run": None,
    "run_count": 0,
    "failure_count": 0,
    "created_at": "2025-12-01T10:30:00Z",
    "updated_at": "2025-12-01T10:30:00Z",
}

DELETED = {"status": "success", "message": "Schedule deleted: 770e8400-e29b-41d4-a716-446655440002"}

SCHEDULES: list[Example] = [
    Example(
        "000",
        "POST /schedules",
        "user",
        SCHEDULE,
        body={
            "workflow_id": "{workflow_id}",
            "schedule_name": "Daily Report",
            "cron_expression": "0 9 * * 1-5",
            "enabled": True,
            "priority": 10,
            "execution_mode": "lan",
            "metadata": {},
        },
        given="submitted workflow",
    ),
    Example(
        "000",
        "POST /schedules",
        "user",
        SCHEDULE,
        body={"workflow_id": "{workflow_id}", "schedule_name": "Hourly Sync", "cron_expression": "0 * * * *"},
        given="submitted workflow",
    ),
    Example(
        "002",
        "POST /schedules",
        "user",
        SCHEDULE,
        body={
            "workflow_id": "{workflow_id}",
            "schedule_name": "Daily Invoice Processing",
            "cron_expression": "0 9 * * 1-5",
            "enabled": True,
            "priority": 10,
            "execution_mode": "lan",
            "metadata": {"workflow_name": "Invoice Processing"},
        },
        given="submitted workflow",
    ),
    *(
        Example(
            "002",
            "POST /schedules",
            "user",
            SCHEDULE,
            body={"workflow_id": "{workflow_id}", "schedule_name": "Example", "cron_expression": expression},
            given="submitted workflow",
        )
        for expression in ("0 9 * * *", "0 9 * * 1-5", "0 */2 * * *", "0 0 1 * *", "*/15 * * * *")
    ),
    Example("000", "GET /schedules", "user", [SCHEDULE], given="schedule"),
    Example(
        "000",
        "GET /schedules",
        "user",
        [SCHEDULE],
        query={"workflow_id": "{workflow_id}", "enabled": "true", "limit": "1000"},
        given="schedule",
    ),
    Example("002", "GET /schedules", "user", [], query={"enabled": "false", "limit": "100"}, given="schedule"),
    Example(
        "002",
        "GET /schedules",
        "user",
        [SCHEDULE],
        query={"workflow_id": "{workflow_id}", "enabled": "true", "limit": "100"},
        given="schedule",
    ),
    *(
        Example(document, request, "user", answer, given="schedule")
        for document in ("000", "002")
        for request, answer in (
            ("GET /schedules/{schedule_id}", SCHEDULE),
            ("PUT /schedules/{schedule_id}/enable", SCHEDULE),
            ("PUT /schedules/{schedule_id}/disable", {**SCHEDULE, "enabled": False, "next_run": None}),
            ("DELETE /schedules/{schedule_id}", DELETED),
        )
    ),
    Example(
        "000",
        "PUT /schedules/{schedule_id}/trigger",
        "user",
        {
            "status": "success",
            "message": "Schedule triggered: 770e8400-e29b-41d4-a716-446655440002",
            "job_id": "880e8400-e29b-41d4-a716-446655440003",
        },
        given="schedule",
    ),
    Example(
        "002",
        "PUT /schedules/{schedule_id}/trigger",
        "user",
        {
            "status": "success",
            "message": "Schedule triggered: 770e8400-e29b-41d4-a716-446655440002",
            "job_id": "manual_770e8400_abc12345",
            "triggered_via": "direct",
        },
        given="schedule",
    ),
    Example(
        "002",
        "GET /schedules/upcoming",
        "user",
        [
            {
                "schedule_id": "770e8400-e29b-41d4-a716-446655440002",
                "schedule_name": "Daily Invoice Processing",
                "workflow_id": "550e8400-e29b-41d4-a716-446655440000",
                "workflow_name": "Invoice Processing",
                "next_run": "2025-01-16T09:00:00Z",
                "type": "cron",
                "status": "active",
            }
        ],
        query={"limit": "20", "workflow_id": "{workflow_id}"},
        given="schedule",
    ),
    Example(
        "002",
        "POST /workflows",
        "user",
        {**SUBMITTED, "job_id": None, "schedule_id": "770e8400-e29b-41d4-a716-446655440002"},
        body={
            "workflow_name": "My Automation Workflow",
            "workflow_json": {"nodes": {}, "connections": [], "metadata": {}},
            "trigger_type": "scheduled",
            "execution_mode": "internet",
            "schedule_cron": "0 9 * * 1-5",
            "priority": 10,
            "metadata": {"description": "Optional workflow description"},
        },
        differs="message",  # nothing is queued yet: "… and scheduled for internet execution"
    ),
]
