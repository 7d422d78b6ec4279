"""An example of each shape of the queue's endpoints, as OpenAPI shows it."""

from casare_cloud.faces.kit.examples import Example
from casare_cloud.faces.orchestrator.examples import JOB_ID

REASON: Example = {
    "reason_code": "missing_capability",
    "verdict": "blocked",
    "jobs": 12,
    "is_capped": False,
    "job_id": JOB_ID,
    "sentence": "No robot (of 1) can take this job now. The nearest: Robot robot-prod-001 lacks the capability sap.",
    "next_step": "Give a robot the capability, or enqueue the job without it.",
}
REASONS: Example = {"waiting": 12, "scheduled": 0, "is_capped": False, "others": 0, "reasons": [REASON]}
