"""An example of each shape of the explanation endpoints, as OpenAPI shows it."""

from casare_cloud.faces.kit.examples import Example
from casare_cloud.faces.orchestrator.examples import EARLIER, JOB_ID, ROBOT_ID

ROBOT_JUDGEMENT: Example = {
    "robot_id": ROBOT_ID,
    "external_id": "robot-prod-001",
    "verdict": "blocked",
    "reason_code": "missing_capability",
    "sentence": "Robot robot-prod-001 lacks the capability sap.",
    "next_step": "Give a robot the capability, or enqueue the job without it.",
    "is_eligible": False,
    "ahead": None,
}
JOB_NOTE: Example = {
    "reason_code": "workflow_disabled",
    "sentence": "The workflow Daily Report is deleted, archived or disabled: it takes no new jobs. "
    "Of a deleted one the jobs that wait are cancelled; all others still run.",
    "next_step": "Cancel the jobs that shall not run. To enqueue jobs again, submit the workflow as a new one.",
}
JOB_EXPLANATION: Example = {
    "job_id": JOB_ID,
    "state": "queued",
    "verdict": "blocked",
    "reason_code": "missing_capability",
    "sentence": "No robot (of 1) can take this job now. The nearest: Robot robot-prod-001 lacks the capability sap.",
    "next_step": "Give a robot the capability, or enqueue the job without it.",
    "since": EARLIER,
    "position": 0,
    "robots": [ROBOT_JUDGEMENT],
    "robots_total": 1,
    "notes": [],
}
ROBOT_EXPLANATION: Example = {
    "robot_id": "robot-prod-001",
    "robot_uuid": ROBOT_ID,
    "state": "maintenance",
    "verdict": "blocked",
    "reason_code": "robot_paused",
    "sentence": "Robot robot-prod-001 is paused.",
    "next_step": "Resume the robot.",
    "since": None,
    "is_eligible": False,
    "free_slots": 3,
    "held_job_ids": [],
    "next_job_id": JOB_ID,
    "nearest_job_id": None,
}
