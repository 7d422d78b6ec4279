"""An example of each shape of the event endpoints, as OpenAPI shows it."""

from casare_cloud.faces.kit.examples import Example
from casare_cloud.faces.orchestrator.examples import JOB_ID, NOW, ROBOT_ID, WORKFLOW_ID

EVENT: Example = {
    "seq": 42,
    "event_id": "019abcde-0000-7000-8000-000000000001",
    "event_type": "job.completed",
    "timestamp": NOW,
    "job_id": JOB_ID,
    "robot_id": ROBOT_ID,
    "robot_external_id": "robot-prod-001",
    "workflow_id": WORKFLOW_ID,
    "actor_id": None,
    "data": {"status": "completed", "workflow_name": "Daily Report", "attempt": 1},
}
CURSOR: Example = {"next": 42}
EVENTS: Example = {"events": [EVENT], "next": 42}
