"""An example of each shape of the variable endpoints, as OpenAPI shows it."""

from casare_cloud.faces.automation.examples import WORKFLOW_ID
from casare_cloud.faces.kit.examples import Example

VARIABLE: Example = {
    "name": "city",
    "type": "string",
    "default_value": "Izmir",
    "description": "Where",
    "required": False,
    "scope": "workflow",
    "sensitive": False,
}
MAPPING: Example = {"step_id": "fetch", "input_mapping": {"url": "base"}, "output_mapping": {"json": "rows"}}
READ: Example = {"workflow_id": WORKFLOW_ID, "variables": [VARIABLE], "step_mappings": [MAPPING]}
VARIABLES: Example = {"variables": [VARIABLE]}
SET: Example = {"workflow_id": WORKFLOW_ID, "variables": [VARIABLE], "count": 1}
MAPPINGS: Example = {"mappings": [MAPPING]}
MAPPED: Example = {"workflow_id": WORKFLOW_ID, "step_mappings": [MAPPING]}
VALUES: Example = {"variables": {"city": "Ankara"}}
WRONG: Example = {"variable": "city", "error": "city is required."}
CHECKED: Example = {"valid": False, "errors": [WRONG], "resolved": {"city": "Ankara"}}
