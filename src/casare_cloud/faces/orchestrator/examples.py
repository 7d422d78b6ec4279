"""An example of each shape, as OpenAPI shows it. A test holds them to the shapes."""

from typing import Any, Literal

from pydantic import ConfigDict

Example = dict[str, Any]

_WORKFLOW_ID = "550e8400-e29b-41d4-a716-446655440000"
_JOB_ID = "660e8400-e29b-41d4-a716-446655440001"
_ROBOT_ID = "770e8400-e29b-41d4-a716-446655440002"
_COMMAND_ID = "cc0e8400-e29b-41d4-a716-446655440007"
_USER_ID = "880e8400-e29b-41d4-a716-446655440003"
_POOL_ID = "dd0e8400-e29b-41d4-a716-446655440008"
_EARLIER = "2025-12-01T10:00:00Z"
_NOW = "2025-12-01T10:30:00Z"
_PAGE = {"total": 1, "limit": 100, "offset": 0}

GRAPH: Example = {
    "nodes": [{"id": "start", "type": "StartNode"}, {"id": "end", "type": "EndNode"}],
    "connections": [],
}


def showing(example: Example, extra: Literal["allow", "forbid"] | None = None) -> ConfigDict:
    """The configuration of a shape that OpenAPI shows with this example; `extra` is its rule for unknown fields."""
    config = ConfigDict(json_schema_extra={"examples": [example]})
    return config if extra is None else ConfigDict(**config, extra=extra)


SUBMIT: Example = {
    "workflow_name": "My Workflow",
    "workflow_json": GRAPH,
    "trigger_type": "manual",
    "execution_mode": "lan",
    "priority": 10,
    "metadata": {"description": "Example workflow"},
}
SUBMITTED: Example = {
    "workflow_id": _WORKFLOW_ID,
    "job_id": _JOB_ID,
    "schedule_id": None,
    "status": "success",
    "message": "Workflow submitted and queued for lan execution",
    "created_at": _NOW,
    "backup": {"stored": True, "reason": None},
}
WORKFLOW_SUMMARY: Example = {
    "workflow_id": _WORKFLOW_ID,
    "workflow_name": "My Workflow",
    "version": 1,
    "description": "Example workflow",
    "status": "published",
    "is_enabled": True,
    "node_count": 2,
    "metadata": {"description": "Example workflow"},
    "created_by": _USER_ID,
    "created_at": _NOW,
    "updated_at": _NOW,
}
WORKFLOW: Example = {**WORKFLOW_SUMMARY, "workflow_json": GRAPH}
WORKFLOWS: Example = {"workflows": [WORKFLOW_SUMMARY], **_PAGE}
WORKFLOW_DELETED: Example = {
    "status": "success",
    "message": f"Workflow deleted: {_WORKFLOW_ID}",
    "deleted_from": {"database": True, "filesystem": False},
}

CREATE_JOB: Example = {"workflow_id": "my-workflow", "input": {"param": "value"}}
JOB_SUMMARY: Example = {
    "job_id": _JOB_ID,
    "workflow_id": _WORKFLOW_ID,
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
    "robot_id": "robot-001",
    "robot_uuid": _ROBOT_ID,
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
    "created_by": _USER_ID,
    "created_at": _EARLIER,
    "run_at": None,
    "claimed_at": _EARLIER,
    "started_at": _EARLIER,
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
JOBS: Example = {"jobs": [JOB_SUMMARY], "total_is_capped": False, **_PAGE}
CANCEL: Example = {"reason": "Wrong file"}
CANCELLED: Example = {
    "job_id": _JOB_ID,
    "cancelled": True,
    "previous_status": "running",
    "message": "Cancellation requested; the robot has been told",
    "cancel_requested": True,
}
RETRIED: Example = {
    "original_job_id": _JOB_ID,
    "new_job_id": "660e8400-e29b-41d4-a716-446655440009",
    "message": "Job queued for retry",
}
LOG_LINE: Example = {
    "id": "990e8400-e29b-41d4-a716-446655440004",
    "timestamp": _NOW,
    "level": "info",
    "message": "Page 3 read",
    "node_id": "node-456",
    "extra": None,
    "attempt": 1,
}
LOGS: Example = {"logs": [LOG_LINE], **_PAGE}

CLAIM: Example = {"limit": 1, "lease_seconds": 60, "wait_seconds": 20}
CLAIMED: Example = {
    "job_id": _JOB_ID,
    "workflow_id": _WORKFLOW_ID,
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
}
CLAIMED_JOBS: Example = {"jobs": [CLAIMED]}
LEASE: Example = {"lease_token": 42}
STARTED: Example = {
    "job_id": _JOB_ID,
    "status": "running",
    "started_at": _NOW,
    "lease_expires_at": "2025-12-01T10:31:00Z",
    "cancel_requested": False,
}
EXTEND: Example = {"lease_token": 42, "lease_seconds": 60}
EXTENDED: Example = {
    "job_id": _JOB_ID,
    "renewed": True,
    "lease_expires_at": "2025-12-01T10:31:30Z",
    "cancel_requested": False,
}
PROGRESS: Example = {"progress": 75, "current_node": "node-456", "message": "Processing page 3 of 4"}
PROGRESS_NOTED: Example = {"job_id": _JOB_ID, "progress": 75, "current_node": "node-456", "cancel_requested": False}
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
}
OUTCOME: Example = {"job_id": _JOB_ID, "status": "completed", "outcome": "applied", "retry_at": None}
APPEND_LOGS: Example = {
    "lease_token": 42,
    "entries": [{"level": "info", "message": "Page 3 read", "node_id": "node-456", "timestamp": _NOW}],
}
LOGS_APPENDED: Example = {"accepted": 1}

REGISTER_ROBOT: Example = {
    "robot_id": "robot-prod-001",
    "name": "Production Robot 1",
    "hostname": "robot-server-01.example.com",
    "capabilities": ["browser", "desktop", "high_memory"],
    "environment": "production",
    "max_concurrent_jobs": 3,
    "tags": ["invoice-processing", "high-priority"],
}
UPDATE_ROBOT: Example = {"name": "Updated Robot Name", "environment": "staging", "tags": ["new-tag"]}
ROBOT_STATUS: Example = {"status": "maintenance"}
COMMAND_STATE: Example = {
    "command_id": _COMMAND_ID,
    "command": "pause",
    "reason": "Windows update",
    "issued_at": _EARLIER,
    "acknowledged_at": _NOW,
}
ROBOT: Example = {
    **REGISTER_ROBOT,
    "robot_uuid": _ROBOT_ID,
    "status": "idle",
    "mode": "active",
    "health": "ok",
    "attributes": {},
    "is_internet": False,
    "pool_id": None,
    "current_job_ids": [],
    "last_seen": _NOW,
    "last_heartbeat": _NOW,
    "created_at": _EARLIER,
    "updated_at": _EARLIER,
    "metrics": {"cpu_percent": 45.2, "memory_mb": 1024},
    "quarantined_at": None,
    "quarantine_reason": None,
    "last_command": COMMAND_STATE,
}
COMMAND: Example = {"reason": "Windows update"}
COMMANDED: Example = {**ROBOT, "mode": "paused", "command_id": _COMMAND_ID}
ROBOTS: Example = {"robots": [ROBOT], **_PAGE}
ROBOT_DELETED: Example = {"deleted": True, "robot_id": "robot-prod-001"}
HEARTBEAT: Example = {"cpu_percent": 45.2, "memory_mb": 1024.5, "disk_free_gb": 50.0, "active_jobs": 2}
HEARTBEAT_NOTED: Example = {
    "ok": True,
    "timestamp": _NOW,
    "heartbeat_interval": 30,
    "lease_seconds": 60,
    "pending_commands": [{"command": "cancel_job", "job_id": _JOB_ID, "reason": "Wrong file"}],
}
ROBOT_TOKEN: Example = {
    "access_token": "eyJhbGciOiJFUzI1NiIs...",
    "expires_in": 3600,
    "token_type": "bearer",
    "supabase_url": "https://project.supabase.co",
    "publishable_key": "sb_publishable_...",
    "topics": [f"robot:{_ROBOT_ID}", "tenant:aa0e8400-e29b-41d4-a716-446655440005:robots"],
}

CREATE_KEY: Example = {"name": "Line 3", "robot_id": "robot-prod-001"}
ROTATE_KEY: Example = {"overlap_seconds": 3600}
KEY: Example = {
    "api_key_id": "bb0e8400-e29b-41d4-a716-446655440006",
    "name": "Line 3",
    "prefix": "crpa_8fK2xQ",
    "status": "active",
    "robot_id": "robot-prod-001",
    "robot_uuid": _ROBOT_ID,
    "created_by": _USER_ID,
    "created_at": _NOW,
    "expires_at": None,
    "last_used_at": None,
    "revoked_at": None,
}
NEW_KEY: Example = {**KEY, "key": "crpa_8fK2xQ..."}
KEYS: Example = {"keys": [KEY], **_PAGE}
IMPORT_KEY: Example = {"robot_id": "robot-prod-001", "sha256": "9f86d081884c7d659a2feaa0c55ad015" * 2}
CREATE_SERVICE_KEY: Example = {"name": "Nightly import", "scopes": ["workflows.read", "jobs.*"]}
SERVICE_KEY: Example = {
    **{name: value for name, value in KEY.items() if name not in ("robot_id", "robot_uuid")},
    "name": "Nightly import",
    "prefix": "sk_live_8fK2xQ",
    "scopes": ["workflows.read", "jobs.*"],
}
NEW_SERVICE_KEY: Example = {**SERVICE_KEY, "key": "sk_live_8fK2xQ..."}
SERVICE_KEYS: Example = {"keys": [SERVICE_KEY], **_PAGE}

EVENT: Example = {
    "seq": 42,
    "event_id": "019abcde-0000-7000-8000-000000000001",
    "event_type": "job.completed",
    "timestamp": _NOW,
    "job_id": _JOB_ID,
    "robot_id": _ROBOT_ID,
    "workflow_id": _WORKFLOW_ID,
    "actor_id": None,
    "data": {"status": "completed", "workflow_name": "Daily Report", "attempt": 1},
}
EVENTS: Example = {"events": [EVENT], "next": 42}

SET_LIMIT: Example = {
    "scope": "key",
    "concurrency_key": "till-1",
    "max_running": 1,
    "on_collision": "cancel_newest",
}
LIMIT: Example = {**SET_LIMIT, "workflow_id": None, "running": 1, "updated_at": _NOW}
LIMITS: Example = {"limits": [LIMIT], "limit": 100, "offset": 0}
SET_SHARE: Example = {"weight": 2}
SHARE: Example = {
    "workflow_id": _WORKFLOW_ID,
    "workflow_name": "Invoices",
    "weight": 2,
    "load": 421.5,
    "running": 3,
}
SHARES: Example = {"shares": [SHARE], "limit": 100, "offset": 0}

CREATE_POOL: Example = {"name": "shared", "shares_by": "robot_seconds"}
UPDATE_POOL: Example = {"shares_by": "jobs"}
POOL: Example = {
    "pool_id": _POOL_ID,
    "name": "shared",
    "standing": "member",
    "shares_by": "robot_seconds",
    "weight": 2,
    "max_running": 10,
    "invited_at": _EARLIER,
    "accepted_at": _NOW,
}
POOLS: Example = {"pools": [POOL]}
POOL_DELETED: Example = {"pool_id": _POOL_ID, "deleted": True}
POOL_LEFT: Example = {"pool_id": _POOL_ID, "name": "shared", "left": True}
PUT_POOL_MEMBER: Example = {"weight": 2, "max_running": 10}
POOL_MEMBER: Example = {
    **PUT_POOL_MEMBER,
    "tenant": "acme",
    "load": 421.5,
    "invited_at": _EARLIER,
    "accepted_at": _NOW,
}
POOL_MEMBERS: Example = {"members": [POOL_MEMBER]}
ROBOT_POOL: Example = {"pool": "shared"}

ROBOT_JUDGEMENT: Example = {
    "robot_id": _ROBOT_ID,
    "external_id": "robot-prod-001",
    "verdict": "blocked",
    "reason_code": "missing_capability",
    "sentence": "Robot robot-prod-001 lacks the capability sap.",
    "next_step": "Give a robot the capability, or enqueue the job without it.",
    "is_eligible": False,
    "ahead": None,
}
JOB_NOTE: Example = {
    "reason_code": "workflow_disabled",
    "sentence": "The workflow Daily Report is disabled or deleted: it takes no new jobs, and jobs that wait still run.",
    "next_step": "Cancel the jobs that shall not run; enable the workflow to enqueue or retry.",
}
JOB_EXPLANATION: Example = {
    "job_id": _JOB_ID,
    "state": "queued",
    "verdict": "blocked",
    "reason_code": "missing_capability",
    "sentence": "None of the 1 robots can take this job now. The nearest: "
    "Robot robot-prod-001 lacks the capability sap.",
    "next_step": "Give a robot the capability, or enqueue the job without it.",
    "since": _EARLIER,
    "position": 0,
    "robots": [ROBOT_JUDGEMENT],
    "robots_total": 1,
    "notes": [],
}
ROBOT_EXPLANATION: Example = {
    "robot_id": "robot-prod-001",
    "robot_uuid": _ROBOT_ID,
    "state": "maintenance",
    "verdict": "blocked",
    "reason_code": "robot_paused",
    "sentence": "Robot robot-prod-001 is paused.",
    "next_step": "Resume the robot.",
    "since": None,
    "is_eligible": False,
    "free_slots": 3,
    "held_job_ids": [],
    "next_job_id": _JOB_ID,
    "nearest_job_id": None,
}

DEAD_LETTER: Example = {
    "job_id": _JOB_ID,
    "workflow_id": _WORKFLOW_ID,
    "workflow_name": "Daily Report",
    "reason": "attempts_exhausted",
    "attempts": 3,
    "error_type": "TimeoutError",
    "error_message": "The page did not answer.",
    "dead_lettered_at": _NOW,
    "resolved_at": None,
    "resolved_by": None,
    "requeued_job_id": None,
}
DEAD_LETTERS: Example = {"dead_letters": [DEAD_LETTER], **_PAGE}
WORKFLOW_DEAD_LETTERS: Example = {"workflow_id": _WORKFLOW_ID, "workflow_name": "Daily Report", "letters": 1}
DEAD_LETTER_STATS: Example = {
    "open": 1,
    "resolved": 4,
    "oldest_at": _NOW,
    "by_reason": {"attempts_exhausted": 1},
    "by_workflow": [WORKFLOW_DEAD_LETTERS],
}
REQUEUED: Example = {"job_id": _JOB_ID, "new_job_id": "660e8400-e29b-41d4-a716-446655440009"}
PURGED: Example = {"job_id": _JOB_ID, "purged": True}
MANY_DEAD_LETTERS: Example = {"job_ids": [_JOB_ID]}
DEAD_LETTER_OUTCOME: Example = {
    "position": 0,
    "job_id": _JOB_ID,
    "status": "requeued",
    "new_job_id": "660e8400-e29b-41d4-a716-446655440009",
    "error_status": None,
    "error_code": None,
    "detail": None,
}
DEAD_LETTER_OUTCOMES: Example = {"results": [DEAD_LETTER_OUTCOME], "succeeded": 1, "failed": 0}
