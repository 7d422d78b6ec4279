"""An example of each shape of the purge endpoint, as OpenAPI shows it."""

from casare_cloud.faces.kit.examples import Example
from casare_cloud.faces.orchestrator.examples import EARLIER, JOB_ID, WORKFLOW_ID

PURGE: Example = {
    "status": ["completed", "cancelled"],
    "finished_before": EARLIER,
    "workflow_id": WORKFLOW_ID,
    "dry_run": True,
    "limit": 1000,
    "after": JOB_ID,
}
PURGED: Example = {
    "dry_run": True,
    "purged": 412,
    "dead_letters": 0,
    "log_entries": 3120,
    "seen": 1000,
    "next_after": JOB_ID,
}
