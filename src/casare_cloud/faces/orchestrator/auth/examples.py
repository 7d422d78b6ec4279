"""An example of each shape of the auth endpoints, as OpenAPI shows it."""

from casare_cloud.faces.kit.examples import Example
from casare_cloud.faces.orchestrator.examples import TENANT_ID, USER_ID

LOGGED_OUT: Example = {"message": "Successfully logged out"}
ME: Example = {
    "user_id": USER_ID,
    "roles": ["admin", "developer", "operator", "viewer"],
    "tenant_id": TENANT_ID,
    "dev_mode": False,
    "principal": "user",
    "username": "ada",
    "email": "ada@example.com",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "permissions": ["jobs.read", "workflows.read"],
}
TENANT: Example = {"tenant_id": TENANT_ID, "slug": "acme", "name": "Acme", "is_current": True}
TENANTS: Example = {"tenants": [TENANT]}
SWITCH: Example = {"tenant": "acme", "refresh_token": "v1f8K2xQmZ0aTq3b"}
