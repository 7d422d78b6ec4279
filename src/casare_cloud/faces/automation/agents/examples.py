"""An example of each shape of the agent endpoints, as OpenAPI shows it."""

from casare_cloud.faces.automation.examples import AGENT_ID, EARLIER, EXECUTION_ID, NOW, PAGE, WORKFLOW_ID
from casare_cloud.faces.kit.examples import Example

NEW: Example = {"name": "Office 7", "version": "1.0.0", "capabilities": {"browser": True}}
CHANGES: Example = {"name": "Office 8"}
AGENT: Example = {
    "id": AGENT_ID,
    "name": "Office 7",
    "status": "active",
    "version": "1.0.0",
    "capabilities": {"browser": True},
    "last_heartbeat_at": NOW,
    "created_at": EARLIER,
    "updated_at": NOW,
}
AGENTS: Example = {"agents": [AGENT], **PAGE, "online_count": 1}
TOKEN = "rpa-agent-…"
MADE: Example = {"agent": AGENT, "token": TOKEN, "message": "Keep the token: it is not shown again."}
ROTATED: Example = {"agent_id": AGENT_ID, "token": TOKEN, "message": "Keep the token: it is not shown again."}
STATS: Example = {
    "total": 1, "online": 1, "by_status": {"active": 1, "inactive": 0, "disconnected": 0, "error": 0},
}  # fmt: skip
METRICS: Example = {"metrics": {"cpu": 12.5}}
HEARD: Example = {
    "status": "ok",
    "agent_id": AGENT_ID,
    "timestamp": NOW,
    "held_tasks": 1,
    "task_ids": [EXECUTION_ID],
    "cancel_requested": [],
}
CLAIM: Example = {"agent_id": AGENT_ID, "capabilities": {"browser": True}}
TASK: Example = {
    "execution_id": EXECUTION_ID,
    "workflow_id": WORKFLOW_ID,
    "workflow_name": "Daily Report",
    "task_type": "workflow",
    "definition": {"steps": []},
    "parameters": {},
    "assigned_at": NOW,
    "attempt": 1,
    "timeout_seconds": 86400,
}
CLAIMED: Example = {"task": TASK, "message": None}
RESULT: Example = {"status": "completed", "output": {"rows": 3}, "duration_ms": 1200}
ENDED: Example = {"execution_id": EXECUTION_ID, "status": "completed", "completed_at": NOW}
LOGS: Example = {
    "entries": [{"level": "INFO", "message": "Page 3 read", "step_id": "read", "timestamp": NOW}],
    "sequence": 1,
}
LOGS_TAKEN: Example = {"accepted": 1}
RELEASED: Example = {"execution_id": EXECUTION_ID, "status": "pending"}
QUEUED: Example = {
    "execution_id": EXECUTION_ID,
    "workflow_id": WORKFLOW_ID,
    "workflow_name": "Daily Report",
    "created_at": EARLIER,
    "trigger_type": "manual",
}
QUEUE: Example = {"queue": [QUEUED], **PAGE}
ASSIGNED: Example = {
    "execution_id": EXECUTION_ID,
    "workflow_id": WORKFLOW_ID,
    "workflow_name": "Daily Report",
    "started_at": EARLIER,
    "trigger_type": "manual",
}
ASSIGNMENTS: Example = {"agent_id": AGENT_ID, "assigned_tasks": [ASSIGNED], "count": 1}
