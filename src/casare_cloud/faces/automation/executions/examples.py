"""An example of each shape of the execution endpoints, as OpenAPI shows it."""

from casare_cloud.faces.automation.examples import AGENT_ID, EARLIER, EXECUTION_ID, NOW, PAGE, WORKFLOW_ID
from casare_cloud.faces.kit.examples import Example

EXECUTION: Example = {
    "id": EXECUTION_ID,
    "workflow_id": WORKFLOW_ID,
    "workflow_name": "Daily Report",
    "agent_id": AGENT_ID,
    "trigger_type": "manual",
    "status": "completed",
    "started_at": EARLIER,
    "completed_at": NOW,
    "duration_ms": 1800000,
    "error_message": None,
    "retry_count": 0,
    "created_at": EARLIER,
}
STEP: Example = {
    "id": "fetch",
    "step_id": "fetch",
    "name": "Fetch",
    "type": "http_request",
    "status": "completed",
    "input": {"url": "https://example.com"},
    "output": {"status_code": 200},
    "error": None,
    "duration_ms": 120,
    "started_at": EARLIER,
    "completed_at": NOW,
}
DETAIL: Example = {**EXECUTION, "steps": [STEP], "step_results": [STEP]}
EXECUTIONS: Example = {"executions": [EXECUTION], **PAGE}
LOG: Example = {
    "id": "990e8400-e29b-41d4-a716-446655440014",
    "level": "INFO",
    "message": "Page 3 read",
    "context": {"step_id": "fetch"},
    "timestamp": NOW,
}
CANCELLED: Example = {"message": "The execution was cancelled."}
STEP_DATA: Example = {"status": "completed", "output": {"status_code": 200}, "error": None, "duration_ms": 120}
DATA: Example = {"execution_id": EXECUTION_ID, "steps": {"fetch": STEP_DATA}, "variables": {"city": "Izmir"}}
