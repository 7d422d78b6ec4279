"""An example of each shape of the limit endpoints, as OpenAPI shows it."""

from casare_cloud.faces.kit.examples import Example
from casare_cloud.faces.orchestrator.examples import NOW

SET_LIMIT: Example = {
    "scope": "key",
    "concurrency_key": "till-1",
    "max_running": 1,
    "on_collision": "cancel_newest",
}
LIMIT: Example = {**SET_LIMIT, "workflow_id": None, "running": 1, "updated_at": NOW}
LIMITS: Example = {"limits": [LIMIT], "limit": 100, "offset": 0}
