"""An example of each shape of the bulk endpoints, as OpenAPI shows it."""

from casare_cloud.faces.automation.examples import EXECUTION_ID, WORKFLOW_ID
from casare_cloud.faces.kit.examples import Example

IDS: Example = {"ids": [WORKFLOW_ID, EXECUTION_ID]}
FAILED: Example = {"id": EXECUTION_ID, "error": "Not found"}
DONE: Example = {"success": 1, "failed": 1, "errors": [FAILED]}
