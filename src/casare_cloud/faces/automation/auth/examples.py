"""An example of each shape of the auth endpoints, as OpenAPI shows it."""

from casare_cloud.faces.automation.examples import EARLIER, ORG_ID, USER_ID
from casare_cloud.faces.kit.examples import Example

REGISTER: Example = {
    "email": "ada@example.com",
    "password": "Analytical1",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "org_name": "Acme",
}
USER: Example = {
    "id": USER_ID,
    "email": "ada@example.com",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "org_id": ORG_ID,
    "is_active": True,
    "roles": ["admin"],
    "created_at": EARLIER,
}
ME: Example = {**USER, "username": "ada", "org_name": "Acme", "permissions": ["executions.read", "workflows.read"]}
PASSWORDS: Example = {"current_password": "Analytical1", "new_password": "Analytical2"}
CHANGED: Example = {"success": True, "message": "The password was changed."}
