"""An example of each shape of the dead letter endpoints, as OpenAPI shows it."""

from casare_cloud.faces.kit.examples import Example
from casare_cloud.faces.orchestrator.casare.shapes import DEAD_LETTER_ENTRY
from casare_cloud.faces.orchestrator.examples import JOB_ID, NOW, PAGE, WORKFLOW_ID

DEAD_LETTER: Example = {
    "job_id": JOB_ID,
    "workflow_id": WORKFLOW_ID,
    "workflow_name": "Daily Report",
    "reason": "attempts_exhausted",
    "attempts": 3,
    "error_type": "TimeoutError",
    "error_message": "The page did not answer.",
    "dead_lettered_at": NOW,
    "resolved_at": None,
    "resolved_by": None,
    "requeued_job_id": None,
}
DEAD_LETTERS: Example = {"dead_letters": [DEAD_LETTER], "entries": [DEAD_LETTER_ENTRY], "pending": 1, **PAGE}
WORKFLOW_DEAD_LETTERS: Example = {"workflow_id": WORKFLOW_ID, "workflow_name": "Daily Report", "letters": 1}
DEAD_LETTER_STATS: Example = {
    "open": 1,
    "resolved": 4,
    "oldest_at": NOW,
    "by_reason": {"attempts_exhausted": 1},
    "by_workflow": [WORKFLOW_DEAD_LETTERS],
}
REQUEUED: Example = {"job_id": JOB_ID, "new_job_id": "660e8400-e29b-41d4-a716-446655440009"}
PURGED: Example = {"job_id": JOB_ID, "purged": True}
MANY_DEAD_LETTERS: Example = {"job_ids": [JOB_ID]}
DEAD_LETTER_OUTCOME: Example = {
    "position": 0,
    "job_id": JOB_ID,
    "status": "requeued",
    "new_job_id": "660e8400-e29b-41d4-a716-446655440009",
    "error_status": None,
    "error_code": None,
    "detail": None,
}
DEAD_LETTER_OUTCOMES: Example = {"results": [DEAD_LETTER_OUTCOME], "succeeded": 1, "failed": 0}
