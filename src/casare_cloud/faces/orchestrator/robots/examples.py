"""An example of each shape of the robot endpoints, as OpenAPI shows it."""

from casare_cloud.faces.kit.examples import Example
from casare_cloud.faces.orchestrator.examples import EARLIER, JOB_ID, NOW, PAGE, ROBOT_ID

_COMMAND_ID = "cc0e8400-e29b-41d4-a716-446655440007"
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
    "issued_at": EARLIER,
    "acknowledged_at": NOW,
}
TOLD_COMMAND: Example = {**COMMAND_STATE, "superseded_at": None}
TOLD_COMMANDS: Example = {"commands": [TOLD_COMMAND]}
ROBOT: Example = {
    **REGISTER_ROBOT,
    "robot_uuid": ROBOT_ID,
    "status": "idle",
    "mode": "active",
    "health": "ok",
    "attributes": {},
    "is_internet": False,
    "pool_id": None,
    "current_job_ids": [],
    "last_seen": NOW,
    "last_heartbeat": NOW,
    "created_at": EARLIER,
    "updated_at": EARLIER,
    "metrics": {"cpu_percent": 45.2, "memory_mb": 1024},
    "quarantined_at": None,
    "quarantine_reason": None,
    "deaf_since": None,
    "last_command": COMMAND_STATE,
    "warnings": [],
}
COMMAND: Example = {"reason": "Windows update"}
COMMANDED: Example = {**ROBOT, "mode": "paused", "command_id": _COMMAND_ID}
ROBOTS: Example = {"robots": [ROBOT], **PAGE}
ROBOT_LOG_LINE: Example = {
    "id": "990e8400-e29b-41d4-a716-446655440005",
    "timestamp": NOW,
    "level": "warning",
    "message": "The browser answers slowly",
    "source": "browser",
    "extra": None,
}
ROBOT_LOGS: Example = {"logs": [ROBOT_LOG_LINE], "total_is_capped": False, **PAGE}
ROBOT_POOL: Example = {"pool": "shared"}
ROBOT_DELETED: Example = {"deleted": True, "robot_id": "robot-prod-001"}
HEARTBEAT: Example = {
    "cpu_percent": 45.2,
    "memory_mb": 1024.5,
    "disk_free_gb": 50.0,
    "active_jobs": 2,
    "session": {"user": "ann", "interactive": True, "locked": False, "width": 1920, "height": 1080},
}
HEARTBEAT_NOTED: Example = {
    "ok": True,
    "timestamp": NOW,
    "heartbeat_interval": 30,
    "lease_seconds": 60,
    "warnings": [],
    "pending_commands": [{"command": "cancel_job", "job_id": JOB_ID, "reason": "Wrong file"}],
}
ROBOT_TOKEN: Example = {
    "access_token": "eyJhbGciOiJFUzI1NiIs...",
    "expires_in": 3600,
    "token_type": "bearer",
    "supabase_url": "https://project.supabase.co",
    "publishable_key": "sb_publishable_...",
    "topics": [f"robot:{ROBOT_ID}"],
}
