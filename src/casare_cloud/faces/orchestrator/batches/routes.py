"""Many jobs in one request.

A request that breaks a rule of its shape is refused as a whole, with the place and the field; what the state of a job
forbids is the answer for that job, and the others are done.
"""

from typing import Any

from fastapi import APIRouter

from casare_cloud.domain.jobs import batches
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.kit.shapes import Body
from casare_cloud.faces.orchestrator.batches.shapes import (
    CancelJobsBody,
    CancelOutcomes,
    CompleteJobsBody,
    CreateJobsBody,
    CreateOutcomes,
    EndOutcomes,
    ExtendLeasesBody,
    FailJobsBody,
    LeasesExtended,
    RetryJobsBody,
    RetryOutcomes,
)
from casare_cloud.faces.orchestrator.refusals import idempotent, refusals

router = APIRouter(prefix="/batch", route_class=Route)


@router.post("", **idempotent())
async def create_jobs(body: CreateJobsBody, tx: Tx) -> CreateOutcomes:
    """Queue up to 1,000 jobs, each as for `POST /jobs`; each has its own answer.

    More than 100 are pushed to watchers as one `jobs.queued`. Needs jobs.create.
    """
    rows = await batches.enqueue_many(tx, [job.job() for job in body.jobs])
    return CreateOutcomes.of([{**row, "warnings": body.jobs[row["position"]].warnings()} for row in rows])


@router.post("/cancel", responses=refusals())
async def cancel_jobs(body: CancelJobsBody, tx: Tx) -> CancelOutcomes:
    """Cancel up to 1,000 jobs; each has its own answer. Only `POST /jobs/{job_id}/cancel` can force.

    Needs jobs.cancel.
    """
    return CancelOutcomes.of(await batches.cancel_many(tx, body.job_ids, body.reason))


@router.post("/retry", **idempotent())
async def retry_jobs(body: RetryJobsBody, tx: Tx) -> RetryOutcomes:
    """Queue up to 1,000 jobs again that failed, were cancelled or timed out; each has its own answer.

    Needs jobs.retry.
    """
    return RetryOutcomes.of(await batches.retry_many(tx, body.job_ids))


@router.post("/complete", responses=refusals())
async def complete_jobs(body: CompleteJobsBody, tx: Tx) -> EndOutcomes:
    """End up to 100 jobs with their results; each has its own answer. Needs jobs.report (robots)."""
    return EndOutcomes.of(await batches.complete_many(tx, [_as_sent(each) for each in body.results]))


@router.post("/fail", responses=refusals())
async def fail_jobs(body: FailJobsBody, tx: Tx) -> EndOutcomes:
    """End up to 100 attempts with their errors; each has its own answer. Needs jobs.report (robots)."""
    return EndOutcomes.of(await batches.fail_many(tx, [_as_sent(each) for each in body.failures]))


@router.post("/extend-lease", responses=refusals())
async def extend_leases(body: ExtendLeasesBody, tx: Tx) -> LeasesExtended:
    """Keep up to 100 jobs for `lease_seconds` from now. Needs jobs.report (robots)."""
    rows = await batches.renew_many(tx, [_as_sent(lease) for lease in body.leases], body.lease_seconds)
    return LeasesExtended.model_validate({"leases": rows})


def _as_sent(item: Body) -> dict[str, Any]:
    return item.model_dump(exclude_none=True)
