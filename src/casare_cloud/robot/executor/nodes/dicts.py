"""Maps and JSON."""

import json
from collections.abc import Mapping
from typing import Any

from casare_cloud.robot.executor.context import NodeRun
from casare_cloud.robot.executor.errors import NodeInputError
from casare_cloud.robot.executor.nodes.lists import at_path
from casare_cloud.robot.executor.registry import node
from casare_cloud.robot.executor.templates import MISSING, as_text, follow, split_path


@node("CreateDictNode")
def create_dict(run: NodeRun) -> Mapping[str, Any]:
    made: dict[str, Any] = run.mapping("entries", "items") if run.value("entries", "items") is not None else {}
    for number in range(1, 101):
        key = run.value(f"key_{number}")
        if key is not None and key != "":
            made[as_text(key)] = run.value(f"value_{number}")
    return {"dict": made, "result": made}


@node("DictGetNode")
def dict_get(run: NodeRun) -> Mapping[str, Any]:
    found = follow(run.mapping("dict"), split_path(run.text("key")) or [""])
    return {
        "value": run.value("default", "default_value") if found is MISSING else found,
        "found": found is not MISSING,
    }


@node("GetPropertyNode")
def get_property(run: NodeRun) -> Mapping[str, Any]:
    return {"value": at_path(run.value("object", "dict"), run.text("property_path", "path"))}


@node("DictSetNode")
def dict_set(run: NodeRun) -> Mapping[str, Any]:
    return {"result": {**run.mapping("dict"), as_text(run.need("key")): run.value("value")}}


@node("DictRemoveNode")
def dict_remove(run: NodeRun) -> Mapping[str, Any]:
    rest = run.mapping("dict")
    removed = rest.pop(as_text(run.need("key")), None)
    return {"result": rest, "removed_value": removed}


@node("DictMergeNode")
def dict_merge(run: NodeRun) -> Mapping[str, Any]:
    return {"result": run.mapping("dict_1", "dict1") | run.mapping("dict_2", "dict2")}


@node("DictKeysNode")
def dict_keys(run: NodeRun) -> Mapping[str, Any]:
    keys = list(run.mapping("dict"))
    return {"keys": keys, "count": len(keys)}


@node("DictValuesNode")
def dict_values(run: NodeRun) -> Mapping[str, Any]:
    values = list(run.mapping("dict").values())
    return {"values": values, "count": len(values)}


@node("DictItemsNode")
def dict_items(run: NodeRun) -> Mapping[str, Any]:
    items = [{"key": key, "value": value} for key, value in run.mapping("dict").items()]
    return {"items": items, "count": len(items)}


@node("DictHasKeyNode")
def dict_has_key(run: NodeRun) -> Mapping[str, Any]:
    return {"has_key": run.text("key") in run.mapping("dict")}


@node("DictToJsonNode", "ToJSONNode", "StringifyJSONNode")
def to_json(run: NodeRun) -> Mapping[str, Any]:
    indent = run.value("indent")
    text = json.dumps(
        run.value("dict", "data", "value"),
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


@node("ParseJSONNode", "JsonParseNode")
def parse_json(run: NodeRun) -> Mapping[str, Any]:
    """The value that a text is the JSON of; `path` picks a part of it."""
    data = at_path(from_json(run.need("json_string", "json", "text", "data")), run.text("path"))
    return {"data": data, "result": data, "value": data, "success": True}


@node("ParseJsonResponseNode")
def parse_json_response(run: NodeRun) -> Mapping[str, Any]:
    data = run.value("json_data", "data")
    try:
        found = json.loads(data) if isinstance(data, str) else data
    except ValueError as error:
        return {"value": run.value("default"), "success": False, "error": f"the text is not JSON: {error}"}
    segments = split_path(run.text("path"))
    value = found if not segments else follow(found, segments)
    if value is MISSING:
        return {"value": run.value("default"), "success": False, "error": f"there is nothing at {run.text('path')}"}
    return {"value": value, "success": True, "error": ""}
