"""An example of each shape of the auth endpoints, as OpenAPI shows it."""

from casare_cloud.faces.kit.examples import Example
from casare_cloud.faces.orchestrator.examples import USER_ID

LOGGED_OUT: Example = {"message": "Successfully logged out"}
ME: Example = {
    "user_id": USER_ID,
    "roles": ["admin", "developer", "operator", "viewer"],
    "tenant_id": "990e8400-e29b-41d4-a716-446655440004",
    "dev_mode": False,
    "principal": "user",
    "username": "ada",
    "email": "ada@example.com",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "permissions": ["jobs.read", "workflows.read"],
}
