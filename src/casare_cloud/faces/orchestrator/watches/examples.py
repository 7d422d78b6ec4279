"""An example of each shape of the watch endpoint, as OpenAPI shows it."""

from casare_cloud.faces.kit.examples import Example
from casare_cloud.faces.orchestrator.examples import JOB_ID

WATCH: Example = {"job_id": JOB_ID}
WATCHED: Example = {"topic": f"job:{JOB_ID}", "pushes": "watched", "renew_after_seconds": 30, "after": 42}
