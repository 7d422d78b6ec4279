"""An example of each shape of the audit endpoints, as OpenAPI shows it."""

from casare_cloud.faces.kit.examples import Example
from casare_cloud.faces.orchestrator.examples import NOW, USER_ID

ENTRY: Example = {
    "audit_id": "019abcde-0000-7000-8000-000000000002",
    "created_at": NOW,
    "actor_id": USER_ID,
    "actor": "ada@example.com",
    "principal": "user",
    "action": "update",
    "resource_type": "limits",
    "resource_id": "tenant",
    "old_values": {"max_running": 10},
    "new_values": {"max_running": 50},
    "ip_address": "192.0.2.7",
}
ENTRIES: Example = {"entries": [ENTRY], "next": None, "looked_back_to": None}
