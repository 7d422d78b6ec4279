"""Submitting a workflow, as documents 000 and 002 have it: it is published and, in the same transaction, started."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.domain.jobs import service as jobs
from casare_cloud.domain.jobs.model import NewJob
from casare_cloud.domain.schedules import service as schedules
from casare_cloud.domain.triggers.model import NewTrigger, Trigger
from casare_cloud.domain.workflows import backup, service
from casare_cloud.domain.workflows.model import NewVersion, Published
from casare_cloud.errors import InvalidArgument
from casare_cloud.faces.orchestrator.casare.shapes import target_of, variables_of
from casare_cloud.faces.orchestrator.workflows.shapes import SubmitBody
from casare_cloud.key_ring import KeyRing


@dataclass(frozen=True, slots=True)
class Submitted:
    """What a submission made: a version, and a job, a schedule or a webhook of it, made at `created_at`."""

    published: Published
    created_at: datetime
    job_id: UUID | None = None
    schedule_id: UUID | None = None
    webhook: Trigger | None = None
    secret: str | None = None  # of the webhook's senders
    warnings: tuple[str, ...] = ()


async def submit(tx: Transaction, store: backup.Store | None, ring: KeyRing, body: SubmitBody) -> Submitted:
    """Publish a workflow and enqueue its first job, or make its schedule or its webhook: both or neither.

    Without `run`, only publish. Raises 400 for a schedule without a (right) cron expression and for a webhook with an
    input of its own, 409 TOO_MANY_TRIGGERS. Needs workflows.write, and jobs.create, schedules.write or triggers.write.
    """
    _check_trigger(body)
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
        return Submitted(published, schedule.created_at, schedule_id=schedule.schedule_id)
    if body.trigger_type == "webhook":
        return await _submit_webhook(tx, ring, body, published)
    if not body.run:
        return Submitted(published, published.created_at)
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
    warnings = tuple(await jobs.warnings_of(tx, job.job_id))
    return Submitted(published, job.created_at, job_id=job.job_id, warnings=warnings)


async def _submit_webhook(tx: Transaction, ring: KeyRing, body: SubmitBody, published: Published) -> Submitted:
    from casare_cloud.domain.triggers import service as triggers  # what a cold process need not import

    options = {
        "priority": body.priority,
        "execution_mode": body.execution_mode,
        "pool": body.pool,
        "robot_id": _target_of(body),
    }
    config = {name: value for name, value in options.items() if value is not None}
    new = NewTrigger(published.workflow_id, body.workflow_name, "webhook", config)
    webhook, secret = await triggers.create(tx, ring, new)
    return Submitted(published, webhook.created_at, webhook=webhook, secret=secret)


async def keep_copy(begin: backup.Begin, store: backup.Store | None, made: Submitted, body: SubmitBody) -> Submitted:
    """Put the copy of a submission that is committed into the store: a body that `POST /workflows` takes."""
    content: dict[str, Any] = {
        "workflow_name": body.workflow_name,
        "workflow_json": body.workflow_json,
        "metadata": body.metadata or {},
    }
    return replace(made, published=await service.keep_copy(begin, store, made.published, content))


def _check_trigger(body: SubmitBody) -> None:
    if body.trigger_type == "scheduled" and not body.schedule_cron:
        raise InvalidArgument("schedule_cron: is required when trigger_type is scheduled.")
    if body.trigger_type != "manual" and not body.run:
        made = "schedule may have enabled" if body.trigger_type == "scheduled" else "trigger may have is_enabled"
        raise InvalidArgument(f"run: cannot be false when trigger_type is {body.trigger_type}; a {made} false.")
    if body.trigger_type == "webhook" and input_of(body):
        raise InvalidArgument(
            "input: cannot be given when trigger_type is webhook, nor metadata.variables; the input is what is posted."
        )


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
