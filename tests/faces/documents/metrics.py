"""Metrics: the fleet, its robots, its jobs, and what happened."""

from tests.faces.documents.example import ERROR, Example

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

PROMETHEUS = """\
# HELP casare_rpa_jobs_total Total number of jobs
# TYPE casare_rpa_jobs_total counter
casare_rpa_jobs_total{status="completed",environment="development"} 1234
# HELP casare_rpa_robots_active Number of active robots
# TYPE casare_rpa_robots_active gauge
casare_rpa_robots_active{environment="development"} 8
"""

METRICS: list[Example] = [
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
    Example("002", "GET /metrics/robots", "user", [ROBOT_METRICS], query={"status": "busy"}, given="measured job"),
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
    Example("002", "GET /metrics/jobs", "user", [FINISHED_JOB], given="completed job"),
    *(
        Example(
            document,
            "GET /metrics/jobs",
            "user",
            [FINISHED_JOB],
            query={
                "limit": "50",
                "status": "completed",
                "workflow_id": "{workflow_id}",
                "robot_id": "robot-prod-001",
            },
            given="completed job",
        )
        for document in ("000", "002")
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
            "error_distribution": [
                {"error_type": "TimeoutError", "count": 23},
                {"error_type": "SelectorNotFound", "count": 12},
            ],
            "self_healing_success_rate": 85.5,
        },
        query={"days": "7", "schema": "1"},
        given="completed and failed job",
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
    Example(
        "002",
        "GET /metrics/activity",
        "user",
        {"events": [], "total": 150},
        query={"limit": "50", "since": "2025-12-01T10:30:00Z"},
        given="completed job",
    ),
    Example("002", "GET /metrics/prometheus", "user", PROMETHEUS, query={"environment": "development"}),
    Example("002", "GET /metrics/prometheus", "user", PROMETHEUS),
]
