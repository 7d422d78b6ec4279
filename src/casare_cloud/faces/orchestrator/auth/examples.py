"""An example of each shape of the auth endpoints, as OpenAPI shows it."""

from casare_cloud.faces.kit.examples import Example
from casare_cloud.faces.orchestrator.examples import USER_ID

LOGIN: Example = {"username": "admin", "password": "your-password"}
REFRESH: Example = {"refresh_token": "v1f8K2xQmZ0aTq3b"}
REGISTER: Example = {
    "email": "ada@example.com",
    "password": "Analytical1",
    "org_name": "Acme",
    "username": "ada",
    "first_name": "Ada",
    "last_name": "Lovelace",
}
TOKENS: Example = {
    "access_token": "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9...",
    "refresh_token": "v1f8K2xQmZ0aTq3b",
    "token_type": "bearer",
    "expires_in": 3600,
}
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
