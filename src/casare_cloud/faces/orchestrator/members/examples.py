"""An example of each shape of the member endpoints, as OpenAPI shows it."""

from casare_cloud.faces.kit.examples import Example
from casare_cloud.faces.orchestrator.examples import NOW, PAGE, ROLE_ID, USER_ID

ROLE: Example = {"role_id": ROLE_ID, "name": "Developer", "slug": "developer"}
MEMBER: Example = {
    "user_id": USER_ID,
    "username": "ada",
    "email": "ada@example.com",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "is_active": True,
    "roles": [ROLE],
    "created_at": NOW,
}
MEMBERS: Example = {"members": [MEMBER], **PAGE}
CHANGE: Example = {"roles": ["developer"], "is_active": True, "first_name": "Ada", "last_name": "King"}
REMOVED: Example = {"user_id": USER_ID, "live_api_keys": ["bb0e8400-e29b-41d4-a716-446655440006"]}
