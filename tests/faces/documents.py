"""Request and answer examples of documents 000, 002 and 003 for the endpoints of the orchestrator core.

Bodies and answers are the documents' own, as data. What a document writes as a choice ("manual|scheduled|webhook") is
one of the choices here, what it writes as a stand-in ("eyJ…", job ids that are no UUIDs) is a `{name}` that the
test fills in. An answer is a form: the keys must all be there, and each value must be of the same JSON type; where the
document shows null, anything may stand.
"""

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Example:
    """One request of a document. `given` names the state that the test brings about before it."""

    document: Literal["000", "002", "003"]
    request: str  # method and path under the base
    caller: Literal["nobody", "user", "robot", "service"]
    answer: Any
    status: int = 200
    body: Any = None
    given: str = ""
    query: dict[str, str] = field(default_factory=dict)
    form: dict[str, str] = field(default_factory=dict)
    differs: str = ""  # a sentence of the answer that says something truer than the document's
    base: str = "/api/v1"

    def __str__(self) -> str:
        note = f" ({self.given})" if self.given else ""
        return f"{self.document} {self.request}{note}"


TOKENS = {
    "access_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9...",
    "refresh_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9...",
    "token_type": "bearer",
    "expires_in": 3600,
}
ERROR = {"detail": "Error message describing what went wrong"}

AUTH = [
    Example(
        "000",
        "POST /auth/login",
        "nobody",
        TOKENS,
        body={"username": "admin", "password": "secret", "tenant_id": "optional-tenant-id"},
    ),
    Example("000", "POST /auth/login", "nobody", TOKENS, body={"username": "admin", "password": "secret"}),
    Example(
        "002",
        "POST /auth/login",
        "nobody",
        TOKENS,
        body={"username": "admin", "password": "secret", "tenant_id": None},
    ),
    Example("002", "POST /auth/login", "nobody", ERROR, 401, body={"username": "admin", "password": "your-password"}),
    Example("000", "POST /auth/refresh", "nobody", TOKENS, body={"refresh_token": "{refresh_token}"}),
    Example("000", "POST /auth/refresh", "nobody", ERROR, 400, body={"refresh_token": "{access_token}"}),
    Example(
        "002",
        "POST /auth/refresh",
        "nobody",
        ERROR,
        401,
        body={"refresh_token": "{refresh_token}"},
        given="used refresh token",
    ),
    Example("000", "POST /auth/logout", "user", {"message": "Successfully logged out"}),
    Example(
        "000",
        "GET /auth/me",
        "user",
        {
            "user_id": "admin",
            "roles": ["admin", "developer", "operator", "viewer"],
            "tenant_id": "default",
            "dev_mode": False,
        },
    ),
]

SUBMITTED = {
    "workflow_id": "550e8400-e29b-41d4-a716-446655440000",
    "job_id": "660e8400-e29b-41d4-a716-446655440001",
    "schedule_id": None,
    "status": "success",
    "message": "Workflow submitted and queued for lan execution",
    "created_at": "2025-12-01T10:30:00Z",
}

WORKFLOWS = [
    Example(
        "000",
        "POST /workflows",
        "user",
        SUBMITTED,
        body={
            "workflow_name": "My Workflow",
            "workflow_json": {
                "nodes": [{"id": "start", "type": "StartNode"}, {"id": "end", "type": "EndNode"}],
                "connections": [],
            },
            "trigger_type": "manual",
            "execution_mode": "lan",
            "schedule_cron": None,
            "priority": 10,
            "metadata": {"description": "Example workflow"},
        },
    ),
    Example(
        "000",
        "POST /workflows",
        "user",
        SUBMITTED,
        body={
            "workflow_name": "Web Scraper",
            "workflow_json": {"nodes": [{"id": "1", "type": "StartNode"}]},
            "trigger_type": "manual",
            "priority": 5,
        },
    ),
    Example(
        "002",
        "POST /workflows",
        "user",
        SUBMITTED,
        body={
            "workflow_name": "My Automation Workflow",
            "workflow_json": {"nodes": {}, "connections": [], "metadata": {}},
            "trigger_type": "manual",
            "execution_mode": "lan",
            "schedule_cron": "0 9 * * 1-5",
            "priority": 10,
            "metadata": {"description": "Optional workflow description"},
        },
    ),
    Example(
        "002",
        "POST /workflows",
        "user",
        SUBMITTED,
        body={
            "workflow_name": "My Workflow",
            "workflow_json": {"nodes": {}, "connections": []},
            "trigger_type": "manual",
        },
    ),
    Example(
        "002",
        "POST /workflows",
        "user",
        SUBMITTED,
        body={
            "workflow_name": "Invoice Processing",
            "workflow_json": {"nodes": {}, "connections": []},
            "trigger_type": "manual",
            "priority": 10,
        },
    ),
    Example("000", "POST /workflows", "user", ERROR, 400, body={"workflow_name": "No definition"}),
    Example(
        "000",
        "POST /workflows/upload",
        "user",
        SUBMITTED,
        form={"trigger_type": "manual", "priority": "5"},
        given="file my_workflow.json",
    ),
    Example(
        "002",
        "POST /workflows/upload",
        "user",
        SUBMITTED,
        query={"trigger_type": "manual", "execution_mode": "lan", "priority": "10"},
        given="file my_workflow.json",
    ),
    Example(
        "000",
        "GET /workflows/{workflow_id}",
        "user",
        {
            "workflow_id": "550e8400-e29b-41d4-a716-446655440000",
            "workflow_name": "My Workflow",
            "workflow_json": {"nodes": [], "connections": []},
            "version": 1,
            "description": "Example workflow",
            "created_at": "2025-12-01T10:30:00Z",
            "updated_at": "2025-12-01T10:30:00Z",
        },
        given="submitted workflow",
    ),
    Example("000", "GET /workflows/550e8400-e29b-41d4-a716-446655440000", "user", ERROR, 404),
    Example("002", "GET /workflows/not-a-uuid", "user", ERROR, 400),
    Example(
        "002",
        "DELETE /workflows/{workflow_id}",
        "user",
        {
            "status": "success",
            "message": "Workflow deleted: 550e8400-e29b-41d4-a716-446655440000",
            "deleted_from": {"database": True, "filesystem": True},
        },
        given="submitted workflow",
    ),
    Example("003", "GET /workflows", "service", {"workflows": [], "total": 1, "limit": 1, "offset": 0}),
]

JOBS = [
    Example(
        "003",
        "POST /jobs",
        "service",
        {"job_id": "uuid", "workflow_id": "uuid", "status": "pending", "created_at": "2025-12-01T10:30:00Z"},
        201,
        body={"workflow_id": "my-workflow", "input_data": {"param": "value"}},
        given="workflow called my-workflow",
    ),
    Example("003", "GET /jobs", "service", {"jobs": [], "total": 1, "limit": 1, "offset": 0}, given="queued job"),
    Example(
        "003",
        "GET /jobs/{job_id}",
        "service",
        {"job_id": "uuid", "workflow_id": "uuid", "status": "pending", "created_at": "2025-12-01T10:30:00Z"},
        given="queued job",
    ),
    Example(
        "002",
        "POST /jobs/{job_id}/cancel",
        "user",
        {
            "job_id": "job-12345",
            "cancelled": True,
            "previous_status": "running",
            "message": "Job cancelled successfully",
        },
        given="running job",
        differs="message",  # it is the robot that stops the job: "Cancellation requested"
    ),
    Example(
        "002",
        "POST /jobs/{job_id}/cancel",
        "user",
        {
            "job_id": "job-12345",
            "cancelled": False,
            "previous_status": "completed",
            "message": "Job already completed, cannot cancel",
        },
        given="completed job",
    ),
    Example("002", "POST /jobs/job-12345/cancel", "user", ERROR, 404),
    Example(
        "002",
        "POST /jobs/{job_id}/retry",
        "user",
        {"original_job_id": "job-12345", "new_job_id": "job-67890", "message": "Job queued for retry"},
        given="failed job",
    ),
    Example("002", "POST /jobs/{job_id}/retry", "user", ERROR, 400, given="running job"),
    Example("002", "POST /jobs/job-12345/retry", "user", ERROR, 404),
    Example(
        "002",
        "PUT /jobs/{job_id}/progress",
        "robot",
        {"job_id": "job-12345", "progress": 75, "current_node": "node-456"},
        body={"progress": 75, "current_node": "node-456", "message": "Processing page 3 of 4"},
        given="running job",
    ),
]

ROBOT = {
    "robot_id": "robot-prod-001",
    "name": "Production Robot 1",
    "hostname": "robot-server-01.example.com",
    "status": "idle",
    "environment": "production",
    "max_concurrent_jobs": 3,
    "capabilities": ["browser", "desktop", "high_memory"],
    "tags": ["invoice-processing", "high-priority"],
    "current_job_ids": [],
    "last_seen": "2025-01-15T10:30:00Z",
    "last_heartbeat": "2025-01-15T10:30:00Z",
    "created_at": "2025-01-15T10:30:00Z",
    "metrics": {},
}

ROBOTS = [
    Example(
        "002",
        "POST /robots/register",
        "robot",
        ROBOT,
        body={
            "robot_id": "robot-prod-001",
            "name": "Production Robot 1",
            "hostname": "robot-server-01.example.com",
            "capabilities": ["browser", "desktop", "high_memory"],
            "environment": "production",
            "max_concurrent_jobs": 3,
            "tags": ["invoice-processing", "high-priority"],
        },
        given="unbound robot key",
    ),
    Example("002", "GET /robots", "user", {"robots": [ROBOT], "total": 1}, given="registered robot"),
    Example(
        "002",
        "GET /robots",
        "user",
        {"robots": [ROBOT], "total": 1},
        query={"status": "idle", "environment": "production", "limit": "100", "offset": "0"},
        given="registered robot",
    ),
    Example("003", "GET /robots", "service", {"robots": [ROBOT], "total": 1}, given="registered robot"),
    Example("002", "GET /robots/robot-prod-001", "user", ROBOT, given="registered robot"),
    Example("002", "GET /robots/robot-prod-001", "user", ERROR, 404),
    Example(
        "002",
        "PUT /robots/robot-prod-001",
        "user",
        ROBOT,
        body={
            "name": "Updated Robot Name",
            "hostname": "new-hostname.example.com",
            "capabilities": ["browser"],
            "environment": "staging",
            "max_concurrent_jobs": 2,
            "tags": ["new-tag"],
        },
        given="registered robot",
    ),
    *(
        Example(
            "002",
            "PUT /robots/robot-prod-001/status",
            "robot",
            ROBOT,
            body={"status": status},
            given="registered robot",
        )
        for status in ("idle", "busy", "offline", "error", "maintenance")
    ),
    Example(
        "002",
        "POST /robots/robot-prod-001/heartbeat",
        "robot",
        {"ok": True, "timestamp": "2025-01-15T10:30:00Z"},
        body={"cpu_percent": 45.2, "memory_mb": 1024.5, "disk_free_gb": 50.0, "active_jobs": 2},
        given="registered robot",
    ),
    Example(
        "002",
        "POST /robots/robot-prod-001/heartbeat",
        "robot",
        {"ok": True, "timestamp": "2025-01-15T10:30:00Z"},
        given="registered robot",
    ),
    Example(
        "002",
        "DELETE /robots/robot-prod-001",
        "user",
        {"deleted": True, "robot_id": "robot-prod-001"},
        given="registered robot",
    ),
]

ROBOT_METRICS = {
    "robot_id": "robot-prod-001",
    "hostname": "desktop-abc123",
    "status": "busy",
    "cpu_percent": 45.2,
    "memory_mb": 1024.5,
    "current_job_id": "job-123",
    "last_heartbeat": "2025-12-01T10:30:00Z",
}
FINISHED_JOB = {
    "job_id": "job-123",
    "workflow_id": "550e8400-e29b-41d4-a716-446655440000",
    "workflow_name": "Daily Report",
    "robot_id": "robot-001",
    "status": "completed",
    "created_at": "2025-12-01T10:00:00Z",
    "completed_at": "2025-12-01T10:01:30Z",
    "duration_ms": 90000,
}
ACTIVITY_000 = {
    "events": [
        {
            "id": "evt-001",
            "type": "job_completed",
            "timestamp": "2025-12-01T10:30:00Z",
            "title": "Job completed successfully",
            "details": "Daily Report finished in 90s",
            "robot_id": "robot-001",
            "job_id": "job-123",
        }
    ],
    "total": 156,
}

METRICS = [
    Example(
        "000",
        "GET /metrics/fleet",
        "user",
        {
            "total_robots": 10,
            "active_robots": 3,
            "idle_robots": 5,
            "offline_robots": 2,
            "total_jobs_today": 156,
            "active_jobs": 3,
            "queue_depth": 12,
            "average_job_duration_seconds": 45.5,
        },
        query={"schema": "1"},
    ),
    Example(
        "002",
        "GET /metrics/fleet",
        "user",
        {
            "total_robots": 10,
            "active_robots": 8,
            "idle_robots": 5,
            "busy_robots": 3,
            "offline_robots": 2,
            "active_jobs": 3,
            "queue_depth": 15,
        },
    ),
    Example("000", "GET /metrics/robots", "user", [ROBOT_METRICS], query={"status": "busy"}, given="measured job"),
    Example("002", "GET /metrics/robots", "user", [ROBOT_METRICS], given="measured job"),
    Example(
        "000",
        "GET /metrics/robots/robot-prod-001",
        "user",
        {
            **ROBOT_METRICS,
            "memory_percent": 65.3,
            "jobs_completed_today": 42,
            "jobs_failed_today": 2,
            "average_job_duration_seconds": 38.5,
        },
        given="measured job",
    ),
    Example(
        "002",
        "GET /metrics/robots/robot-prod-001",
        "user",
        {
            "robot_id": "robot-prod-001",
            "name": "Production Robot 1",
            "status": "busy",
            "cpu_percent": 45.2,
            "memory_mb": 1024.5,
            "current_job": "job-12345",
            "jobs_completed_today": 25,
            "jobs_failed_today": 2,
            "avg_job_duration_ms": 45000,
        },
        given="measured job",
    ),
    Example("000", "GET /metrics/robots/robot-001", "user", ERROR, 404),
    Example("000", "GET /metrics/jobs", "user", [FINISHED_JOB], given="completed job"),
    Example(
        "002",
        "GET /metrics/jobs",
        "user",
        [FINISHED_JOB],
        query={"limit": "50", "status": "completed", "robot_id": "robot-prod-001"},
        given="completed job",
    ),
    Example(
        "000",
        "GET /metrics/jobs/{job_id}",
        "user",
        {
            **FINISHED_JOB,
            "claimed_at": "2025-12-01T10:00:05Z",
            "error_message": None,
            "error_type": None,
            "retry_count": 0,
            "node_executions": [
                {"node_id": "start", "duration_ms": 5, "status": "completed"},
                {"node_id": "scrape", "duration_ms": 85000, "status": "completed"},
            ],
        },
        given="completed job",
    ),
    Example(
        "002",
        "GET /metrics/jobs/{job_id}",
        "user",
        {
            "job_id": "job-12345",
            "workflow_id": "550e8400-e29b-41d4-a716-446655440000",
            "workflow_name": "Invoice Processing",
            "robot_id": "robot-prod-001",
            "status": "completed",
            "progress": 100,
            "started_at": "2025-01-15T10:30:00Z",
            "completed_at": "2025-01-15T10:31:30Z",
            "duration_ms": 90000,
            "error_message": None,
            "node_execution": [{"node_id": "node-1", "status": "completed", "duration_ms": 5000}],
        },
        given="completed job",
    ),
    Example("002", "GET /metrics/jobs/job-12345", "user", ERROR, 404),
    Example(
        "000",
        "GET /metrics/analytics",
        "user",
        {
            "total_jobs": 1247,
            "success_rate": 94.5,
            "failure_rate": 5.5,
            "average_duration_ms": 45000,
            "p50_duration_ms": 38000,
            "p90_duration_ms": 95000,
            "p99_duration_ms": 180000,
            "slowest_workflows": [
                {"workflow_id": "wf-1", "workflow_name": "Heavy Report", "average_duration_ms": 120000}
            ],
            "error_distribution": [],
            "self_healing_success_rate": 85.5,
        },
        query={"days": "7", "schema": "1"},
        given="completed job",
    ),
    Example(
        "000",
        "GET /metrics/analytics",
        "user",
        {
            "error_distribution": [
                {"error_type": "TimeoutError", "count": 23},
                {"error_type": "SelectorNotFound", "count": 12},
            ]
        },
        query={"schema": "1"},
        given="failed job",
    ),
    Example(
        "002",
        "GET /metrics/analytics",
        "user",
        {
            "success_rate": 95.5,
            "failure_rate": 4.5,
            "duration_p50_ms": 30000,
            "duration_p90_ms": 60000,
            "duration_p99_ms": 120000,
            "slowest_workflows": [{"workflow_id": "...", "workflow_name": "Complex Report", "avg_duration_ms": 300000}],
            "error_distribution": {},
            "self_healing_success_rate": 78.5,
        },
        given="completed job",
    ),
    Example(
        "002",
        "GET /metrics/analytics",
        "user",
        {"error_distribution": {"ValueError": 15}},
        query={"days": "90"},
        given="failed job",
    ),
    Example(
        "000",
        "GET /metrics/activity",
        "user",
        ACTIVITY_000,
        query={"limit": "50", "since": "2025-12-01T10:30:00Z", "event_type": "job_completed"},
        given="completed job",
    ),
    Example(
        "002",
        "GET /metrics/activity",
        "user",
        {
            "events": [
                {
                    "event_type": "job_completed",
                    "timestamp": "2025-01-15T10:31:30Z",
                    "data": {"job_id": "job-12345", "workflow_name": "Invoice Processing"},
                }
            ],
            "total": 150,
        },
        query={"event_type": "job_completed"},
        given="completed job",
    ),
]

HEALTH = [
    Example("000", f"GET {path}", "nobody", answer, base=base)
    for base in ("", "/api/v1")
    for path, answer in (
        ("/health", {"status": "healthy", "service": "casare-rpa-monitoring"}),
        (
            "/health/detailed",
            {
                "status": "healthy",
                "service": "casare-rpa-monitoring",
                "dependencies": {"database": {"healthy": True, "pool_size": 10, "pool_free": 8, "error": None}},
            },
        ),
        ("/health/ready", {"ready": True}),
        ("/health/live", {"alive": True}),
    )
]

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

SCHEDULES = [
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
    Example("000", "GET /schedules/{schedule_id}", "user", SCHEDULE, given="schedule"),
    Example("000", "PUT /schedules/{schedule_id}/enable", "user", SCHEDULE, given="schedule"),
    Example(
        "002",
        "PUT /schedules/{schedule_id}/disable",
        "user",
        {**SCHEDULE, "enabled": False, "next_run": None},
        given="schedule",
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
        "000",
        "DELETE /schedules/{schedule_id}",
        "user",
        {"status": "success", "message": "Schedule deleted: 770e8400-e29b-41d4-a716-446655440002"},
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
