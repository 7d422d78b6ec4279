"""An example of each shape of the trigger endpoints, as OpenAPI shows it."""

from casare_cloud.faces.kit.examples import Example
from casare_cloud.faces.orchestrator.examples import JOB_ID, NOW, USER_ID, WORKFLOW_ID

_TRIGGER_ID = "880e8400-e29b-41d4-a716-446655440003"
_DELIVERY_ID = "990e8400-e29b-41d4-a716-446655440004"
_PATH = "/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"
CREATE_TRIGGER: Example = {
    "workflow_id": WORKFLOW_ID,
    "name": "New orders",
    "trigger_type": "webhook",
    "config": {
        "auth": "secret",
        "cooldown_seconds": 0,
        "payload_filter": {"event_type": "new_order"},
        "input_mapping": {"order_id": "$.data.order_id"},
        "priority": 5,
    },
    "is_enabled": True,
}
UPDATE_TRIGGER: Example = {"name": "Orders", "config": {"payload_filter": {"event_type": ["new_order", "order_paid"]}}}
TRIGGER: Example = {
    "id": _TRIGGER_ID,
    "trigger_id": _TRIGGER_ID,
    "workflow_id": WORKFLOW_ID,
    "workflow_name": "My Workflow",
    "name": "New orders",
    "trigger_type": "webhook",
    "config": {**CREATE_TRIGGER["config"], "path": _PATH},
    "is_enabled": True,
    "disabled_reason": None,
    "trigger_count": 12,
    "last_triggered_at": NOW,
    "error_message": None,
    "schedule_id": None,
    "webhook_url": f"https://hooks.example.org/webhook/{_TRIGGER_ID}",
    "path_url": f"https://hooks.example.org/webhooks{_PATH}",
    "created_by": USER_ID,
    "created_at": NOW,
    "updated_at": NOW,
}
_SECRET = "k2nDq0lq3R1cV8mZ5wYtUe7bXhJ4sGaP"  # what an example shows
TRIGGER_CREATED: Example = {**TRIGGER, "trigger_count": 0, "last_triggered_at": None, "secret": _SECRET}
TRIGGERS: Example = {"triggers": [TRIGGER], "total": 1, "limit": 100, "offset": 0}
TRIGGER_DELETED: Example = {"status": "success", "message": f"Trigger deleted: {_TRIGGER_ID}"}
ROTATE: Example = {"overlap_seconds": 86400}
ROTATED: Example = {"trigger_id": _TRIGGER_ID, "secret": _SECRET, "overlap_seconds": 86400}
TYPE: Example = {
    "type": "manual",
    "name": "By hand",
    "description": "Somebody fires it.",
    "fired_by": "person",
    "available": True,
    "unavailable_reason": None,
    "config_schema": {"type": "object", "properties": {"priority": {"type": "integer", "minimum": 0, "maximum": 20}}},
}
TYPES: Example = {"types": [TYPE]}
STATUS: Example = {
    "initialized": True,
    "registered_handlers": ["manual", "webhook"],
    "active_triggers": 1,
    "triggers": {_TRIGGER_ID: {"type": "webhook", "workflow_id": WORKFLOW_ID, "started_at": NOW}},
}
ACTIVE: Example = {"type": "webhook", "workflow_id": WORKFLOW_ID, "started_at": NOW}
TEST: Example = {"trigger_type": "webhook", "config": {"auth": "github"}}
TESTED: Example = {"valid": True, "message": "The configuration can be used."}
FIRE: Example = {"payload": {"order_id": "ORD-12345"}, "delivery_id": "file-2025-12-01-17"}
FIRED: Example = {
    "status": "accepted",
    "trigger_id": _TRIGGER_ID,
    "delivery_id": _DELIVERY_ID,
    "job_id": JOB_ID,
    "message": "Workflow execution triggered",
    "cooldown_remaining": None,
}
STATS: Example = {
    "trigger_id": _TRIGGER_ID,
    "accepted": 12,
    "duplicate": 3,
    "filtered": 40,
    "rejected": 1,
    "limited": 0,
    "last_triggered_at": NOW,
    "error_message": None,
}
DELIVERY: Example = {
    "delivery_id": _DELIVERY_ID,
    "received_at": NOW,
    "source": "webhook",
    "outcome": "accepted",
    "status_code": 200,
    "reason": None,
    "message_id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "job_id": JOB_ID,
    "first_id": None,
    "replay_of": None,
    "request": {"method": "POST", "path": f"/webhook/{_TRIGGER_ID}", "address": "192.0.2.7"},
}
DELIVERIES: Example = {"deliveries": [DELIVERY], "total": 1, "limit": 100, "offset": 0}
DELIVERY_WITH_PAYLOAD: Example = {**DELIVERY, "payload": {"event_type": "new_order", "data": {"order_id": "ORD-12345"}}}
ROBOT_TRIGGER: Example = {
    "trigger_id": _TRIGGER_ID,
    "name": "Invoices",
    "trigger_type": "file_watch",
    "config": {"path": "invoices", "patterns": ["*.pdf"]},
    "updated_at": NOW,
}
ROBOT_TRIGGERS: Example = {"triggers": [ROBOT_TRIGGER]}
