"""An example of each shape of the workflow endpoints, as OpenAPI shows it."""

from casare_cloud.faces.automation.examples import EARLIER, EXECUTION_ID, NOW, PAGE, USER_ID, WORKFLOW_ID
from casare_cloud.faces.kit.examples import Example

DEFINITION: Example = {
    "variables": [{"name": "city", "type": "string", "default_value": "Izmir"}],
    "steps": [
        {
            "id": "fetch",
            "name": "Fetch",
            "type": "http_request",
            "config": {"url": "https://example.com"},
            "depends_on": [],
        }
    ],
}
DRAFT: Example = {"name": "Daily Report", "description": "Example workflow", "definition": DEFINITION}
CHANGES: Example = {"name": "Daily Report", "definition": DEFINITION, "is_enabled": True, "version": 1}
WORKFLOW: Example = {
    "id": WORKFLOW_ID,
    "name": "Daily Report",
    "description": "Example workflow",
    "definition": DEFINITION,
    "version": 1,
    "is_enabled": True,
    "status": "draft",
    "created_by": USER_ID,
    "created_at": EARLIER,
    "updated_at": NOW,
}
WORKFLOW_SAVED: Example = {**WORKFLOW, "warnings": []}
WORKFLOWS: Example = {"workflows": [WORKFLOW], **PAGE}
EXECUTE: Example = {"variables": {"city": "Izmir"}}
EXECUTED: Example = {
    "id": EXECUTION_ID,
    "workflow_id": WORKFLOW_ID,
    "trigger_type": "manual",
    "status": "pending",
    "warnings": [],
}
ACT: Example = {
    "id": "bb0e8400-e29b-41d4-a716-446655440006",
    "action": "publish",
    "user_email": "ada@example.com",
    "old_values": {"status": "draft"},
    "new_values": {"status": "published"},
    "created_at": NOW,
}
HISTORY: Example = {"history": [ACT], "items": [ACT], **PAGE}
