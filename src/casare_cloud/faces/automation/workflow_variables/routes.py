"""Variables of workflows, their mappings to steps, and whether values suit them (document 004)."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from casare_cloud.domain.workflows import service, variables
from casare_cloud.faces.automation.fields import WorkflowId
from casare_cloud.faces.automation.refusals import refusals
from casare_cloud.faces.automation.workflow_variables import examples
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.fields import Flag
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.kit.shapes import Answer, Body

router = APIRouter(prefix="/workflow-variables/{workflow_id}/variables", tags=["workflow-variables"], route_class=Route)


class VariableBody(Body):
    """A variable that a workflow declares."""

    model_config = showing(examples.VARIABLE)

    name: Annotated[str, Field(max_length=128, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
    type: Literal["string", "number", "boolean", "json", "list", "secret"] = "string"
    default_value: Any = None
    description: Annotated[str, Field(max_length=2000)] = ""
    required: Flag = False
    scope: Literal["workflow", "step"] = "workflow"
    sensitive: Flag = False


class VariablesBody(Body):
    """At most 100 variables."""

    model_config = showing(examples.VARIABLES)

    variables: Annotated[list[VariableBody], Field(max_length=100)]


class MappingBody(Body):
    """Which variables a step takes, and which it sets."""

    model_config = showing(examples.MAPPING)

    step_id: Annotated[str, Field(min_length=1, max_length=255)]
    input_mapping: dict[str, Any] = Field(default_factory=dict)
    output_mapping: dict[str, Any] = Field(default_factory=dict)


class MappingsBody(Body):
    """At most 1,000 mappings."""

    model_config = showing(examples.MAPPINGS)

    mappings: Annotated[list[MappingBody], Field(max_length=1000)]


class ValuesBody(Body):
    """Values that a run could begin with."""

    model_config = showing(examples.VALUES)

    variables: dict[str, Any] = Field(default_factory=dict)


class VariablesAnswer(Answer):
    """What a workflow declares. A default of a secret variable is not shown."""

    model_config = showing(examples.READ)

    workflow_id: UUID
    variables: list[dict[str, Any]]
    step_mappings: list[dict[str, Any]]


class VariablesSet(Answer):
    """What the workflow declares now."""

    model_config = showing(examples.SET)

    workflow_id: UUID
    variables: list[dict[str, Any]]
    count: int


class MappingsSet(Answer):
    """How variables and steps are connected now."""

    model_config = showing(examples.MAPPED)

    workflow_id: UUID
    step_mappings: list[dict[str, Any]]


class WrongValue(Answer):
    """A variable whose value does not suit it."""

    model_config = showing(examples.WRONG)

    variable: str
    error: str


class ValuesChecked(Answer):
    """Whether a run may begin with these values; `resolved` has what it would begin with, without secrets."""

    model_config = showing(examples.CHECKED)

    valid: bool
    errors: list[WrongValue]
    resolved: dict[str, Any]


def _shown(declared: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**variable, "default_value": None} if variables.is_secret(variable) else variable for variable in declared]


@router.get("", responses=refusals(404))
async def list_variables(workflow_id: WorkflowId, tx: Tx) -> VariablesAnswer:
    """The variables that a workflow declares, and their mappings. Needs workflows.read."""
    definition = (await service.get(tx, workflow_id)).definition
    return VariablesAnswer(
        workflow_id=workflow_id,
        variables=_shown(variables.declared_in(definition)),
        step_mappings=variables.mappings_in(definition),
    )


@router.put("", responses=refusals(400, 404, 409))
async def set_variables(workflow_id: WorkflowId, body: VariablesBody, tx: Tx) -> VariablesSet:
    """Declare these variables and no others; a new version when they differ. Needs workflows.write."""
    given = [variable.model_dump() for variable in body.variables]
    stored = await variables.set_variables(tx, workflow_id, given)
    declared = _shown(variables.declared_in(stored.definition))
    return VariablesSet(workflow_id=workflow_id, variables=declared, count=len(declared))


@router.put("/mappings", responses=refusals(400, 404, 409))
async def set_mappings(workflow_id: WorkflowId, body: MappingsBody, tx: Tx) -> MappingsSet:
    """Connect variables and steps so and not otherwise; 400 for a step that is not there. Needs workflows.write."""
    stored = await variables.set_mappings(tx, workflow_id, [mapping.model_dump() for mapping in body.mappings])
    return MappingsSet(workflow_id=workflow_id, step_mappings=variables.mappings_in(stored.definition))


@router.post("/validate", responses=refusals(404))
async def validate_values(workflow_id: WorkflowId, body: ValuesBody, tx: Tx) -> ValuesChecked:
    """Whether values suit the variables; nothing is run. Needs workflows.read."""
    declared = variables.declared_in((await service.get(tx, workflow_id)).definition)
    resolved, errors = variables.validate(declared, body.variables)
    secret = {variable["name"] for variable in declared if variables.is_secret(variable)}
    return ValuesChecked(
        valid=not errors,
        errors=[WrongValue(variable=name, error=sentence) for name, sentence in errors],
        resolved={name: value for name, value in resolved.items() if name not in secret},
    )
