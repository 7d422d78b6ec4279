"""Many jobs in one call. Each has an answer of its own, by its place in the request; a refusal stops no other job."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from casare_cloud.database import Transaction
from casare_cloud.domain.jobs import queries
from casare_cloud.domain.jobs.model import NewJob
from casare_cloud.domain.workflows import service as workflow_service
from casare_cloud.errors import NotFound

Row = dict[str, Any]


async def enqueue_many(tx: Transaction, jobs: Sequence[NewJob]) -> list[Row]:
    """`enqueue` for 1 to 1,000 jobs: {position, job_id, status, error_status, error_code, error_message}."""
    workflows: dict[UUID | str, UUID | NotFound] = {}
    for job in jobs:
        if job.workflow_id not in workflows:
            try:
                workflows[job.workflow_id] = await workflow_service.id_of(tx, job.workflow_id, "jobs.create")
            except NotFound as problem:
                workflows[job.workflow_id] = problem
    items: list[Row] = []
    places: list[int] = []
    rows: list[Row] = []
    for position, job in enumerate(jobs):
        workflow = workflows[job.workflow_id]
        if isinstance(workflow, NotFound):
            error = {"error_status": workflow.status, "error_code": workflow.code, "error_message": workflow.message}
            rows.append({"position": position, "job_id": None, "status": None, **error})
        else:
            places.append(position)
            items.append(_item(job, workflow))
    if items:
        done = await tx.fetch_all(queries.ENQUEUE_JOBS, {"jobs": Jsonb(items)})
        rows += [{**row, "position": places[row["position"]]} for row in done]
    return sorted(rows, key=lambda row: row["position"])


def _item(job: NewJob, workflow_id: UUID) -> Row:
    run_at = job.run_at.isoformat() if job.run_at else None
    return {**asdict(job), "workflow_id": str(workflow_id), "run_at": run_at}


async def cancel_many(tx: Transaction, job_ids: Sequence[UUID], reason: str | None) -> list[Row]:
    """`cancel` for 1 to 1,000 jobs: {position, job_id, cancelled, cancel_requested, previous_status, error_…}."""
    return await tx.fetch_all(queries.CANCEL_JOBS, {"job_ids": list(job_ids), "reason": reason})


async def retry_many(tx: Transaction, job_ids: Sequence[UUID]) -> list[Row]:
    """`retry` for 1 to 1,000 jobs: {position, job_id, new_job_id, error_…}."""
    return await tx.fetch_all(queries.RETRY_JOBS, {"job_ids": list(job_ids)})


async def complete_many(tx: Transaction, results: Sequence[Mapping[str, Any]]) -> list[Row]:
    """`complete` for 1 to 100 jobs {job_id, lease_token, result, node_executions}.

    {position, job_id, status, error_status, error_code, error_message} of each.
    """
    return await tx.fetch_all(queries.COMPLETE_JOBS, {"results": _json(results)})


async def fail_many(tx: Transaction, failures: Sequence[Mapping[str, Any]]) -> list[Row]:
    """`fail` for 1 to 100 jobs, `complete_many`'s answer with `retry_at` when there will be another attempt."""
    return await tx.fetch_all(queries.FAIL_JOBS, {"failures": _json(failures)})


async def renew_many(tx: Transaction, leases: Sequence[Mapping[str, Any]], lease_seconds: int) -> list[Row]:
    """`renew_lease` for 1 to 100 jobs {job_id, lease_token}: {job_id, renewed, lease_expires_at, cancel_requested}."""
    return await tx.fetch_all(queries.RENEW_LEASES, {"leases": _json(leases), "lease_seconds": lease_seconds})


def _json(items: Sequence[Mapping[str, Any]]) -> Jsonb:
    return Jsonb(items, dumps=lambda value: json.dumps(value, default=str))
