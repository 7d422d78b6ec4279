"""Workflows: draft, change, publish, archive, run, copy (document 004)."""

from typing import Annotated

from fastapi import APIRouter, Query

from casare_cloud.domain.jobs import service as jobs
from casare_cloud.domain.jobs.model import NewJob
from casare_cloud.domain.permissions import require
from casare_cloud.domain.workflows import service
from casare_cloud.domain.workflows.backup import store_of
from casare_cloud.domain.workflows.model import Filter, Workflow, WorkflowStatus
from casare_cloud.errors import ApiError, NotFound
from casare_cloud.faces.automation.fields import WorkflowId, changes_in
from casare_cloud.faces.automation.refusals import idempotent, refusals
from casare_cloud.faces.automation.workflows.shapes import (
    ActAnswer,
    DraftBody,
    ExecuteBody,
    ExecutedAnswer,
    HistoryAnswer,
    WorkflowAnswer,
    WorkflowChanges,
    WorkflowList,
    WorkflowSaved,
)
from casare_cloud.faces.kit.paging import NumberedPage, numbered_page
from casare_cloud.faces.kit.routing import CurrentCall, Route, Tx
from casare_cloud.faces.kit.workflow_check import Checked, Strict, check, check_for

router = APIRouter(prefix="/workflows", tags=["workflows"], route_class=Route)

EXECUTION_SECONDS = 86_400  # the document has no word for how long a run may take


@router.get("", responses=refusals())
async def list_workflows(
    tx: Tx,
    page: Annotated[NumberedPage, numbered_page()],
    search: Annotated[str | None, Query(max_length=255, description="Part of the name or description.")] = None,
    status: Annotated[WorkflowStatus | None, Query()] = None,
    is_enabled: Annotated[bool | None, Query()] = None,
) -> WorkflowList:
    """List workflows, the newest first. Needs workflows.read."""
    wanted = Filter(search or None, status, is_enabled)
    found, total = await service.list_page(tx, wanted, page.limit, page.offset, whole=True)
    return WorkflowList(workflows=[WorkflowAnswer.of(workflow) for workflow in found], **page.facts(total))


@router.post("", status_code=201, **idempotent(413))
async def create_workflow(body: DraftBody, tx: Tx, call: CurrentCall, strict: Strict = True) -> WorkflowSaved:
    """Make a draft: version 1, enabled, not published. Needs workflows.write.

    Steps of any type are taken, and options may be left out as yet. 400 WORKFLOW_INVALID for other mistakes.
    """
    checked = (await check_for(call, "workflows.write", body.definition, "definition")).of_a_draft()
    made = await service.draft(tx, body.name, body.definition, body.description)
    return _saved(made, checked.warnings(strict=strict))


@router.get("/{workflow_id}", responses=refusals(404))
async def get_workflow(workflow_id: WorkflowId, tx: Tx) -> WorkflowAnswer:
    """A workflow with the definition of its current version. Needs workflows.read."""
    return WorkflowAnswer.of(await service.get(tx, workflow_id))


def _saved(workflow: Workflow, warnings: list[str]) -> WorkflowSaved:
    saved = WorkflowSaved.of(workflow)
    saved.warnings = warnings
    return saved


@router.put("/{workflow_id}", responses=refusals(400, 404, 409, 413))
async def update_workflow(
    workflow_id: WorkflowId, body: WorkflowChanges, tx: Tx, call: CurrentCall, strict: Strict = True
) -> WorkflowSaved:
    """Change what is named; another definition is a new version. 400 NOTHING_TO_CHANGE, 409 WORKFLOW_CHANGED.

    400 WORKFLOW_INVALID for mistakes in a new definition; of a draft, options may be left out as yet. Needs
    workflows.write.
    """
    checked = Checked([], [])
    if body.definition is not None:  # before the workflow is locked
        checked = await check_for(call, "workflows.write", body.definition, "definition")
    changes = await changes_in(body, lambda: service.get(tx, workflow_id), besides={"version"})
    changed = await service.update(tx, workflow_id, changes, body.version)
    checked = checked.of_a_draft() if changed.status == "draft" else checked
    return _saved(changed, checked.warnings(strict=strict))


@router.delete("/{workflow_id}", status_code=204, responses=refusals(404))
async def delete_workflow(workflow_id: WorkflowId, tx: Tx, call: CurrentCall) -> None:
    """Delete a workflow and its schedules, disable its triggers, cancel what waits. Needs workflows.delete."""
    await service.delete(tx, call.transaction, store_of(call.services.settings), workflow_id)


@router.post("/{workflow_id}/publish", responses=refusals(400, 404, 409))
async def publish_workflow(workflow_id: WorkflowId, tx: Tx, call: CurrentCall, strict: Strict = True) -> WorkflowSaved:
    """Publish and enable a workflow: schedules and webhooks may run it. Needs workflows.write.

    400 WORKFLOW_INVALID when no robot would run it; it stays as it was then. 409 WORKFLOW_CHANGED when somebody gave
    it another definition meanwhile.
    """
    async with call.ahead() as ahead:
        tenant_id = await require(ahead, "workflows.write")
        found = await service.get(ahead, workflow_id)
    warnings = (await check(tenant_id, found.definition, "definition")).warnings(strict=strict)
    changes = {"status": "published", "is_enabled": True}
    return _saved(await service.update(tx, workflow_id, changes, found.version), warnings)


@router.post("/{workflow_id}/archive", responses=refusals(404))
async def archive_workflow(workflow_id: WorkflowId, tx: Tx) -> WorkflowAnswer:
    """Archive and disable a workflow: nothing runs it. Needs workflows.write."""
    return WorkflowAnswer.of(await service.update(tx, workflow_id, {"status": "archived", "is_enabled": False}))


@router.post("/{workflow_id}/execute", status_code=202, **idempotent(400, 404))
async def execute_workflow(
    workflow_id: WorkflowId, tx: Tx, call: CurrentCall, body: ExecuteBody | None = None, strict: Strict = True
) -> ExecutedAnswer:
    """Run a workflow that is enabled, published or a draft; 404 for one that is not. Needs executions.create.

    A draft is checked first: 400 WORKFLOW_INVALID when no robot would run it. What is published was checked then.
    """
    given = (body.variables if body else None) or {}
    warnings: list[str] = []
    async with call.ahead() as ahead:
        tenant_id = await require(ahead, "jobs.create")
        draft = await service.find(ahead, workflow_id)
    if draft is not None and draft.status == "draft" and draft.is_enabled:
        warnings = (await check(tenant_id, draft.definition, "definition", given)).warnings(strict=strict)
    try:
        made = await jobs.run_by_hand(
            tx,
            NewJob(workflow_id=workflow_id, input=body.variables if body else None, timeout_seconds=EXECUTION_SECONDS),
        )
    except ApiError as error:
        if error.code not in ("WORKFLOW_NOT_FOUND", "WORKFLOW_NOT_RUNNABLE"):
            raise
        raise NotFound("WORKFLOW_NOT_FOUND", "Workflow not found or disabled") from error
    warnings += await jobs.warnings_of(tx, made.job_id)
    return ExecutedAnswer(
        id=made.job_id, workflow_id=workflow_id, trigger_type="manual", status="pending", warnings=warnings
    )


@router.get("/{workflow_id}/history", responses=refusals(404))
async def list_workflow_history(
    workflow_id: WorkflowId, tx: Tx, page: Annotated[NumberedPage, numbered_page()]
) -> HistoryAnswer:
    """Who did what to the workflow, the newest first, from the audit log. Needs audit.read."""
    acts, total = await service.list_history(tx, workflow_id, page.limit, page.offset)
    shown = [ActAnswer.of(act) for act in acts]
    return HistoryAnswer(history=shown, items=shown, **page.facts(total))


@router.post("/{workflow_id}/clone", status_code=201, **idempotent(404))
async def clone_workflow(workflow_id: WorkflowId, tx: Tx) -> WorkflowAnswer:
    """A draft like this workflow, named `<name> (Copy)`. Needs workflows.write."""
    return WorkflowAnswer.of(await service.clone(tx, workflow_id))
