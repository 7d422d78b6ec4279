"""The variables that a definition declares, the mappings between them and its steps, and what values may be given."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.domain.permissions import require
from casare_cloud.domain.workflows import service
from casare_cloud.domain.workflows.model import Workflow
from casare_cloud.errors import ApiError

TYPES = ("string", "number", "boolean", "json", "list", "secret")
_DEFAULTS: dict[str, Any] = {
    "type": "string",
    "default_value": None,
    "description": "",
    "required": False,
    "scope": "workflow",
    "sensitive": False,
}


class VariableTaken(ApiError):
    """400: two variables of one name."""

    def __init__(self, name: str) -> None:
        super().__init__(400, "VARIABLE_REPEATED", f"variables: {name} is declared twice.")


class StepUnknown(ApiError):
    """400: a mapping for a step that is not there."""

    def __init__(self, step_id: str) -> None:
        super().__init__(400, "STEP_UNKNOWN", f"mappings: the workflow has no step {step_id}.")


def declared_in(definition: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The declarations, each with every key; whatever is stored that is no list of them is none."""
    given = definition.get("variables")
    items = given if isinstance(given, list) else []
    return [{**_DEFAULTS, **item} for item in items if isinstance(item, dict) and isinstance(item.get("name"), str)]


def mappings_in(definition: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The mappings between variables and steps."""
    given = definition.get("step_mappings")
    return [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []


async def set_variables(tx: Transaction, workflow_id: UUID, variables: list[dict[str, Any]]) -> Workflow:
    """Declare these variables and no others; a new version when they differ. 400 VARIABLE_REPEATED.

    Needs workflows.write and workflows.read.
    """
    names: set[str] = set()
    for variable in variables:
        if variable["name"] in names:
            raise VariableTaken(variable["name"])
        names.add(variable["name"])
    return await _change(tx, workflow_id, "variables", variables)


async def set_mappings(tx: Transaction, workflow_id: UUID, mappings: list[dict[str, Any]]) -> Workflow:
    """Connect variables and steps so and not otherwise. 400 STEP_UNKNOWN. Needs workflows.write and workflows.read."""
    await require(tx, "workflows.write")
    definition = (await service.get(tx, workflow_id)).definition
    steps = definition.get("steps")
    known = {str(step.get("id")) for step in steps if isinstance(step, dict)} if isinstance(steps, list) else set()
    for mapping in mappings:
        if mapping["step_id"] not in known:
            raise StepUnknown(mapping["step_id"])
    return await _change(tx, workflow_id, "step_mappings", mappings)


async def _change(tx: Transaction, workflow_id: UUID, key: str, value: Any) -> Workflow:
    workflow = await service.get(tx, workflow_id)
    # Read and written as one: whoever changed the definition in between is not overwritten.
    return await service.update(
        tx, workflow_id, {"definition": {**workflow.definition, key: value}}, version=workflow.version
    )


def validate(declared: list[dict[str, Any]], values: Mapping[str, Any]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """(the values that a run would begin with, what is wrong with those that were given: variable, sentence)."""
    resolved: dict[str, Any] = {}
    errors = []
    for variable in declared:
        name = variable["name"]
        value = values.get(name)
        if value is None:
            value = variable["default_value"]
        if value is None:
            if variable["required"]:
                errors.append((name, f"{name} is required."))
            continue
        try:
            resolved[name] = _as_type(variable["type"], value)
        except ValueError:
            errors.append((name, f"{name} must be {_RULES.get(variable['type'], 'a text')}."))
    known = {variable["name"] for variable in declared}
    resolved |= {name: value for name, value in values.items() if name not in known}
    return resolved, errors


def is_secret(variable: Mapping[str, Any]) -> bool:
    """Whether nobody is to see its value."""
    return bool(variable.get("sensitive")) or variable.get("type") == "secret"


_RULES = {
    "string": "a text",
    "secret": "a text",
    "number": "a number",
    "boolean": "true or false",
    "json": "a value in JSON",
    "list": "a list",
}


def _as_type(word: str, value: Any) -> Any:
    """The value as its type; text is read as what it stands for. Raises `ValueError`."""
    match word:
        case "number":
            if isinstance(value, bool):
                raise ValueError
            return value if isinstance(value, int | float) else _number(value)
        case "boolean":
            if isinstance(value, bool):
                return value
            words = {"true": True, "false": False}
            if not isinstance(value, str) or value.lower() not in words:
                raise ValueError
            return words[value.lower()]
        case "json":
            return json.loads(value) if isinstance(value, str) else value
        case "list":
            found = json.loads(value) if isinstance(value, str) else value
            if not isinstance(found, list):
                raise ValueError
            return found
        case _:
            if isinstance(value, dict | list):
                raise ValueError
            return value if isinstance(value, str) else json.dumps(value)


def _number(value: Any) -> int | float:
    if not isinstance(value, str):
        raise ValueError
    try:
        return int(value)
    except ValueError:
        return float(value)
