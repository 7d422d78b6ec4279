"""An example of each shape of the role endpoint, as OpenAPI shows it."""

from casare_cloud.faces.kit.examples import Example
from casare_cloud.faces.orchestrator.examples import NOW, ROLE_ID

ROLE: Example = {
    "role_id": ROLE_ID,
    "name": "Developer",
    "slug": "developer",
    "description": "Builds workflows and runs them",
    "is_built_in": True,
    "permissions": ["jobs.create", "jobs.read", "workflows.write"],
    "created_at": NOW,
}
ROLES: Example = {"roles": [ROLE]}
PERMISSION: Example = {"code": "jobs.read", "description": "See jobs, their progress and results"}
PERMISSIONS: Example = {"permissions": [PERMISSION]}
NEW_ROLE: Example = {
    "name": "Auditor",
    "slug": "auditor",
    "description": "Sees what happened",
    "permissions": ["jobs.read", "audit.read"],
}
ROLE_CHANGE: Example = {"name": "Auditors", "permissions": ["jobs.read", "audit.read", "events.read"]}
ROLE_DELETED: Example = {"role_id": ROLE_ID}
