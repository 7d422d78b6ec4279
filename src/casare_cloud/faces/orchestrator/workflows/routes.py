"""Workflows: submit, upload, look, delete (documents 000 and 002, "Workflow Endpoints")."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Path, Query, Request, UploadFile

from casare_cloud.domain.workflows import service
from casare_cloud.domain.workflows.backup import store_of
from casare_cloud.domain.workflows.model import Filter, WorkflowStatus
from casare_cloud.faces.kit.fields import Name
from casare_cloud.faces.kit.idempotency import shown_once
from casare_cloud.faces.kit.paging import Page, page
from casare_cloud.faces.kit.routing import CurrentCall, Route, Tx
from casare_cloud.faces.kit.workflow_check import Strict, check_for
from casare_cloud.faces.orchestrator.fields import BIGGEST_INTEGER, ExecutionMode, WorkflowId
from casare_cloud.faces.orchestrator.refusals import idempotent, refusals
from casare_cloud.faces.orchestrator.triggers.urls import urls_of
from casare_cloud.faces.orchestrator.workflows import submitting
from casare_cloud.faces.orchestrator.workflows.shapes import (
    BackupAnswer,
    DeletedFrom,
    SubmitAnswer,
    SubmitBody,
    TriggerType,
    VersionAnswer,
    VersionList,
    VersionSummary,
    WorkflowAnswer,
    WorkflowDeleted,
    WorkflowList,
    WorkflowSummary,
    read_upload,
)
from casare_cloud.key_ring import KeyRing

router = APIRouter(prefix="/workflows", tags=["workflows"], route_class=Route)


@router.post("", **idempotent(404))
@shown_once("secret")
async def submit_workflow(body: SubmitBody, tx: Tx, call: CurrentCall, strict: Strict = True) -> SubmitAnswer:
    """Publish a workflow and queue its first job, or make its schedule or webhook as `trigger_type` says.

    Both are made, or neither; with `run` false it is published only. At most 10 MB and 1,000 nodes. Unknown fields are
    ignored, and named in `warnings`, where also stands what may be a mistake in the workflow, by node and port. 400
    WORKFLOW_INVALID when no robot would run it: `details` has each mistake. `scheduled` needs `schedule_cron`; the
    schedule has the workflow's name and the tenant's time zone. `webhook` makes a trigger of the workflow's name: what
    is posted to the `webhook_url` of the answer, with the `secret` that is shown this once, is the input of a job.
    Needs workflows.write, and jobs.create, schedules.write or triggers.write where it runs.
    """
    return await _submit(body, tx, call, strict=strict)


def _upload_options(
    request: Request,
    form_trigger_type: Annotated[TriggerType | None, Form(alias="trigger_type")] = None,
    form_execution_mode: Annotated[ExecutionMode | None, Form(alias="execution_mode")] = None,
    form_priority: Annotated[int | None, Form(alias="priority", ge=0, le=20)] = None,
    form_schedule_cron: Annotated[str | None, Form(alias="schedule_cron", max_length=255)] = None,
    form_workflow_name: Annotated[Name | None, Form(alias="workflow_name")] = None,
    trigger_type: Annotated[TriggerType, Query()] = "manual",
    execution_mode: Annotated[ExecutionMode, Query()] = "lan",
    priority: Annotated[int, Query(ge=0, le=20)] = 10,
    schedule_cron: Annotated[str | None, Query(max_length=255)] = None,
    workflow_name: Annotated[Name | None, Query()] = None,
) -> dict[str, Any]:
    """What was given, by the names of `SubmitBody`: a form field goes before the query. What was not is the file's."""
    query = {
        "trigger_type": trigger_type,
        "execution_mode": execution_mode,
        "priority": priority,
        "schedule_cron": schedule_cron,
        "workflow_name": workflow_name,
    }
    form = {
        "trigger_type": form_trigger_type,
        "execution_mode": form_execution_mode,
        "priority": form_priority,
        "schedule_cron": form_schedule_cron,
        "workflow_name": form_workflow_name,
    }
    given = {name: value for name, value in query.items() if name in request.query_params}
    return given | {name: value for name, value in form.items() if value not in (None, "")}


@router.post("/upload", **idempotent(404))
@shown_once("secret")
async def upload_workflow(
    file: Annotated[UploadFile, File(description="A .json file of at most 50 MB, in UTF-8.")],
    options: Annotated[dict[str, Any], Depends(_upload_options)],
    tx: Tx,
    call: CurrentCall,
    strict: Strict = True,
) -> SubmitAnswer:
    """Publish a workflow from a JSON file, and queue its first job or make its schedule or webhook.

    The file holds a workflow, or a whole body of `POST /workflows`. The options are form fields (document 000) or query
    parameters (document 002); the form goes before the query, and both before the file. The name is the option
    `workflow_name`, else the one in the file, else that of the file. Needs workflows.write, and jobs.create,
    schedules.write or triggers.write.
    """
    content = await file.read()
    return await _submit(await asyncio.to_thread(read_upload, file.filename, content, options), tx, call, strict=strict)


async def _submit(body: SubmitBody, tx: Tx, call: CurrentCall, *, strict: bool) -> SubmitAnswer:
    """The copy is stored when the work is committed and no connection waits for the store.

    The check is done for those who may publish, before the database locks anything and while no connection is held;
    what the database refuses is told first.
    """
    settings = call.services.settings
    store = store_of(settings)
    checked = await check_for(call, "workflows.write", body.workflow_json, "workflow_json", submitting.input_of(body))
    made = await submitting.submit(tx, store, KeyRing.read(settings.secret_keys), body)
    warnings = [*body.warnings(), *checked.warnings(strict=strict), *made.warnings]
    await call.commit(_answer(made, body, settings.webhooks_url, warnings))
    made = await submitting.keep_copy(call.transaction, store, made, body)
    return _answer(made, body, settings.webhooks_url, warnings)


def _answer(made: submitting.Submitted, body: SubmitBody, webhooks_url: str, warnings: list[str]) -> SubmitAnswer:
    what = "scheduled" if made.schedule_id else "waiting for its webhook" if made.webhook else "queued"
    what = f"{what} for {body.execution_mode} execution" if body.run else "not run"
    return SubmitAnswer(
        workflow_id=made.published.workflow_id,
        job_id=made.job_id,
        schedule_id=made.schedule_id,
        status="success",
        message=f"Workflow submitted and {what}",
        created_at=made.created_at,
        trigger_id=made.webhook.trigger_id if made.webhook else None,
        webhook_url=urls_of(made.webhook, webhooks_url).webhook_url if made.webhook else None,
        secret=made.secret,
        backup=BackupAnswer.model_validate(made.published.backup),
        warnings=warnings,
    )


@router.get("", responses=refusals())
async def list_workflows(
    tx: Tx,
    page: Annotated[Page, page(100, 500)],
    search: Annotated[str | None, Query(max_length=255, description="Part of the name or description.")] = None,
    status: Annotated[WorkflowStatus | None, Query()] = None,
) -> WorkflowList:
    """List workflows, the newest first, without their graphs. Needs workflows.read."""
    found, total = await service.list_page(tx, Filter(search, status), page.limit, page.offset)
    workflows = [WorkflowSummary.model_validate(workflow) for workflow in found]
    return WorkflowList(workflows=workflows, **page.facts(total))


@router.get("/{workflow_id}", responses=refusals(404))
async def get_workflow(workflow_id: WorkflowId, tx: Tx) -> WorkflowAnswer:
    """A workflow with the graph of its current version, as it was submitted. Needs workflows.read."""
    return WorkflowAnswer.model_validate(await service.get(tx, workflow_id))


@router.get("/{workflow_id}/versions", responses=refusals(404))
async def list_workflow_versions(workflow_id: WorkflowId, tx: Tx, page: Annotated[Page, page(100, 500)]) -> VersionList:
    """The versions of a workflow, the newest first, without their graphs. Needs workflows.read."""
    found, total = await service.list_versions(tx, workflow_id, page.limit, page.offset)
    return VersionList(versions=[VersionSummary.model_validate(version) for version in found], **page.facts(total))


@router.get("/{workflow_id}/versions/{version}", responses=refusals(404))
async def get_workflow_version(
    workflow_id: WorkflowId,
    version: Annotated[int, Path(ge=1, le=BIGGEST_INTEGER, description="The number of the version.")],
    tx: Tx,
) -> VersionAnswer:
    """A version with its graph, as it was submitted; 404 WORKFLOW_NOT_FOUND as well when there is no such version.

    A version never changes. Needs workflows.read.
    """
    return VersionAnswer.model_validate(await service.get_version(tx, workflow_id, version))


@router.delete("/{workflow_id}", responses=refusals(404))
async def delete_workflow(workflow_id: WorkflowId, tx: Tx, call: CurrentCall) -> WorkflowDeleted:
    """Delete a workflow, its schedules and its copies in the backup store, cancel its waiting jobs.

    Its name is free again, and robots get none of its jobs any more. `cancelled_jobs` are cancelled already,
    `cancelling_jobs` (counted among the first 50,000 that wait) within minutes.
    Its triggers are disabled. Needs workflows.delete.
    """
    deletion = await service.delete(tx, call.transaction, store_of(call.services.settings), workflow_id)
    return WorkflowDeleted(
        status="success",
        message=f"Workflow deleted: {workflow_id}",
        deleted_from=DeletedFrom(database=True, filesystem=deletion.copies_are_gone),
        cancelled_jobs=deletion.cancelled_jobs,
        cancelling_jobs=deletion.cancelling_jobs,
        disabled_triggers=deletion.disabled_triggers,
    )
