"""The JSON Schema of workflows, for editors: both forms, with the configuration of every type of nodes and steps.

It helps to write: a word or a key that it marks may still be read by a robot (words in another letter case, types of
plugins), and what depends on connections is found by `casare-cloud workflows validate` only.
"""

from typing import Any

from casare_cloud.robot.executor.check_graph import NODE_KEYS, NODE_NOTES
from casare_cloud.robot.executor.check_options import WORKFLOW_KEYS, WORKFLOW_NOTES
from casare_cloud.robot.executor.declarations import ANY_VALUE, EVERY_NODE_TAKES, NOTES, Kind, NodeType, Option
from casare_cloud.robot.executor.step_retries import BACKOFFS
from casare_cloud.robot.executor.tasks import EVERY_STEP_TAKES
from casare_cloud.robot.reference.pages import Page, pages

Schema = dict[str, Any]

_TEMPLATE: Schema = {"type": "string", "pattern": r"\{\{"}
_KINDS: dict[Kind, Schema] = {
    "number": {"type": ["number", "string", "null"]},
    "integer": {"type": ["number", "string", "null"]},
    "boolean": {"type": ["boolean", "string", "number", "null"]},
    "list": {"type": ["array", "string", "null"]},
    "object": {"type": ["object", "string", "null"]},
}
_TEXT: Schema = {"type": "string"}
_ANYWHERE = f"^({'|'.join(sorted(EVERY_NODE_TAKES | NOTES | {option.name for option in EVERY_STEP_TAKES}))})$"
"""What every configuration may have: words for people, and what any node or step takes."""
_TEXTS: Schema = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}
_ID: Schema = {"type": ["string", "integer"]}


def workflow_schema() -> Schema:
    """The schema of a whole workflow."""
    nodes = [page for page in pages() if not page.is_step]
    steps = [page for page in pages() if page.is_step]
    both = [*steps, *nodes]  # a step may have any type of nodes, too
    definitions: Schema = {_key(page): _config(page) for page in pages()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A workflow of casare_cloud",
        "type": "object",
        "anyOf": [{"required": ["nodes"]}, {"required": ["steps"]}],
        "properties": {
            **{name: {} for name in sorted(WORKFLOW_NOTES)},
            "nodes": {
                "description": "A list of nodes with ids, or an object of nodes by their ids.",
                "anyOf": [
                    {"type": "array", "items": {"$ref": "#/$defs/node"}},
                    {"type": "object", "additionalProperties": {"$ref": "#/$defs/node"}},
                ],
            },
            "connections": {"type": "array", "items": {"$ref": "#/$defs/connection"}},
            "steps": {"type": "array", "items": {"$ref": "#/$defs/step"}},
            "step_mappings": {"type": "array", "items": {"$ref": "#/$defs/mapping"}},
            "variables": {"$ref": "#/$defs/variables"},
            "subflows": {"type": "object", "additionalProperties": {"$ref": "#"}},
            "subworkflows": {"type": "object", "additionalProperties": {"$ref": "#"}},
        },
        "propertyNames": {"enum": sorted(WORKFLOW_KEYS | WORKFLOW_NOTES)},
        "$defs": {
            "node": _node(nodes),
            "connection": _CONNECTION,
            "step": _step(both),
            "mapping": _MAPPING,
            "variables": _VARIABLES,
            **dict(sorted(definitions.items())),
        },
    }


def _key(page: Page) -> str:
    return f"step_{page.name}" if page.is_step else page.name


def _node(nodes: list[Page]) -> Schema:
    type_ = _types(nodes)
    return {
        "type": "object",
        "properties": {
            **{name: {} for name in sorted(NODE_KEYS | NODE_NOTES)},
            "id": _ID,
            "node_id": _ID,
            "type": type_,
            "node_type": type_,
            "config": {"type": "object"},
            "disabled": {"type": "boolean"},
        },
        "anyOf": [{"required": ["type"]}, {"required": ["node_type"]}],
        "allOf": [_when(page, key) for page in nodes for key in ("type", "node_type")],
    }


def _step(both: list[Page]) -> Schema:
    return {
        "type": "object",
        "required": ["id", "type"],
        "properties": {
            "id": _ID,
            "name": _TEXT,
            "type": _types(both),
            "config": {"type": "object"},
            "depends_on": {**_TEXTS, "description": "The steps that must have run before."},
            "next": {**_TEXTS, "description": "The steps that come after."},
            "branches": {"type": "object", "description": "Of a condition: the steps on either side, true and false."},
            "on_error": {**_TEXT, "description": "stop, continue, or the id of a step that runs instead."},
            "condition": {**_TEXT, "description": "The step is skipped when it does not hold."},
            "enabled": {"type": "boolean", "default": True},
            "retry": {
                "type": "object",
                "properties": {
                    "max_attempts": {"type": "integer"},
                    "max_retries": {"type": "integer"},
                    "backoff": {"enum": list(BACKOFFS)},
                    "delay": {"type": "number"},
                    "max_delay": {"type": "number"},
                },
            },
        },
        "allOf": [_when(page, "type") for page in both],
    }


def _types(known: list[Page]) -> Schema:
    """The names that an editor may offer; a plugin may have another."""
    return {"anyOf": [{"enum": sorted({name for page in known for name in page.names})}, _TEXT]}


def _when(page: Page, key: str) -> Schema:
    return {
        "if": {"properties": {key: {"enum": list(page.names)}}, "required": [key]},
        "then": {"properties": {"config": {"$ref": f"#/$defs/{_key(page)}"}}},
    }


def _config(page: Page) -> Schema:
    declared = page.declared
    options = declared.options.items()
    numbered = [name for name, option in options if option.numbered]
    schema: Schema = {
        "description": declared.about,
        "type": "object",
        "properties": {name: _value(name, option, declared) for name, option in options if not option.numbered},
        "patternProperties": {_ANYWHERE: {}, **{rf"^{name}\d{{1,3}}$": {} for name in numbered}},
    }
    if not declared.any_option:
        schema["additionalProperties"] = False
    return schema


def _value(name: str, option: Option, declared: NodeType) -> Schema:
    value: Schema = dict(_KINDS.get(option.kind, {}))
    if option.choices:
        value = {"anyOf": [{"enum": list(option.choices)}, _TEMPLATE]}
    if option.default is not None and option.default != ANY_VALUE:
        value["default"] = option.default
    words = [f"Another name for {option.name}."] if name != option.name else []
    if option.no_effect:
        words.append(f"Has no effect here: {option.no_effect}.")
    if {option.name, *option.also} & set(declared.needs):
        words.append("Needed, here or by a connection.")
    return {**value, **({"description": " ".join(words)} if words else {})}


_END: Schema = {"anyOf": [_ID, {"type": "object"}]}
_CONNECTION: Schema = {
    "type": "object",
    "properties": {
        "source_node": _END,
        "source_port": {**_TEXT, "description": "An exit (exec_out, true, error …) or an output of the source."},
        "target_node": _END,
        "target_port": {**_TEXT, "description": "exec_in, or an option of the target that gets the value."},
    },
}
_MAPPING: Schema = {
    "type": "object",
    "required": ["step_id"],
    "properties": {
        "step_id": _ID,
        "input_mapping": {"type": "object", "description": "Options of the step, each from a variable."},
        "output_mapping": {"type": "object", "description": "Outputs of the step, each into a variable."},
    },
}
_DECLARED: Schema = {
    "type": "object",
    "properties": {
        "name": _TEXT,
        "type": _TEXT,
        "data_type": _TEXT,
        "default_value": {},
        "required": {"type": "boolean"},
        "sensitive": {"type": "boolean", "description": "Masked in the log, the result and errors."},
        "description": _TEXT,
    },
}
_VARIABLES: Schema = {
    "description": "First values by name, or declarations.",
    "anyOf": [{"type": "object"}, {"type": "array", "items": {**_DECLARED, "required": ["name"]}}],
}
