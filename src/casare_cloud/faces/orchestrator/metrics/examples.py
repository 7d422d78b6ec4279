"""Examples of the shapes of metrics, as OpenAPI shows them."""

from casare_cloud.faces.kit.examples import Example
from casare_cloud.faces.orchestrator.casare.shapes import ROBOT_ALIASES
from casare_cloud.faces.orchestrator.examples import EARLIER, JOB_ID, NOW, ROBOT_ID, WORKFLOW_ID
from casare_cloud.faces.orchestrator.jobs import examples

NODE_EXECUTIONS: list[Example] = [
    {"node_id": "start", "node_type": "StartNode", "status": "completed", "duration_ms": 5, "runs": 1},
    {
        "node_id": "scrape",
        "node_type": "ExtractTextNode",
        "status": "completed",
        "duration_ms": 85000,
        "runs": 1,
        "healing": {"healed": True, "attempts": 2},
    },
]
FLEET_METRICS: Example = {
    "total_robots": 10,
    "active_robots": 8,
    "idle_robots": 5,
    "busy_robots": 3,
    "offline_robots": 2,
    "maintenance_robots": 0,
    "error_robots": 0,
    "active_jobs": 3,
    "queue_depth": 12,
    "queue_by_priority": {"0": 2, "10": 10},
    "scheduled_jobs": 4,
    "total_jobs_today": 156,
    "completed_jobs_today": 150,
    "failed_jobs_today": 6,
    "average_job_duration_seconds": 45.5,
}
ROBOT_METRICS: Example = {
    **ROBOT_ALIASES,
    "robot_id": "robot-001",
    "robot_uuid": ROBOT_ID,
    "name": "Production Robot 1",
    "hostname": "desktop-abc123",
    "status": "busy",
    "cpu_percent": 45.2,
    "memory_mb": 1024.5,
    "memory_percent": 65.3,
    "current_job_id": JOB_ID,
    "current_job": JOB_ID,
    "current_job_ids": [JOB_ID],
    "last_heartbeat": NOW,
}
ROBOT_METRICS_DETAIL: Example = {
    **ROBOT_METRICS,
    "jobs_completed_today": 42,
    "jobs_failed_today": 2,
    "average_job_duration_seconds": 38.5,
    "avg_job_duration_ms": 38500,
}
JOB_METRICS: Example = {**examples.JOB_SUMMARY, "node_executions": NODE_EXECUTIONS, "node_execution": NODE_EXECUTIONS}
ANALYTICS: Example = {
    "days": 7,
    "since": EARLIER,
    "total_jobs": 1247,
    "completed_jobs": 1178,
    "failed_jobs": 69,
    "cancelled_jobs": 0,
    "success_rate": 94.47,
    "failure_rate": 5.53,
    "average_duration_ms": 45000,
    "avg_duration_ms": 45000,
    "p50_duration_ms": 38000,
    "p90_duration_ms": 95000,
    "p99_duration_ms": 180000,
    "duration_p50_ms": 38000,
    "duration_p90_ms": 95000,
    "duration_p99_ms": 180000,
    "slowest_workflows": [
        {
            "workflow_id": WORKFLOW_ID,
            "workflow_name": "Heavy Report",
            "average_duration_ms": 120000,
            "avg_duration_ms": 120000,
            "completed": 14,
        }
    ],
    "error_distribution": {"TimeoutError": 23, "SelectorNotFound": 12},
    "error_counts": [
        {"error_type": "TimeoutError", "count": 23},
        {"error_type": "SelectorNotFound", "count": 12},
    ],
    "self_healing_success_rate": 85.5,
}
ROBOT_POINT: Example = {
    "starts_at": EARLIER,
    "completed": 42,
    "failed": 2,
    "timed_out": 0,
    "cancelled": 1,
    "average_duration_ms": 38500,
}
POINT: Example = {**ROBOT_POINT, "created": 47, "unfinished": 12}
ROBOT_SERIES: Example = {"interval": "hour", "points": [ROBOT_POINT]}
SERIES: Example = {"interval": "hour", "points": [POINT]}
MEASURED: Example = {
    "starts_at": EARLIER,
    "cpu_percent": 45.2,
    "cpu_percent_max": 88.1,
    "memory_percent": 61.5,
    "memory_percent_max": 63.2,
    "memory_mb": 1024.5,
    "memory_mb_max": 1100.0,
    "disk_percent": 40.2,
    "disk_percent_max": 40.2,
}
MEASUREMENTS: Example = {"since": EARLIER, "until": NOW, "step_minutes": 5, "points": [MEASURED]}
ACTIVITY: Example = {
    "id": "019abcde-0000-7000-8000-000000000001",
    "seq": 42,
    "type": "job_completed",
    "event_type": "job_completed",
    "timestamp": NOW,
    "title": "Job completed successfully",
    "details": "Daily Report finished in 90s",
    "job_id": JOB_ID,
    "robot_id": "robot-001",
    "workflow_id": WORKFLOW_ID,
    "data": {"job_id": JOB_ID, "workflow_name": "Daily Report", "duration_ms": 90000},
}
ACTIVITIES: Example = {"events": [ACTIVITY], "total": 156, "total_is_capped": False}
