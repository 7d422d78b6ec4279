"""An example of each shape of the administration, as OpenAPI shows it."""

from casare_cloud.faces.automation.examples import EARLIER, ORG_ID, ROLE_ID
from casare_cloud.faces.kit.examples import Example

ORGANIZATION: Example = {"id": ORG_ID, "name": "Acme", "plan": "free"}
DATED_ORGANIZATION: Example = {**ORGANIZATION, "created_at": EARLIER}
COUNTS: Example = {
    "users": 3,
    "workflows": 12,
    "agents": 2,
    "credentials": 0,
    "executions_total": 812,
    "executions_running": 1,
    "executions_failed": 9,
}
OVERVIEW: Example = {"organization": DATED_ORGANIZATION, "counts": COUNTS}
CHANGE: Example = {"name": "Acme Ltd"}
PERMISSION: Example = {
    "id": "executions.read",
    "code": "executions.read",
    "name": "executions.read",
    "description": "See jobs, their progress and results",
}
PERMISSIONS: Example = {"permissions": [PERMISSION]}
ROLE_PERMISSION: Example = {"id": "executions.read", "code": "executions.read", "name": "executions.read"}
ROLE: Example = {
    "id": ROLE_ID,
    "name": "Auditor",
    "slug": "auditor",
    "description": "",
    "permissions": [ROLE_PERMISSION],
    "created_at": EARLIER,
    "is_built_in": False,
}
ROLES: Example = {"roles": [ROLE], "total": 1}
ROLE_BODY: Example = {"name": "Auditor", "slug": "auditor", "permission_ids": ["executions.read"]}
ROLE_MADE: Example = {"id": ROLE_ID, "name": "Auditor", "slug": "auditor", "message": "The role was made."}
ROLE_CHANGE: Example = {"name": "Auditors"}
ROLE_CHANGED: Example = {"id": ROLE_ID, "name": "Auditors", "message": "The role was changed."}
CONFIG: Example = {"config": {}}
