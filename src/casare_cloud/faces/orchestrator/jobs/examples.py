"""An example of each shape of the job endpoints, as OpenAPI shows it."""

from casare_cloud.faces.kit.examples import Example
from casare_cloud.faces.orchestrator.casare.shapes import JOB_ALIASES
from casare_cloud.faces.orchestrator.examples import EARLIER, JOB_ID, NOW, PAGE, ROBOT_ID, USER_ID, WORKFLOW_ID

CREATE_JOB: Example = {"workflow_id": "my-workflow", "input": {"param": "value"}}
JOB_SUMMARY: Example = {
    **JOB_ALIASES,
    "job_id": JOB_ID,
    "workflow_id": WORKFLOW_ID,
    "workflow_name": "Daily Report",
    "workflow_version": 1,
    "status": "completed",
    "priority": 10,
    "trigger_type": "manual",
    "execution_mode": "lan",
    "environment": "*",
    "required_capabilities": [],
    "required_tags": [],
    "dedupe_key": None,
    "concurrency_key": None,
    "robot_id": "robot-001",
    "robot_uuid": ROBOT_ID,
    "target_robot_id": None,
    "pool_id": None,
    "progress": 100,
    "current_node": None,
    "message": None,
    "attempts": 1,
    "max_attempts": 3,
    "retry_count": 0,
    "retry_of": None,
    "timeout_seconds": 3600,
    "progress_timeout_seconds": None,
    "created_by": USER_ID,
    "created_at": EARLIER,
    "run_at": None,
    "claimed_at": EARLIER,
    "started_at": EARLIER,
    "completed_at": "2025-12-01T10:01:30Z",
    "duration_ms": 90000,
    "lease_expires_at": None,
    "cancel_requested": False,
    "error_message": None,
    "error_type": None,
}
JOB: Example = {
    **JOB_SUMMARY,
    "input": {"param": "value"},
    "result": {"rows": 3},
    "metadata": {},
    "retry_policy": {"policy": "exponential", "base_delay_seconds": 5, "max_delay_seconds": 3600, "jitter": 0.2},
    "error_details": None,
}
JOB_CREATED: Example = {**JOB, "warnings": []}
JOBS: Example = {"jobs": [JOB_SUMMARY], "total_is_capped": False, "next": None, **PAGE}
CANCEL: Example = {"reason": "Wrong file"}
CANCELLED: Example = {
    "job_id": JOB_ID,
    "cancelled": False,
    "previous_status": "running",
    "message": "Cancellation requested; the robot has been told",
    "cancel_requested": True,
}
RETRY: Example = {"input": {"param": "another value"}}
RETRIED: Example = {
    "original_job_id": JOB_ID,
    "new_job_id": "660e8400-e29b-41d4-a716-446655440009",
    "job_id": "660e8400-e29b-41d4-a716-446655440009",
    "message": "Job queued for retry",
}
LOG_LINE: Example = {
    "id": "990e8400-e29b-41d4-a716-446655440004",
    "timestamp": NOW,
    "level": "info",
    "message": "Page 3 read",
    "node_id": "node-456",
    "extra": None,
    "attempt": 1,
}
NODE_RUN: Example = {
    "node_id": "node-456",
    "node_type": "ClickElementNode",
    "name": None,
    "status": "completed",
    "started_at": EARLIER,
    "completed_at": NOW,
    "duration_ms": 5000,
    "runs": 1,
    "error": None,
    "is_healed": None,
}
ATTEMPT_NODES: Example = {"attempt": 1, "reported_at": NOW, "nodes": [NODE_RUN]}
NODES: Example = {"job_id": JOB_ID, "attempts": [ATTEMPT_NODES]}
LOGS: Example = {"logs": [LOG_LINE], **PAGE}
