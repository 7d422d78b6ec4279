"""An example of each shape of the lease endpoints, as OpenAPI shows it."""

from casare_cloud.faces.kit.examples import Example
from casare_cloud.faces.orchestrator.examples import GRAPH, JOB_ID, NOW, WORKFLOW_ID

CLAIM: Example = {
    "limit": 1,
    "lease_seconds": 60,
    "wait_seconds": 20,
    "claim_id": "cc0e8400-e29b-41d4-a716-446655440008",
}
CLAIMED: Example = {
    "job_id": JOB_ID,
    "workflow_id": WORKFLOW_ID,
    "workflow_name": "Daily Report",
    "workflow_version": 1,
    "workflow_json": GRAPH,
    "input": {"param": "value"},
    "priority": 10,
    "environment": "*",
    "attempt": 1,
    "max_attempts": 3,
    "lease_token": 42,
    "lease_expires_at": "2025-12-01T10:31:00Z",
    "timeout_seconds": 3600,
    "progress_timeout_seconds": None,
}
CLAIMED_JOBS: Example = {"jobs": [CLAIMED]}
LEASE: Example = {"lease_token": 42}
STARTED: Example = {
    "job_id": JOB_ID,
    "status": "running",
    "started_at": NOW,
    "lease_expires_at": "2025-12-01T10:31:00Z",
    "cancel_requested": False,
}
EXTEND: Example = {"lease_token": 42, "lease_seconds": 60}
EXTENDED: Example = {
    "job_id": JOB_ID,
    "renewed": True,
    "lease_expires_at": "2025-12-01T10:31:30Z",
    "cancel_requested": False,
}
PROGRESS: Example = {"progress": 75, "current_node": "node-456", "message": "Processing page 3 of 4"}
PROGRESS_NOTED: Example = {"job_id": JOB_ID, "progress": 75, "current_node": "node-456", "cancel_requested": False}
COMPLETE: Example = {
    "lease_token": 42,
    "result": {"rows": 3},
    "node_executions": [{"node_id": "start", "node_type": "StartNode", "status": "completed", "duration_ms": 5}],
}
FAIL: Example = {
    "lease_token": 42,
    "error_message": "The button is not there",
    "error_type": "SelectorNotFound",
    "failed_node": "node-456",
    "retryable": True,
    "retry_at": None,
}
OUTCOME: Example = {"job_id": JOB_ID, "status": "completed", "outcome": "applied", "retry_at": None}
APPEND_LOGS: Example = {
    "lease_token": 42,
    "entries": [{"level": "info", "message": "Page 3 read", "node_id": "node-456", "timestamp": NOW}],
    "sequence": 7,
}
LOGS_APPENDED: Example = {"accepted": 1}
