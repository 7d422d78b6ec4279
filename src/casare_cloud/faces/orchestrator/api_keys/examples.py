"""An example of each shape of the key endpoints, as OpenAPI shows it."""

from casare_cloud.faces.kit.examples import Example
from casare_cloud.faces.orchestrator.casare.shapes import KEY_ALIASES
from casare_cloud.faces.orchestrator.examples import NOW, PAGE, ROBOT_ID, USER_ID

CREATE_KEY: Example = {"name": "Line 3", "robot_id": "robot-prod-001"}
ROTATE_KEY: Example = {"overlap_seconds": 3600}
KEY: Example = {
    **KEY_ALIASES,
    "api_key_id": "bb0e8400-e29b-41d4-a716-446655440006",
    "name": "Line 3",
    "prefix": "crpa_8fK2xQ",
    "status": "active",
    "robot_id": "robot-prod-001",
    "robot_uuid": ROBOT_ID,
    "created_by": USER_ID,
    "created_at": NOW,
    "expires_at": None,
    "last_used_at": None,
    "revoked_at": None,
}
NEW_KEY: Example = {**KEY, "key": "crpa_8fK2xQ...", "api_key": "crpa_8fK2xQ..."}
KEYS: Example = {"keys": [KEY], "api_keys": [KEY], **PAGE}
IMPORT_KEY: Example = {"robot_id": "robot-prod-001", "sha256": "9f86d081884c7d659a2feaa0c55ad015" * 2}
CREATE_SERVICE_KEY: Example = {"name": "Nightly import", "scopes": ["workflows.read", "jobs.*"]}
SERVICE_KEY: Example = {
    **{name: value for name, value in KEY.items() if name not in ("robot_id", "robot_uuid", *KEY_ALIASES)},
    "name": "Nightly import",
    "prefix": "sk_live_8fK2xQ",
    "scopes": ["workflows.read", "jobs.*"],
}
NEW_SERVICE_KEY: Example = {**SERVICE_KEY, "key": "sk_live_8fK2xQ..."}
SERVICE_KEYS: Example = {"keys": [SERVICE_KEY], **PAGE}
