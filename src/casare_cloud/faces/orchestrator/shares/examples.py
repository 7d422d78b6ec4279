"""An example of each shape of the share endpoints, as OpenAPI shows it."""

from casare_cloud.faces.kit.examples import Example
from casare_cloud.faces.orchestrator.examples import WORKFLOW_ID

SET_SHARE: Example = {"weight": 2}
SHARE: Example = {
    "workflow_id": WORKFLOW_ID,
    "workflow_name": "Invoices",
    "weight": 2,
    "load": 421.5,
    "running": 3,
}
SHARES: Example = {"shares": [SHARE], "limit": 100, "offset": 0}
