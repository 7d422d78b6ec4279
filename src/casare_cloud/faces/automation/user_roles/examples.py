"""An example of each shape of the roles of users, as OpenAPI shows it."""

from casare_cloud.faces.automation.examples import ROLE_ID, USER_ID
from casare_cloud.faces.kit.examples import Example

ROLE: Example = {
    "id": ROLE_ID,
    "name": "Developer",
    "slug": "developer",
    "description": "Builds workflows and runs them",
}
ROLES: Example = {"user_id": USER_ID, "email": "ada@example.com", "roles": [ROLE]}
ASSIGN: Example = {"role_id": ROLE_ID}
ASSIGNED: Example = {"message": "The role was given.", "role_id": ROLE_ID}
BULK: Example = {"user_ids": [USER_ID], "role_id": ROLE_ID}
ERROR: Example = {"user_id": USER_ID, "error": "There is no such member."}
BULK_ROLE: Example = {"id": ROLE_ID, "name": "Developer"}
BULK_ASSIGNED: Example = {"success": 1, "skipped": 0, "errors": [ERROR], "role": BULK_ROLE}
SHORT_ROLE: Example = {**BULK_ROLE, "slug": "developer"}
PERSON: Example = {
    "id": USER_ID,
    "email": "ada@example.com",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "is_active": True,
}
BY_ROLE: Example = {"role": SHORT_ROLE, "users": [PERSON]}
