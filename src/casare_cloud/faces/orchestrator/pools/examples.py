"""An example of each shape of the pool endpoints, as OpenAPI shows it."""

from casare_cloud.faces.kit.examples import Example
from casare_cloud.faces.orchestrator.examples import EARLIER, NOW

_POOL_ID = "dd0e8400-e29b-41d4-a716-446655440008"
CREATE_POOL: Example = {"name": "shared", "shares_by": "robot_seconds"}
UPDATE_POOL: Example = {"shares_by": "jobs"}
POOL: Example = {
    "pool_id": _POOL_ID,
    "name": "shared",
    "standing": "member",
    "shares_by": "robot_seconds",
    "weight": 2,
    "max_running": 10,
    "invited_at": EARLIER,
    "accepted_at": NOW,
}
POOLS: Example = {"pools": [POOL]}
POOL_DELETED: Example = {"pool_id": _POOL_ID, "deleted": True}
POOL_LEFT: Example = {"pool_id": _POOL_ID, "name": "shared", "left": True}
PUT_POOL_MEMBER: Example = {"weight": 2, "max_running": 10}
POOL_MEMBER: Example = {
    **PUT_POOL_MEMBER,
    "tenant": "acme",
    "load": 421.5,
    "invited_at": EARLIER,
    "accepted_at": NOW,
}
POOL_MEMBERS: Example = {"members": [POOL_MEMBER]}
