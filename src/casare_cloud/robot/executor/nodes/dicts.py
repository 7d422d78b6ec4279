"""Maps and JSON."""

import json
from collections.abc import Mapping
from typing import Any

from casare_cloud.robot.executor.context import NodeRun
from casare_cloud.robot.executor.declarations import anything, flag, integer, mapping, numbered, text
from casare_cloud.robot.executor.errors import NodeInputError
from casare_cloud.robot.executor.nodes.lists import at_path
from casare_cloud.robot.executor.registry import node
from casare_cloud.robot.executor.templates import MISSING, as_text, follow, split_path

DICT = mapping("dict")


@node(
    "CreateDictNode",
    takes=(mapping("entries", "items"), numbered("key"), numbered("value")),
    gives=("dict", "result"),
)
def create_dict(run: NodeRun) -> Mapping[str, Any]:
    """A map of `entries`, and of `key_1` and `value_1` up to 100."""
    made: dict[str, Any] = run.mapping("entries")
    for number in range(1, 101):
        key = run.value(f"key_{number}")
        if key is not None and key != "":
            made[as_text(key)] = run.value(f"value_{number}")
    return {"dict": made, "result": made}


@node("DictGetNode", takes=(DICT, text("key"), anything("default", "default_value")), gives=("value", "found"))
def dict_get(run: NodeRun) -> Mapping[str, Any]:
    """What a map has under a key or dotted path, or the default."""
    values, key = run.mapping("dict"), run.text("key")
    found = values[key] if key in values else follow(values, split_path(key) or [""])
    return {
        "value": run.value("default") if found is MISSING else found,
        "found": found is not MISSING,
    }


@node("GetPropertyNode", takes=(anything("object", "dict"), text("property_path", "path")), gives=("value",))
def get_property(run: NodeRun) -> Mapping[str, Any]:
    """What lies at a dotted path, or nothing."""
    return {"value": at_path(run.value("object"), run.text("property_path"))}


@node("DictSetNode", takes=(DICT, text("key"), anything("value")), gives=("result",), needs=("key",))
def dict_set(run: NodeRun) -> Mapping[str, Any]:
    """The map with one value set."""
    return {"result": {**run.mapping("dict"), as_text(run.need("key")): run.value("value")}}


@node("DictRemoveNode", takes=(DICT, text("key")), gives=("result", "removed_value"), needs=("key",))
def dict_remove(run: NodeRun) -> Mapping[str, Any]:
    """The map without one key."""
    rest = run.mapping("dict")
    removed = rest.pop(as_text(run.need("key")), None)
    return {"result": rest, "removed_value": removed}


@node("DictMergeNode", takes=(mapping("dict_1", "dict1"), mapping("dict_2", "dict2")), gives=("result",))
def dict_merge(run: NodeRun) -> Mapping[str, Any]:
    """Both maps in one; the second one's values win."""
    return {"result": run.mapping("dict_1") | run.mapping("dict_2")}


@node("DictKeysNode", takes=(DICT,), gives=("keys", "count"))
def dict_keys(run: NodeRun) -> Mapping[str, Any]:
    """A map's keys."""
    keys = list(run.mapping("dict"))
    return {"keys": keys, "count": len(keys)}


@node("DictValuesNode", takes=(DICT,), gives=("values", "count"))
def dict_values(run: NodeRun) -> Mapping[str, Any]:
    """A map's values."""
    values = list(run.mapping("dict").values())
    return {"values": values, "count": len(values)}


@node("DictItemsNode", takes=(DICT,), gives=("items", "count"))
def dict_items(run: NodeRun) -> Mapping[str, Any]:
    """A map as a list of `{key, value}`."""
    items = [{"key": key, "value": value} for key, value in run.mapping("dict").items()]
    return {"items": items, "count": len(items)}


@node("DictHasKeyNode", takes=(DICT, text("key")), gives=("has_key",))
def dict_has_key(run: NodeRun) -> Mapping[str, Any]:
    """Whether a map has a key."""
    return {"has_key": run.text("key") in run.mapping("dict")}


@node(
    "DictToJsonNode",
    "ToJSONNode",
    "StringifyJSONNode",
    takes=(anything("dict", "data", "value"), integer("indent"), flag("sort_keys"), flag("ensure_ascii", default=True)),
    gives=("json_string", "result"),
)
def to_json(run: NodeRun) -> Mapping[str, Any]:
    """A value as JSON text."""
    indent = run.value("indent")
    text = json.dumps(
        run.value("dict"),
        indent=None if indent in (None, "", 0) else int(indent),
        sort_keys=run.flag("sort_keys"),
        ensure_ascii=run.flag("ensure_ascii"),
        default=str,
    )
    return {"json_string": text, "result": text}


def from_json(source: Any) -> Any:
    """The value that a text is the JSON of; anything but text is a value already."""
    try:
        return json.loads(source) if isinstance(source, str | bytes) else source
    except ValueError as error:
        raise NodeInputError(f"the text is not JSON: {error}", error_type="JSONDecodeError") from error


PARSE_JSON = (text("json_string", "json", "text", "data", default=None), text("path"))
PARSED = ("data", "result", "value", "success")


@node("ParseJSONNode", "JsonParseNode", takes=PARSE_JSON, gives=PARSED, needs=("json_string",))
def parse_json(run: NodeRun) -> Mapping[str, Any]:
    """The value that a text is the JSON of; `path` picks a part of it."""
    data = at_path(from_json(run.need("json_string")), run.text("path"))
    return {"data": data, "result": data, "value": data, "success": True}


@node(
    "ParseJsonResponseNode",
    takes=(anything("json_data", "data", "response"), text("path"), anything("default")),
    gives=("value", "success", "error"),
    needs=("json_data",),
)
def parse_json_response(run: NodeRun) -> Mapping[str, Any]:
    """What lies at a path of an answer's JSON, or the default; where there is no default, nothing there is an error."""
    found = from_json(run.need("json_data"))
    segments = split_path(run.text("path"))
    value = found if not segments else follow(found, segments)
    if value is MISSING:
        value = run.value("default")
        if value in (None, ""):
            raise NodeInputError(f"there is nothing at {run.text('path')}, and {run.node.id} has no default")
    return {"value": value, "success": True, "error": ""}
