"""An example of each shape of the invitation endpoints, as OpenAPI shows it."""

from casare_cloud.faces.kit.examples import Example
from casare_cloud.faces.orchestrator.examples import NOW, PAGE, ROLE_ID, TENANT_ID, USER_ID

INVITE: Example = {"email": "grace@example.com", "role": "developer", "expires_at": "2025-12-08T10:30:00Z"}
INVITATION: Example = {
    "invitation_id": "cc0e8400-e29b-41d4-a716-446655440007",
    "email": "grace@example.com",
    "role_id": ROLE_ID,
    "role": "developer",
    "status": "open",
    "invited_by": USER_ID,
    "inviter": "ada@example.com",
    "created_at": NOW,
    "expires_at": "2025-12-08T10:30:00Z",
    "accepted_at": None,
    "revoked_at": None,
}
INVITED: Example = {**INVITATION, "token": "inv_Q2hhcmxlcyBCYWJiYWdl"}
INVITATIONS: Example = {"invitations": [INVITATION], **PAGE}
ACCEPT: Example = {"token": "inv_Q2hhcmxlcyBCYWJiYWdl"}
ACCEPTED: Example = {"tenant_id": TENANT_ID, "tenant_slug": "acme", "tenant_name": "Acme"}
