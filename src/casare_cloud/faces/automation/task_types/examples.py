"""An example of each shape of the task type endpoints, as OpenAPI shows it."""

from casare_cloud.faces.kit.examples import Example

TASK_TYPE: Example = {
    "task_type": "delay",
    "display_name": "Delay",
    "description": "Waits.",
    "icon": "Clock",
    "config_schema": {"type": "object", "properties": {"seconds": {"type": "number"}}, "required": []},
    "needs": None,
}
TASK_TYPES: Example = {"task_types": [TASK_TYPE], "count": 1}
