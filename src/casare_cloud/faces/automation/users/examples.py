"""An example of each shape of the users, as OpenAPI shows it."""

from casare_cloud.faces.automation.auth.examples import USER
from casare_cloud.faces.automation.examples import NOW, PAGE, ROLE_ID
from casare_cloud.faces.kit.examples import Example

USERS: Example = {"users": [USER], **PAGE}
CHANGE: Example = {"first_name": "Ada", "last_name": "King", "is_active": True}
INVITE: Example = {"email": "grace@example.com", "role_id": ROLE_ID}
INVITED: Example = {
    "id": "bb0e8400-e29b-41d4-a716-446655440006",
    "email": "grace@example.com",
    "role_id": ROLE_ID,
    "invitation_token": "inv_Q2hhcmxlcyBCYWJiYWdl",
    "expires_at": NOW,
    "message": "Send the token to the person: it is shown only now.",
}
