"""An example of each shape of the trigger endpoints, as OpenAPI shows it."""

from casare_cloud.faces.automation.examples import EXECUTION_ID, NOW, WORKFLOW_ID
from casare_cloud.faces.kit.examples import Example

TRIGGER_ID = "dd0e8400-e29b-41d4-a716-446655440008"
NEW: Example = {
    "workflow_id": WORKFLOW_ID,
    "name": "Orders",
    "trigger_type": "webhook",
    "config": {"path": "/hooks/orders"},
    "is_enabled": True,
}
CHANGES: Example = {"name": "All orders"}
TRIGGER: Example = {
    "id": TRIGGER_ID,
    "workflow_id": WORKFLOW_ID,
    "name": "Orders",
    "trigger_type": "webhook",
    "config": {"path": "/hooks/orders"},
    "is_enabled": True,
    "trigger_count": 3,
    "last_triggered_at": NOW,
    "error_message": None,
}
TRIGGERS: Example = {"triggers": [TRIGGER], "total": 1, "page": 1, "per_page": 20}
TYPES: Example = {"types": [{"type": "webhook", "name": "Webhook"}]}
TYPE: Example = {"type": "webhook", "name": "Webhook"}
RUNNING: Example = {"type": "webhook", "workflow_id": WORKFLOW_ID, "started_at": NOW}
STATUS: Example = {
    "initialized": True,
    "registered_handlers": ["manual", "webhook"],
    "active_triggers": 1,
    "triggers": {TRIGGER_ID: RUNNING},
}
TEST: Example = {"trigger_type": "webhook", "config": {"path": "/hooks/orders"}}
TESTED: Example = {"message": "The configuration can be used.", "valid": True}
FIRE: Example = {"payload": {"order": 7}}
FIRED: Example = {"message": "The workflow was started.", "execution_id": EXECUTION_ID}
