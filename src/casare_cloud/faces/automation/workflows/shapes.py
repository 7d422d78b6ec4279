"""Shapes of the workflow endpoints (document 004)."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AliasChoices, Field

from casare_cloud.domain.workflows.model import Act, Workflow, WorkflowStatus
from casare_cloud.faces.automation.workflows import examples
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.fields import Flag, InputNames, Integer, Name
from casare_cloud.faces.kit.shapes import Answer, Body, Time

Description = Annotated[str, Field(max_length=10_000)]
Definition = Annotated[
    dict[str, Any],
    Field(
        description="`steps` {id, name, type, config, depends_on}, `variables`, `step_mappings`; other keys are kept."
    ),
]

WorkflowWarnings = Annotated[list[str], Field(description="What may be a mistake in the definition, with its place.")]

_INPUT = AliasChoices("variables", *(name for name in InputNames.choices if name != "variables"))


class DraftBody(Body):
    """A workflow to begin with: a draft."""

    model_config = showing(examples.DRAFT)

    name: Name
    description: Description | None = None
    definition: Definition = Field(default_factory=lambda: {"steps": []})


class WorkflowChanges(Body):
    """What shall be otherwise; null is as if it were left out."""

    model_config = showing(examples.CHANGES)

    name: Name | None = None
    description: Description | None = None
    definition: Definition | None = None
    is_enabled: Flag | None = None
    version: Annotated[
        Annotated[Integer, Field(ge=1, le=2**31 - 1)] | None,
        Field(description="The version that the change was made for: 409 when it is not the current one."),
    ] = None


class WorkflowAnswer(Answer):
    """A workflow with the definition of its current version."""

    model_config = showing(examples.WORKFLOW)

    id: UUID
    name: str
    description: str
    definition: dict[str, Any]
    version: int
    is_enabled: bool
    status: WorkflowStatus
    created_by: str
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, workflow: Workflow) -> Self:
        """A workflow as the service gives it."""
        return cls(
            id=workflow.workflow_id,
            name=workflow.name,
            description=workflow.description,
            definition=workflow.definition,
            version=workflow.version,
            is_enabled=workflow.is_enabled,
            status=workflow.status,
            created_by=str(workflow.created_by or ""),
            created_at=workflow.created_at,
            updated_at=workflow.updated_at,
        )


class WorkflowSaved(WorkflowAnswer):
    """A workflow as it is now, and what may be a mistake in it."""

    model_config = showing(examples.WORKFLOW_SAVED)

    warnings: WorkflowWarnings = Field(default_factory=list)


class WorkflowList(Answer):
    """A page of workflows, the newest first."""

    model_config = showing(examples.WORKFLOWS)

    workflows: list[WorkflowAnswer]
    total: int
    page: int
    per_page: int


class ExecuteBody(Body):
    """What a run begins with."""

    model_config = showing(examples.EXECUTE)

    variables: Annotated[dict[str, Any] | None, Field(validation_alias=_INPUT)] = None


class ExecutedAnswer(Answer):
    """The execution that was queued."""

    model_config = showing(examples.EXECUTED)

    id: UUID
    workflow_id: UUID
    trigger_type: Literal["manual"]
    status: Literal["pending"]
    warnings: WorkflowWarnings = Field(default_factory=list)


class ActAnswer(Answer):
    """What somebody did to a workflow: create, update, publish, archive, execute, delete or clone."""

    model_config = showing(examples.ACT)

    id: UUID
    action: str
    user_email: str | None
    old_values: dict[str, Any] | None
    new_values: dict[str, Any] | None
    created_at: Time

    @classmethod
    def of(cls, act: Act) -> Self:
        """An act as the service gives it."""
        return cls(
            id=act.audit_id,
            action=act.action,
            user_email=act.user_email,
            old_values=act.old_values,
            new_values=act.new_values,
            created_at=act.created_at,
        )


class HistoryAnswer(Answer):
    """A page of a workflow's history, the newest first, under both names that clients know."""

    model_config = showing(examples.HISTORY)

    history: list[ActAnswer]
    items: list[ActAnswer]
    total: int
    page: int
    per_page: int
