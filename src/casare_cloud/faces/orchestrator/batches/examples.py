"""An example of each shape of the endpoints for many jobs, as OpenAPI shows it."""

from casare_cloud.faces.kit.examples import Example
from casare_cloud.faces.orchestrator.examples import JOB_ID
from casare_cloud.faces.orchestrator.jobs.examples import CREATE_JOB
from casare_cloud.faces.orchestrator.leases.examples import COMPLETE, FAIL, LEASE
from casare_cloud.faces.orchestrator.leases.examples import EXTENDED as EXTENDED

_DONE: Example = {"position": 0, "job_id": JOB_ID, "error_status": None, "error_code": None, "detail": None}
_COUNTS: Example = {"succeeded": 1, "failed": 0}

CREATE_JOBS: Example = {"jobs": [CREATE_JOB]}
CREATED: Example = {**_DONE, "status": "pending", "warnings": []}
CREATED_ALL: Example = {"results": [CREATED], **_COUNTS}
CANCEL_JOBS: Example = {"job_ids": [JOB_ID], "reason": "Wrong file"}
CANCELLED: Example = {**_DONE, "cancelled": True, "cancel_requested": False, "previous_status": "pending"}
CANCELLED_ALL: Example = {"results": [CANCELLED], **_COUNTS}
RETRY_JOBS: Example = {"job_ids": [JOB_ID]}
RETRIED: Example = {**_DONE, "new_job_id": "660e8400-e29b-41d4-a716-446655440009"}
RETRIED_ALL: Example = {"results": [RETRIED], **_COUNTS}
COMPLETE_ONE: Example = {"job_id": JOB_ID, **COMPLETE}
COMPLETE_JOBS: Example = {"results": [COMPLETE_ONE]}
FAIL_ONE: Example = {"job_id": JOB_ID, **FAIL}
FAIL_JOBS: Example = {"failures": [FAIL_ONE]}
ENDED: Example = {**_DONE, "status": "completed", "retry_at": None}
ENDED_ALL: Example = {"results": [ENDED], **_COUNTS}
LEASE_OF_JOB: Example = {"job_id": JOB_ID, **LEASE}
EXTEND_LEASES: Example = {"leases": [LEASE_OF_JOB], "lease_seconds": 60}
EXTENDED_ALL: Example = {"leases": [EXTENDED]}
