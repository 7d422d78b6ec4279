"""Shapes of the workflow endpoints (documents 000 and 002, "Workflow Endpoints")."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field, ValidationError

from casare_cloud.domain.workflows.model import WorkflowStatus
from casare_cloud.errors import InvalidArgument
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.fields import Flag, Input, Name
from casare_cloud.faces.kit.problems import sentence_of
from casare_cloud.faces.kit.request_json import read_json
from casare_cloud.faces.kit.shapes import JSON_LEVELS, TOO_DEEP, Answer, OpenBody, Time, is_too_deep
from casare_cloud.faces.orchestrator.fields import ExecutionMode, Priority, RobotName
from casare_cloud.faces.orchestrator.workflows import examples

TriggerType = Literal["manual", "scheduled", "webhook"]


def _read_text(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    value = read_json(value)
    if is_too_deep(value, JSON_LEVELS - 1):
        raise ValueError(TOO_DEEP)
    return value


class SubmitBody(OpenBody):
    """A workflow to publish and run."""

    model_config = showing(examples.SUBMIT)

    workflow_name: Name
    workflow_json: Annotated[
        dict[str, Any],
        BeforeValidator(_read_text),
        Field(description="The graph: an object, or a JSON text of one, with `nodes` (a list or an object)."),
    ]
    trigger_type: TriggerType = "manual"
    execution_mode: ExecutionMode = "lan"
    schedule_cron: Annotated[str | None, Field(max_length=255)] = None
    priority: Priority = 10
    metadata: dict[str, Any] | None = None
    input: Input = None
    run: Annotated[Flag, Field(description="False: it is published, and no job is queued.")] = True
    workflow_id: Annotated[UUID | None, Field(description="Publish as the next version of this workflow.")] = None
    pool: Annotated[
        str | None, Field(min_length=1, max_length=64, description="Robots of this shared pool run it: its id or name.")
    ] = None
    robot_id: Annotated[
        RobotName | None,
        Field(description="Only this robot runs it, now, by its schedule or its webhook: its external id or UUID."),
    ] = None

    def warnings(self) -> list[str]:
        """A sentence for each field that means nothing here."""
        unread = ["schedule_cron is read with trigger_type scheduled only, and was ignored."]
        return super().warnings() + (unread if self.schedule_cron and self.trigger_type != "scheduled" else [])


def read_upload(filename: str | None, content: bytes, options: dict[str, Any]) -> SubmitBody:
    """The body that a file stands for: a workflow, or a whole body of `POST /workflows`.

    `options` are fields of such a body and go before those of the file. The name is, in this order, the option's, the
    body's, that of the workflow's metadata, that of the file.
    """
    if not filename or not filename.lower().endswith(".json"):
        raise InvalidArgument("file: must be a file whose name ends in .json.")
    try:
        data = read_json(content)
    except ValueError as error:
        raise InvalidArgument(f"file: {error}.") from error
    if not isinstance(data, dict):
        raise InvalidArgument("file: must hold a JSON object.")
    metadata = data["metadata"] if isinstance(data.get("metadata"), dict) else {}
    names = (data.get("workflow_name"), metadata.get("name"), data.get("name"), filename[: -len(".json")])
    fields = data
    if "workflow_json" not in data:
        description = metadata.get("description")
        kept = {"description": description} if isinstance(description, str) else {}
        fields = {"workflow_json": data, "metadata": kept}
    try:
        return SubmitBody.model_validate({**fields, "workflow_name": next(filter(None, names), ""), **options})
    except ValidationError as error:
        rules: list[dict[str, Any]] = [{**item, "loc": ("file", *item["loc"])} for item in error.errors()]
        raise InvalidArgument(sentence_of(rules)) from error


class BackupAnswer(Answer):
    """Whether a copy of the version is in the backup store, and why not."""

    stored: bool
    reason: str | None


class SubmitAnswer(Answer):
    """What was made: a job or, as `trigger_type` says, a schedule or a webhook; an id is null if nothing of it was."""

    model_config = showing(examples.SUBMITTED)

    workflow_id: UUID
    job_id: UUID | None
    schedule_id: UUID | None
    status: Literal["success"]
    message: str
    created_at: Time
    trigger_id: UUID | None
    webhook_url: Annotated[str | None, Field(description="Where senders post to.")]
    secret: Annotated[str | None, Field(description="Of the webhook's senders; shown this once.")]
    backup: BackupAnswer
    warnings: Annotated[
        list[str], Field(description="Fields that were ignored, and what a robot will refuse or not read.")
    ]


class WorkflowSummary(Answer):
    """A workflow without its graph."""

    model_config = showing(examples.WORKFLOW_SUMMARY)

    workflow_id: UUID
    workflow_name: Annotated[str, Field(validation_alias="name")]
    version: int
    description: str
    status: WorkflowStatus
    is_enabled: bool
    node_count: int
    metadata: dict[str, Any]
    created_by: UUID | None
    created_at: Time
    updated_at: Time


class WorkflowAnswer(WorkflowSummary):
    """A workflow with the graph of its current version, as it was submitted."""

    model_config = showing(examples.WORKFLOW)

    workflow_json: Annotated[dict[str, Any], Field(validation_alias="definition")]


class WorkflowList(Answer):
    """A page of workflows, the newest first; `total` counts all that match."""

    model_config = showing(examples.WORKFLOWS)

    workflows: list[WorkflowSummary]
    total: int
    limit: int
    offset: int


class VersionSummary(Answer):
    """A version of a workflow, without its graph."""

    model_config = showing(examples.VERSION_SUMMARY)

    version: int
    is_current: bool
    node_count: int
    definition_bytes: Annotated[int, Field(description="Of the graph, as the database keeps it.")]
    created_by: UUID | None
    created_at: Time


class VersionAnswer(VersionSummary):
    """A version of a workflow with its graph, as it was submitted."""

    model_config = showing(examples.VERSION)

    workflow_json: Annotated[dict[str, Any], Field(validation_alias="definition")]


class VersionList(Answer):
    """A page of the versions of a workflow, the newest first."""

    model_config = showing(examples.VERSIONS)

    versions: list[VersionSummary]
    total: int
    limit: int
    offset: int


class DeletedFrom(Answer):
    """Where it was: `filesystem` is true when a backup copy was removed too."""

    database: bool
    filesystem: bool


class WorkflowDeleted(Answer):
    """The workflow is gone."""

    model_config = showing(examples.WORKFLOW_DELETED)

    status: Literal["success"]
    message: str
    deleted_from: DeletedFrom
    cancelled_jobs: int
    cancelling_jobs: int
    disabled_triggers: int
