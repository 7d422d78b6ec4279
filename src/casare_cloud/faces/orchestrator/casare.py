"""What CasareRPA's own programs send and read beside documents 000, 002 and 003, in one place.

Each is an addition: no documented field goes away, and OpenAPI describes both. docs/coming-from-casare.md has the list.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AliasChoices, Field

from casare_cloud.domain.jobs.model import ClaimedJob
from casare_cloud.faces.kit.examples import Example, showing
from casare_cloud.faces.kit.shapes import Answer, Time
from casare_cloud.faces.orchestrator.examples import EARLIER, JOB_ID, NOW, WORKFLOW_ID
from casare_cloud.faces.orchestrator.fields import LeaseSeconds

# --- the robot: documents have lease_seconds

VisibilitySeconds = Annotated[
    LeaseSeconds | None,
    Field(description="Of CasareRPA's robot: `lease_seconds`, and the answer is one job that runs from now, or null."),
]
ExtensionSeconds = Annotated[
    LeaseSeconds,
    Field(validation_alias=AliasChoices("lease_seconds", "extension_seconds"), description="Also: extension_seconds."),
]

_FLAT_JOB: Example = {
    "job_id": JOB_ID,
    "workflow_id": WORKFLOW_ID,
    "workflow_name": "Daily Report",
    "workflow_json": '{"nodes": [], "connections": []}',
    "priority": 10,
    "environment": "*",
    "variables": {"param": "value"},
    "created_at": EARLIER,
    "claimed_at": NOW,
    "retry_count": 0,
    "max_retries": 2,
    "lease_token": 42,
}


class FlatJob(Answer):
    """The one job of a claim with `visibility_timeout_seconds`; `workflow_json` is a JSON text."""

    model_config = showing(_FLAT_JOB)

    job_id: UUID
    workflow_id: UUID
    workflow_name: str
    workflow_json: str
    priority: int
    environment: str
    variables: dict[str, Any]
    created_at: Time
    claimed_at: Time
    retry_count: int
    max_retries: int
    lease_token: int

    @classmethod
    def of(cls, job: ClaimedJob, lease_seconds: int) -> Self:
        """A job that was just claimed for so many seconds."""
        return cls(
            job_id=job.job_id,
            workflow_id=job.workflow_id,
            workflow_name=job.workflow_name,
            workflow_json=json.dumps(job.workflow_json),
            priority=job.priority,
            environment=job.environment,
            variables=job.input,
            created_at=datetime.fromtimestamp((job.job_id.int >> 80) / 1000, UTC),  # of a UUID of version 7
            claimed_at=job.lease_expires_at - timedelta(seconds=lease_seconds),
            retry_count=job.attempt - 1,
            max_retries=job.max_attempts - 1,
            lease_token=job.lease_token,
        )
