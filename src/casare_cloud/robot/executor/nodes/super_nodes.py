"""Nodes of the published product that do one of several things, by their `action`.

What an action does is what the node of one subject does: its options under the names of the super node, its outputs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from casare_cloud.robot.executor.context import NodeRun
from casare_cloud.robot.executor.declarations import (
    NodeType,
    Option,
    anything,
    choice,
    expression,
    flag,
    integer,
    kind_of,
    node_type,
    unused,
)
from casare_cloud.robot.executor.errors import UnsupportedNodeError
from casare_cloud.robot.executor.expressions import is_true
from casare_cloud.robot.executor.nodes import archives, csv_files, dicts, files, lists, patterns, texts
from casare_cloud.robot.executor.registry import Next, NodeFunction, built_in, node
from casare_cloud.robot.executor.templates import as_text

Outputs = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Action:
    """One action: the node that does it, its options by the super node's names, and what becomes of its outputs."""

    function: NodeFunction
    declared: NodeType
    also: Callable[[NodeRun, Outputs], Outputs] | None = None
    hidden: frozenset[str] = frozenset()  # options that have another name in the super node

    def run(self, run: NodeRun) -> Outputs | Next | None:
        own = run.declared_as(self.declared)
        outputs = self.function(own)
        if self.also is None or not isinstance(outputs, Mapping):
            return outputs
        return {**outputs, **self.also(own, outputs)}


def action_of(
    name: str,
    function: NodeFunction,
    renamed: Mapping[str, str] | None = None,
    defaults: Mapping[str, Any] | None = None,
    also: Callable[[NodeRun, Outputs], Outputs] | None = None,
) -> Action:
    """An action of the node `name`. `renamed`: an option's name in the super node, and in that node."""
    declared = built_in(kind_of(name))
    names = {other: own for own, other in (renamed or {}).items()}
    options: dict[str, Option] = {}
    for option in {option.name: option for option in declared.options.values()}.values():
        more = (names[option.name],) if option.name in names else ()
        default = (defaults or {}).get(option.name, option.default)
        changed = replace(option, also=(*more, *option.also), default=default)
        options |= dict.fromkeys((option.name, *changed.also), changed)
    return Action(function, replace(declared, options=options), also, frozenset(names))


def declared_of(actions: Mapping[str, Action], default: str, *more: Option, gives: str = "") -> dict[str, Any]:
    """What the super node says of itself: every option and output of its actions, and more."""
    options: dict[str, Option] = {}
    for action in actions.values():
        for name, option in action.declared.options.items():
            if name in action.hidden:
                continue
            known = options.get(name)
            if known is None or known.choices == option.choices:
                options[name] = replace(option, name=name, also=())
            else:  # of several actions, each with words of its own
                options[name] = replace(known, also=(), choices=())
    for option in more:
        options[option.name] = option
    outputs = {output for action in actions.values() for output in action.declared.outputs}
    return {
        "takes": (choice("action", *actions, default=default), *options.values()),
        "gives": outputs | set(gives.split()),
    }


FILE_ACTIONS = {
    "Read File": action_of("ReadFileNode", files.read_file),
    "Write File": action_of("WriteFileNode", files.write_file),
    "Append File": action_of("AppendFileNode", files.append_file),
    "Delete File": action_of("DeleteFileNode", files.delete_file),
    "Copy File": action_of("CopyFileNode", files.copy_file),
    "Move File": action_of("MoveFileNode", files.move_file),
    "File Exists": action_of("FileExistsNode", files.file_exists),
    "Get File Size": action_of("GetFileSizeNode", files.file_info),
    "Get File Info": action_of("GetFileInfoNode", files.file_info),
    "Create Directory": action_of("CreateDirectoryNode", files.create_directory),
    "List Files": action_of("ListFilesNode", files.list_files),
    "List Directory": action_of("ListDirectoryNode", files.list_directory),
}


@node("FileSystemSuperNode", **declared_of(FILE_ACTIONS, "Read File"))
def file_system(run: NodeRun) -> Next | Outputs | None:
    """Does what the file node does that its `action` names, with that node's options and outputs."""
    return FILE_ACTIONS[run.choice("action")].run(run)


TEXT_ACTIONS = {
    "Substring": action_of("TextSubstringNode", texts.substring),
    "Contains": action_of("TextContainsNode", texts.contains),
    "Starts With": action_of("TextStartsWithNode", texts.starts_with),
    "Ends With": action_of("TextEndsWithNode", texts.ends_with),
    "Extract (Regex)": action_of("TextExtractNode", patterns.extract),
    "Split": action_of("TextSplitNode", texts.split),
    "Replace": action_of("TextReplaceNode", patterns.replace, {"replace_count": "count"}),
    "Trim": action_of("TextTrimNode", texts.trim, {"trim_mode": "mode", "trim_characters": "characters"}),
    "Case": action_of("TextCaseNode", texts.change_case, {"case_transform": "case"}),
    "Pad": action_of("TextPadNode", texts.pad, {"pad_mode": "mode"}),
    "Reverse": action_of("TextReverseNode", texts.reverse),
    "Lines": action_of("TextLinesNode", texts.lines, {"lines_mode": "mode"}),
    "Count": action_of("TextCountNode", texts.count, {"count_mode": "mode"}),
    "Join": action_of("TextJoinNode", lists.join),
}


@node("TextSuperNode", **declared_of(TEXT_ACTIONS, "Contains"))
def text_super(run: NodeRun) -> Next | Outputs | None:
    """Does what the text node does that its `action` names."""
    return TEXT_ACTIONS[run.choice("action")].run(run)


def _previous(run: NodeRun, outputs: Outputs) -> Outputs:
    before, key = run.mapping("dict"), run.text("key")
    return {"dict": outputs["result"], "previous": before.get(key), "was_update": key in before}


def _removed(run: NodeRun, outputs: Outputs) -> Outputs:
    return {"dict": outputs["result"], "was_removed": run.text("key") in run.mapping("dict")}


def _create_dict(run: NodeRun) -> Outputs:
    made = {
        as_text(key): run.value(f"value{number}")
        for number in (1, 2, 3)
        if (key := run.value(f"key{number}")) not in (None, "")
    }
    return {"dict": made, "count": len(made)}


_PAIRS = [anything(f"{name}{number}") for number in (1, 2, 3) for name in ("key", "value")]
DICT_ACTIONS = {
    "Create Dict": Action(_create_dict, node_type(("DictSuperNode",), "", _PAIRS, ("dict", "count"))),
    "Get Value": action_of("DictGetNode", dicts.dict_get),
    "Get Property": action_of("GetPropertyNode", dicts.get_property, {"dict": "object", "path": "property_path"},
                            also=lambda _, outputs: {"found": outputs["value"] is not None}),
    "Has Key": action_of("DictHasKeyNode", dicts.dict_has_key),
    "Get Keys": action_of("DictKeysNode", dicts.dict_keys),
    "Get Values": action_of("DictValuesNode", dicts.dict_values),
    "Get Items": action_of("DictItemsNode", dicts.dict_items),
    "Set Value": action_of("DictSetNode", dicts.dict_set, also=_previous),
    "Remove Key": action_of("DictRemoveNode", dicts.dict_remove, also=_removed),
    "Merge": action_of("DictMergeNode", dicts.dict_merge, {"dict1": "dict_1", "dict2": "dict_2"},
                     also=lambda _, outputs: {"merged": outputs["result"], "count": len(outputs["result"])}),
    "Parse JSON": action_of("ParseJSONNode", dicts.parse_json, also=lambda _, outputs: {"error": ""}),
    "To JSON": action_of("DictToJsonNode", dicts.to_json, {"data": "dict"}, {"ensure_ascii": False, "indent": 0},
                         also=lambda _, outputs: {"success": True}),
}  # fmt: skip


@node(
    "DictSuperNode",
    **(
        declared_of(
            DICT_ACTIONS,
            "Get Value",
            unused("ignore_missing", "a key that is not there is removed without an error", False),
            unused("deep_merge", "the second object's values count", False),
            unused("overwrite", "the second object's values count", True),
            unused("create_path", "a value is set under its key", True),
            unused("separator", "paths have dots", "."),
            gives="previous was_update was_removed merged error success count found",
        )
    ),
)
def dict_super(run: NodeRun) -> Next | Outputs | None:
    """Does what the node for objects does that its `action` names."""
    return DICT_ACTIONS[run.choice("action")].run(run)


def _sized(name: str) -> Callable[[NodeRun, Outputs], Outputs]:
    return lambda _, outputs: {name: outputs["result"], "length": len(outputs["result"])}


def _duplicates(run: NodeRun, outputs: Outputs) -> Outputs:
    return {**_sized("unique")(run, outputs), "duplicates_removed": len(run.items("list")) - len(outputs["result"])}


def _create_list(run: NodeRun) -> Outputs:
    made = [item for number in (1, 2, 3) if (item := run.value(f"item{number}")) is not None]
    return {"list": made, "length": len(made)}


def _names(place: int, item: Any) -> dict[str, Any]:
    return {"x": item, "item": item, "i": place, "index": place}


def _get_item(run: NodeRun) -> Outputs:
    items, index = run.items("list"), run.integer("index")
    found = -len(items) <= index < len(items) and (index >= 0 or run.flag("negative_index"))
    return {"item": items[index] if found else run.value("default_value"), "found": found}


def _flatten(run: NodeRun) -> Outputs:
    depth = run.integer("depth")
    made = lists.flat(run.items("list"), depth if depth >= 0 else 100)
    return {"flattened": made, "length": len(made)}


def _filter(run: NodeRun) -> Outputs:
    written = str(run.raw("expression") or "True")
    parts: dict[bool, list[Any]] = {True: [], False: []}
    for place, item in enumerate(run.items("list")):
        parts[is_true(run.evaluate_with(written, _names(place, item)))].append(item)
    return {"filtered": parts[True], "rejected": parts[False], "length": len(parts[True])}


def _map(run: NodeRun) -> Outputs:
    written = str(run.raw("expression") or "x")
    made = [run.evaluate_with(written, _names(place, item)) for place, item in enumerate(run.items("list"))]
    return {"mapped": made, "length": len(made)}


def _reduce(run: NodeRun) -> Outputs:
    operation, items, initial = run.choice("reduce_operation"), run.items("list"), run.value("initial")
    if operation == "concat":
        if all(isinstance(item, str) for item in items):
            return {"result": texts.joined("", items) if items else initial}
        return {"result": [part for item in items for part in (item if isinstance(item, list) else [item])]}
    if operation != "custom":
        return {"result": lists.reduced(operation, items, initial) if items else initial}
    rest = items if initial is not None else items[1:]
    result = initial if initial is not None else (items[0] if items else None)
    for place, item in enumerate(rest):
        names = {**_names(place, item), "acc": result, "accumulator": result}
        result = run.evaluate_with(str(run.raw("expression") or run.need("expression")), names)
    return {"result": result}


_EXPRESSION = (lists.LIST, expression("expression"))
_REDUCTION = (
    *_EXPRESSION,
    anything("initial"),
    choice("reduce_operation", "sum", "product", "min", "max", "concat", "custom", default="sum"),
)
_PLACE = (
    lists.LIST,
    integer("index", default=0),
    anything("default_value", default=""),
    flag("negative_index", default=True),
)
_DEPTH = (lists.LIST, integer("depth", default=-1))
_ITEMS = [anything(f"item{number}") for number in (1, 2, 3)]
LIST_ACTIONS = {
    "Create List": Action(_create_list, node_type(("ListSuperNode",), "", _ITEMS, ("list", "length"))),
    "Filter": Action(_filter, node_type(("ListSuperNode",), "", _EXPRESSION, ("filtered", "rejected", "length"))),
    "Map": Action(_map, node_type(("ListSuperNode",), "", _EXPRESSION, ("mapped", "length"))),
    "Reduce": Action(_reduce, node_type(("ListSuperNode",), "", _REDUCTION, ("result",))),
    "Get Item": Action(_get_item, node_type(("ListSuperNode",), "", _PLACE, ("item", "found"))),
    "Flatten": Action(_flatten, node_type(("ListSuperNode",), "", _DEPTH, ("flattened", "length"))),
    "Length": action_of(
        "ListLengthNode", lists.length, also=lambda _, outputs: {"is_empty": not outputs["length"]}
    ),
    "Contains": action_of(
        "ListContainsNode", lists.contains,
        also=lambda run, _: {"count": run.items("list").count(run.value("item"))},
    ),
    "Append": action_of("ListAppendNode", lists.append, also=lambda _, outputs: {"list": outputs["result"]}),
    "Slice": action_of("ListSliceNode", lists.slice_, also=_sized("slice")),
    "Sort": action_of("ListSortNode", lists.sort, {"sort_key": "key_path"}, also=_sized("sorted")),
    "Reverse": action_of("ListReverseNode", lists.reverse, also=_sized("reversed")),
    "Unique": action_of("ListUniqueNode", lists.unique, also=_duplicates),
    "Join": action_of("ListJoinNode", lists.join),
}  # fmt: skip


@node(
    "ListSuperNode",
    **declared_of(
        LIST_ACTIONS,
        "Get Item",
        unused("step", "every item of a slice is taken", 1),
        unused("preserve_order", "the order is kept", True),
        unused("extend", "the item is appended as it is", False),
        unused("position", "the item is appended at the end", "end"),
        unused("insert_index", "the item is appended at the end", 0),
        gives="is_empty count list length slice sorted reversed unique duplicates_removed flattened",
    ),
)
def list_super(run: NodeRun) -> Next | Outputs | None:
    """Does what the list node does that its `action` names; Filter, Map and Reduce by an `expression` over `x`."""
    return LIST_ACTIONS[run.choice("action")].run(run)


DATA_ACTIONS = {
    "Read CSV": action_of("ReadCSVNode", csv_files.read_csv),
    "Write CSV": action_of("WriteCSVNode", csv_files.write_csv),
    "Read JSON": action_of("ReadJSONFileNode", files.read_json),
    "Write JSON": action_of("WriteJSONFileNode", files.write_json),
    "Zip Files": action_of("ZipFilesNode", archives.zip_files),
    "Unzip Files": action_of("UnzipFilesNode", archives.unzip_files),
}
_NO_IMAGES = "images are not converted"


def _no_images(run: NodeRun) -> Next:
    raise UnsupportedNodeError(f"{run.node.id}: {_NO_IMAGES} here", node_id=run.node.id)


@node(
    "StructuredDataSuperNode",
    **declared_of(
        {**DATA_ACTIONS, "Image Convert": Action(_no_images, built_in("readfile"))},
        "Read CSV",
        *(unused(name, _NO_IMAGES) for name in ("output_path", "output_format", "quality", "scale_percent")),
        unused("overwrite", "what is written goes over what was there"),
        unused("recursive", "a folder is packed with all that is in it"),
    ),
)
def structured_data(run: NodeRun) -> Next | Outputs | None:
    """Reads and writes CSV, JSON and zip archives, as the node does that its `action` names."""
    action = run.choice("action")
    return _no_images(run) if action == "Image Convert" else DATA_ACTIONS[action].run(run)
