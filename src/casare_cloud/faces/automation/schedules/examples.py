"""An example of each shape of the schedule endpoints, as OpenAPI shows it."""

from casare_cloud.faces.automation.examples import EARLIER, NOW, PAGE, WORKFLOW_ID
from casare_cloud.faces.kit.examples import Example

NEW: Example = {
    "workflow_id": WORKFLOW_ID,
    "name": "Every morning",
    "cron_expression": "0 6 * * MON-FRI",
    "timezone": "Europe/Berlin",
    "is_enabled": True,
}
CHANGES: Example = {"cron_expression": "0 7 * * *"}
SCHEDULE: Example = {
    "id": "cc0e8400-e29b-41d4-a716-446655440007",
    "workflow_id": WORKFLOW_ID,
    "workflow_name": "Daily Report",
    "name": "Every morning",
    "cron_expression": "0 6 * * MON-FRI",
    "timezone": "Europe/Berlin",
    "is_enabled": True,
    "next_run_at": "2025-12-02T05:00:00Z",
    "last_run_at": None,
    "created_at": EARLIER,
    "updated_at": NOW,
}
SCHEDULES: Example = {"items": [SCHEDULE], **PAGE, "pages": 1}
