"""An example of each shape of the setting endpoints, as OpenAPI shows it."""

from casare_cloud.faces.kit.examples import Example
from casare_cloud.faces.orchestrator.examples import TENANT_ID

SETTING: Example = {
    "name": "queue.ageing_minutes",
    "type": "integer",
    "value": 15,
    "default": 30,
    "is_default": False,
    "minimum": 0,
    "maximum": 100000,
    "choices": None,
    "unit": "minutes",
    "is_changeable": True,
    "meaning": "After how long without a claim jobs of one demand rise a step of priority; 0: never.",
}
SETTINGS: Example = {"tenant_id": TENANT_ID, "plan": "pro", "settings": [SETTING]}
CHANGE: Example = {"settings": {"queue.ageing_minutes": 15, "timezone": "Europe/Berlin"}}
QUOTA: Example = {"name": "triggers", "used": 12, "most": 1000, "meaning": "Triggers."}
QUOTAS: Example = {"plan": "pro", "quotas": [QUOTA]}
