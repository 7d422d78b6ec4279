"""Finds what is wrong with the keys of a workflow and with the configuration of one node or step."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from casare_cloud.robot.executor.declarations import ANY_VALUE, EVERY_NODE_TAKES, NOTES, NodeType, kind_of
from casare_cloud.robot.executor.errors import InvalidWorkflowError, WorkflowError
from casare_cloud.robot.executor.graph import DECLARATION_KEYS, Node, is_declaration
from casare_cloud.robot.executor.problems import Problem, listed, nearest
from casare_cloud.robot.executor.registry import find_node

WORKFLOW_KEYS = frozenset({"nodes", "connections", "variables", "subflows", "subworkflows", "steps", "step_mappings"})
WORKFLOW_NOTES = NOTES | {
    "$schema", "$schema_version", "author", "canvas", "capabilities", "created_at", "created_by", "entry_point",
    "environment", "frames", "id", "inputs", "metadata", "name", "outputs", "parameters", "required_capabilities",
    "schema_version", "settings", "source_template", "updated_at", "user_instruction", "version", "viewport",
    "workflow_id", "workflow_name",
}  # fmt: skip
CONNECTION_WORDS = frozenset({"edges", "links", "wires", "connection"})


def structural(path: str, error: WorkflowError) -> Problem:
    """The problem that reading the workflow, or a part of it at `path`, ended with."""
    if not isinstance(error, InvalidWorkflowError):
        return Problem(path.rstrip("."), "structure", "error", str(error), node_id=error.node_id)
    place = f"{path}{error.path}".rstrip(".")
    return Problem(place, error.rule, "error", error.message, error.did_you_mean, error.node_id)


def workflow_keys(definition: Mapping[str, Any], path: str) -> Iterator[Problem]:
    """Keys of the workflow and of its declared variables that nothing reads, and settings without effect."""
    for key in definition:
        if key in WORKFLOW_KEYS | WORKFLOW_NOTES or not definition[key]:
            continue
        meant = "connections" if key in CONNECTION_WORDS else nearest(key, WORKFLOW_KEYS)
        if meant and meant not in definition:
            yield Problem(f"{path}{key}", "unknown_key", "error", f"{key} is no key of a workflow", meant)
        else:
            yield Problem(f"{path}{key}", "unknown_key", "warning", f"{key} of the workflow is not read")
    variables = definition.get("variables")
    declared = variables.items() if isinstance(variables, Mapping) else ()
    for name, value in declared:
        for key in value.keys() - DECLARATION_KEYS - NOTES if is_declaration(value) else ():
            place = f"{path}variables.{name}.{key}"
            yield Problem(place, "unknown_key", "warning", f"{key} of the variable {name} is not read")
    settings = definition.get("settings")
    if isinstance(settings, Mapping) and settings.get("stop_on_error") is False:
        message = "stop_on_error has no effect here: a node that fails leads on only by its error exit or a TryNode"
        yield Problem(f"{path}settings.stop_on_error", "no_effect", "warning", message)


def unknown_keys(items: Iterable[Any], path: str, keys: frozenset[str], notes: frozenset[str]) -> Iterator[Problem]:
    """One warning a key, at the first place where it stands."""
    first: dict[str, int] = {}
    for number, item in enumerate(items):
        for key in item.keys() - keys - notes if isinstance(item, Mapping) else ():
            first.setdefault(key, number)
    for key, number in first.items():
        message = f"{key} of {path}[{number}] is not read"
        yield Problem(f"{path}[{number}].{key}", "unknown_key", "warning", message, nearest(key, keys))


def unknown_type(name: str, node_id: str, path: str, names: Iterable[str]) -> Iterator[Problem]:
    """A type that says nothing of itself: a plugin's that is here may do so, any other is not here."""
    if find_node(kind_of(name)) is None:
        message = f"{name} of {node_id} is not built in: only a robot with a plugin for it can run it"
        yield Problem(path, "unknown_type", "warning", message, nearest(name, names), node_id)


def option_problems(node: Node, config: Mapping[str, Any], declared: NodeType, path: str) -> Iterator[Problem]:
    for key, value in config.items():
        option = declared.option(str(key))
        place = f"{path}.{key}"
        if option is None:
            if declared.any_option or key in EVERY_NODE_TAKES | NOTES:
                continue
            if str(key).startswith("_"):
                message = f"{key} of {node.id} is not read"
                yield Problem(place, "unknown_key", "warning", message, None, node.id)
                continue
            meant = nearest(str(key), declared.option_names)
            message = f"{key} is no option of {node.type} {node.id}"
            if meant is None:
                message += f" (its options: {listed(declared.option_names)})"
            yield Problem(place, "unknown_option", "error", message, meant, node.id)
        elif option.no_effect and value not in (option.default, None) and option.default != ANY_VALUE:
            message = f"{key} of {node.id} has no effect here: {option.no_effect}"
            yield Problem(place, "no_effect", "warning", message, None, node.id)
        elif option.choices and isinstance(value, str) and value.strip() and "{{" not in value:
            words = {word.lower() for word in option.choices}
            if value.strip().lower() not in words:
                message = f"{value} is no {key} of {node.type} {node.id}; use one of {', '.join(option.choices)}"
                yield Problem(place, "bad_choice", "warning", message, nearest(value, option.choices), node.id)


def missing_options(node: Node, declared: NodeType, also: Collection[str], path: str) -> Iterator[Problem]:
    """What the node needs and neither its configuration nor `also` (what leads into it) has.

    A key that is misspelt counts: it is told already.
    """
    written = {str(key) for key, value in node.config.items() if value not in (None, "")}
    unknown = (key for key in written if declared.option(key) is None)
    given = {*also, *written, *(nearest(key, declared.option_names) for key in unknown)}
    for name in declared.lacking(given):
        yield Problem(path, "missing_option", "error", f"{node.type} {node.id} needs {name}", node_id=node.id)
