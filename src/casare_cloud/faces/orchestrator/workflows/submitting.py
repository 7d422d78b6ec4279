"""Submitting a workflow, as documents 000 and 002 have it: it is published and, in the same transaction, started."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.domain.jobs import service as jobs
from casare_cloud.domain.jobs.model import NewJob
from casare_cloud.domain.schedules import service as schedules
from casare_cloud.domain.workflows import backup, service
from casare_cloud.domain.workflows.model import NewVersion, Published
from casare_cloud.errors import ApiError, InvalidArgument
from casare_cloud.faces.orchestrator.casare.shapes import target_of, variables_of
from casare_cloud.faces.orchestrator.workflows.shapes import SubmitBody


class TriggerNotAvailable(ApiError):
    """A submission that asks for a trigger which this version cannot make; nothing of it was kept."""

    def __init__(self, what: str) -> None:
        super().__init__(501, "TRIGGER_NOT_AVAILABLE", f"{what} are not available yet; nothing was stored.")


@dataclass(frozen=True, slots=True)
class Submitted:
    """What a submission made: a version, and a job or a schedule of it, made at `created_at`."""

    published: Published
    job_id: UUID | None
    schedule_id: UUID | None
    created_at: datetime
    warnings: tuple[str, ...] = ()


async def submit(tx: Transaction, store: backup.Store | None, body: SubmitBody) -> Submitted:
    """Publish a workflow and enqueue its first job, or make its schedule: both or neither; without `run`, only publish.

    Raises 400 for a schedule without a (right) cron expression, and `TriggerNotAvailable` (501) for the trigger
    `webhook`. Needs workflows.write, and jobs.create or schedules.write.
    """
    _refuse_trigger(body)
    published = await service.publish(
        tx,
        store,
        NewVersion(
            body.workflow_name, body.workflow_json, _description_of(body), body.metadata or {}, body.workflow_id
        ),
    )
    if body.trigger_type == "scheduled":
        schedule = await schedules.create(
            tx,
            {
                "workflow_id": str(published.workflow_id),
                "name": body.workflow_name,
                "cron_expression": body.schedule_cron,
                "priority": body.priority,
                "execution_mode": body.execution_mode,
                "pool": body.pool,
                "robot_id": _target_of(body),
                "input": input_of(body),
            },
        )
        return Submitted(published, None, schedule.schedule_id, schedule.created_at)
    if not body.run:
        return Submitted(published, None, None, published.created_at)
    job = await jobs.enqueue(
        tx,
        NewJob(
            workflow_id=published.workflow_id,
            input=input_of(body),
            priority=body.priority,
            execution_mode=body.execution_mode,
            pool=body.pool,
            robot_id=_target_of(body),
        ),
    )
    return Submitted(published, job.job_id, None, job.created_at, tuple(await jobs.warnings_of(tx, job.job_id)))


async def keep_copy(begin: backup.Begin, store: backup.Store | None, made: Submitted, body: SubmitBody) -> Submitted:
    """Put the copy of a submission that is committed into the store: a body that `POST /workflows` takes."""
    content: dict[str, Any] = {
        "workflow_name": body.workflow_name,
        "workflow_json": body.workflow_json,
        "metadata": body.metadata or {},
    }
    return replace(made, published=await service.keep_copy(begin, store, made.published, content))


def _refuse_trigger(body: SubmitBody) -> None:
    if body.trigger_type == "scheduled" and not body.schedule_cron:
        raise InvalidArgument("schedule_cron: is required when trigger_type is scheduled.")
    if body.trigger_type == "webhook":
        raise TriggerNotAvailable("Webhook triggers")
    if body.trigger_type == "scheduled" and not body.run:
        raise InvalidArgument("run: cannot be false when trigger_type is scheduled; a schedule may have enabled false.")


def _target_of(body: SubmitBody) -> str | None:
    return body.robot_id or target_of(body.metadata or {})


def input_of(body: SubmitBody) -> dict[str, Any]:
    """What the first job begins with."""
    return body.input if body.input is not None else variables_of(body.metadata or {}) or {}


def _description_of(body: SubmitBody) -> str | None:
    description = (body.metadata or {}).get("description")
    if description is not None and not isinstance(description, str):
        raise InvalidArgument("metadata.description: must be a text.")
    return description
