"""Shapes of many jobs in one request."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BeforeValidator, Field

from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.shapes import Answer, Body, Report, Time, Warnings
from casare_cloud.faces.kit.state_words import JobWord, job_word
from casare_cloud.faces.orchestrator.batches import examples
from casare_cloud.faces.orchestrator.fields import LeaseSeconds
from casare_cloud.faces.orchestrator.jobs.shapes import CancelReason, CreateJobBody
from casare_cloud.faces.orchestrator.leases.shapes import CompleteBody, FailBody, LeaseBody

JobIds = Annotated[list[UUID], Field(min_length=1, max_length=1000)]
Word = Annotated[JobWord | None, BeforeValidator(lambda status: status and job_word(status))]


class Outcome(Answer):
    """What became of one of the jobs, by its place in the request: the error when it was refused, else all null."""

    position: int
    job_id: UUID | None
    error_status: int | None
    error_code: str | None
    detail: Annotated[str | None, Field(validation_alias="error_message")]


class Outcomes(Answer):
    """How many were done, and how many refused."""

    succeeded: int
    failed: int

    @classmethod
    def of(cls, rows: list[dict[str, Any]]) -> Self:
        """The rows as the service gives them, in the order of the request."""
        failed = sum(row["error_code"] is not None for row in rows)
        return cls.model_validate({"results": rows, "succeeded": len(rows) - failed, "failed": failed})


class CreateJobsBody(Body):
    """Jobs to queue, each as for `POST /jobs`."""

    model_config = showing(examples.CREATE_JOBS, extra="forbid")

    jobs: Annotated[list[CreateJobBody], Field(min_length=1, max_length=1000)]


class CreateOutcome(Outcome):
    """The job that was queued, or the unfinished one with its dedupe key, and what it is now."""

    model_config = showing(examples.CREATED)

    status: Word
    warnings: Warnings


class CreateOutcomes(Outcomes):
    """An answer for each, in the order of the request."""

    model_config = showing(examples.CREATED_ALL)

    results: list[CreateOutcome]


class CancelJobsBody(CancelReason):
    """Which jobs, and why."""

    model_config = showing(examples.CANCEL_JOBS, extra="forbid")

    job_ids: JobIds


class CancelOutcome(Outcome):
    """As for one job: `cancelled` is false for a job that was finished before, or whose robot was asked to stop it."""

    model_config = showing(examples.CANCELLED)

    cancelled: bool | None
    cancel_requested: bool | None
    previous_status: Word


class CancelOutcomes(Outcomes):
    """An answer for each, in the order of the request."""

    model_config = showing(examples.CANCELLED_ALL)

    results: list[CancelOutcome]


class RetryJobsBody(Body):
    """Which jobs."""

    model_config = showing(examples.RETRY_JOBS, extra="forbid")

    job_ids: JobIds


class RetryOutcome(Outcome):
    """The new job."""

    model_config = showing(examples.RETRIED)

    new_job_id: UUID | None


class RetryOutcomes(Outcomes):
    """An answer for each, in the order of the request."""

    model_config = showing(examples.RETRIED_ALL)

    results: list[RetryOutcome]


class CompleteOneBody(CompleteBody):
    """A job and its result."""

    model_config = showing(examples.COMPLETE_ONE)

    job_id: UUID


class CompleteJobsBody(Report):
    """Jobs and their results."""

    model_config = showing(examples.COMPLETE_JOBS, extra="forbid")

    results: Annotated[list[CompleteOneBody], Field(min_length=1, max_length=100)]


class FailOneBody(FailBody):
    """A job and what went wrong."""

    model_config = showing(examples.FAIL_ONE)

    job_id: UUID


class FailJobsBody(Report):
    """Jobs and what went wrong."""

    model_config = showing(examples.FAIL_JOBS, extra="forbid")

    failures: Annotated[list[FailOneBody], Field(min_length=1, max_length=100)]


class EndOutcome(Outcome):
    """What the job is now; `retry_at` when there will be another attempt."""

    model_config = showing(examples.ENDED)

    status: Word
    retry_at: Time | None = None


class EndOutcomes(Outcomes):
    """An answer for each, in the order of the request."""

    model_config = showing(examples.ENDED_ALL)

    results: list[EndOutcome]


class LeaseOfJobBody(LeaseBody):
    """A job and the token of its lease."""

    model_config = showing(examples.LEASE_OF_JOB)

    job_id: UUID


class ExtendLeasesBody(Body):
    """Which leases, and how long they are to last from now."""

    model_config = showing(examples.EXTEND_LEASES, extra="forbid")

    leases: Annotated[list[LeaseOfJobBody], Field(min_length=1, max_length=100)]
    lease_seconds: LeaseSeconds = 60


class LeaseExtended(Answer):
    """A lease that lasts, or not `renewed`: it is lost. `cancel_requested`: somebody wants the job to end."""

    model_config = showing(examples.EXTENDED)

    job_id: UUID
    renewed: bool
    lease_expires_at: Time | None
    cancel_requested: bool


class LeasesExtended(Answer):
    """An answer for each, in the order of the request."""

    model_config = showing(examples.EXTENDED_ALL)

    leases: list[LeaseExtended]
