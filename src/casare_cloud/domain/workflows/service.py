"""What can be done with workflows. Every rule is in the SQL functions that are called here."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.domain.jobs import service as jobs
from casare_cloud.domain.jobs.model import NewJob
from casare_cloud.domain.permissions import require
from casare_cloud.domain.rows import split_page
from casare_cloud.domain.schedules import service as schedules
from casare_cloud.domain.workflows import backup, queries
from casare_cloud.domain.workflows.model import Backup, Deletion, Filter, Submission, Submitted, Workflow
from casare_cloud.errors import ApiError, InvalidArgument, NotFound


class WorkflowNotFound(NotFound):
    """There is no such workflow, or it is another tenant's."""

    def __init__(self) -> None:
        super().__init__("WORKFLOW_NOT_FOUND", "There is no such workflow.")


class TriggerNotAvailable(ApiError):
    """A submission that asks for a trigger which this version cannot make; nothing of it was kept."""

    def __init__(self, what: str) -> None:
        super().__init__(501, "TRIGGER_NOT_AVAILABLE", f"{what} are not available yet; nothing was stored.")


async def submit(tx: Transaction, store: backup.Store | None, submission: Submission) -> Submitted:
    """Publish a workflow and enqueue its first job, or make its schedule: both or neither.

    With a `store`, where its copy goes is written down; `keep_copy` puts it there when `tx` is committed.

    Raises 400 for a schedule without a (right) cron expression, and `TriggerNotAvailable` (501) for the trigger
    `webhook`. Needs workflows.write, and jobs.create or schedules.write.
    """
    if submission.trigger_type == "scheduled" and not submission.schedule_cron:
        raise InvalidArgument("schedule_cron: is required when trigger_type is scheduled.")
    if submission.trigger_type == "webhook":
        raise TriggerNotAvailable("Webhook triggers")
    if submission.trigger_type == "scheduled" and submission.robot is not None:
        raise InvalidArgument("robot_id: is for a job that runs now; the jobs of a schedule are any robot's.")
    workflow = await tx.fetch_one(
        queries.SUBMIT_WORKFLOW,
        {
            "name": submission.name,
            "definition": submission.definition,
            "description": _description_of(submission),
            "metadata": submission.metadata,
            "workflow_id": submission.workflow_id,
        },
    )
    assert workflow is not None
    planned = await backup.plan(tx, store, workflow["workflow_id"], workflow["version"])
    return await _start(tx, submission, workflow["workflow_id"], planned)


async def keep_copy(
    begin: backup.Begin, store: backup.Store | None, made: Submitted, submission: Submission
) -> Submitted:
    """Put the copy of a submission that is committed into the store, and say whether it is there."""
    if store is None:
        return made
    return replace(made, backup=await backup.keep(begin, store, made.workflow_id, made.backup, _copy_of(submission)))


async def _start(tx: Transaction, submission: Submission, workflow_id: UUID, planned: Backup) -> Submitted:
    if submission.trigger_type == "scheduled":
        assert submission.schedule_cron is not None
        schedule = await schedules.create(
            tx,
            {
                "workflow_id": str(workflow_id),
                "name": submission.name,
                "cron_expression": submission.schedule_cron,
                "priority": submission.priority,
                "execution_mode": submission.execution_mode,
                "pool": submission.pool,
                "input": submission.input,
            },
        )
        return Submitted(workflow_id, None, schedule.schedule_id, schedule.created_at, planned)
    job = await jobs.enqueue(
        tx,
        NewJob(
            workflow_id=workflow_id,
            input=submission.input,
            priority=submission.priority,
            execution_mode=submission.execution_mode,
            pool=submission.pool,
            robot_id=submission.robot,
        ),
    )
    return Submitted(workflow_id, job.job_id, None, job.created_at, planned)


def _copy_of(submission: Submission) -> dict[str, Any]:
    """What is kept of a submission: a body that `POST /workflows` takes."""
    return {
        "workflow_name": submission.name,
        "workflow_json": submission.definition,
        "metadata": submission.metadata,
    }


def _description_of(submission: Submission) -> str | None:
    description = submission.metadata.get("description")
    if description is not None and not isinstance(description, str):
        raise InvalidArgument("metadata.description: must be a text.")
    return description


async def list_page(tx: Transaction, wanted: Filter, limit: int, offset: int) -> tuple[list[Workflow], int]:
    """(workflows of the page, the newest first; how many match in all). Needs workflows.read."""
    rows = await tx.fetch_all(
        queries.LIST_WORKFLOWS,
        {"status": wanted.status, "search": wanted.search, "limit": limit, "offset": offset},
    )
    items, total = split_page(rows, "workflow_id")
    return [Workflow(**item) for item in items], total


async def get(tx: Transaction, workflow_id: UUID) -> Workflow:
    """A workflow with the definition of its current version; `WorkflowNotFound`. Needs workflows.read."""
    row = await tx.fetch_one(queries.GET_WORKFLOW, {"workflow_id": workflow_id})
    if row is None:
        await require(tx, "workflows.read")
        raise WorkflowNotFound()
    return Workflow(**row)


async def delete(tx: Transaction, begin: backup.Begin, store: backup.Store | None, workflow_id: UUID) -> Deletion:
    """Take a workflow, its schedules and its copies in `store` away and cancel its waiting jobs.

    Ends `tx`: copies are removed when the workflow is gone for certain. Raises 404 WORKFLOW_NOT_FOUND. Needs
    workflows.delete.
    """
    answer = await tx.fetch_value(queries.DELETE_WORKFLOW, {"workflow_id": workflow_id})
    copies = await backup.copies_of(tx, store, workflow_id)
    await tx.commit()
    are_gone = await backup.remove(begin, store, workflow_id, copies)
    return Deletion(answer["cancelled_jobs"], answer["cancelling_jobs"], answer["disabled_triggers"], are_gone)
