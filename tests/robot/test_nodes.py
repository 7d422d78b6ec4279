"""The built-in nodes, one by one: inputs as the product's documentation names them, and what comes out."""

import json
from typing import Any

import pytest
from tests.robot.workflows import Workshop, chain

from casare_cloud.robot.executor.errors import NodeInputError, ThrownError
from casare_cloud.robot.executor.nodes.basic import convert

PEOPLE = [{"name": "Bob", "score": 50}, {"name": "Alice", "score": 80}]

OUTPUTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    # lists
    ("CreateListNode", {"item_1": "a", "item_2": "b", "item_3": 3}, {"list": ["a", "b", 3]}),
    ("ListGetItemNode", {"list": ["a", "b", "c"], "index": -1}, {"item": "c"}),
    ("ListLengthNode", {"list": "[1, 2]"}, {"length": 2}),
    ("ListAppendNode", {"list": [1], "item": 2}, {"result": [1, 2]}),
    ("ListContainsNode", {"list": [1, 2], "item": 2}, {"contains": True, "index": 1}),
    ("ListContainsNode", {"list": [1, 2], "item": 9}, {"contains": False, "index": -1}),
    ("ListSliceNode", {"list": [1, 2, 3], "start": 1}, {"result": [2, 3]}),
    ("ListSliceNode", {"list": [1, 2, 3], "start": 0, "end": 2}, {"result": [1, 2]}),
    ("ListJoinNode", {"list": ["red", "green"], "separator": " | "}, {"result": "red | green"}),
    ("ListSortNode", {"list": [3, 1, 2], "reverse": True}, {"result": [3, 2, 1]}),
    ("ListSortNode", {"list": PEOPLE, "key_path": "name"}, {"result": PEOPLE[::-1]}),
    ("ListSortNode", {"list": ["b", None, 1, {"x": 1}]}, {"result": [None, 1, "b", {"x": 1}]}),
    ("ListReverseNode", {"list": [1, 2]}, {"result": [2, 1]}),
    ("ListUniqueNode", {"list": [1, "1", 1, [2], [2]]}, {"result": [1, "1", [2]]}),
    ("ListFlattenNode", {"list": [[1, 2], [3, [4]]]}, {"result": [1, 2, 3, [4]]}),
    ("ListFlattenNode", {"list": [[1, 2], [3, [4]]], "depth": 2}, {"result": [1, 2, 3, 4]}),
    (
        "ListFilterNode",
        {"list": PEOPLE, "condition": "greater_than", "key_path": "score", "value": 60},
        {"result": [PEOPLE[1]], "removed": [PEOPLE[0]]},
    ),
    ("ListMapNode", {"list": PEOPLE, "transform": "get_property", "key_path": "name"}, {"result": ["Bob", "Alice"]}),
    ("ListMapNode", {"list": ["1", " 2"], "transform": "to_int"}, {"result": [1, 2]}),
    ("ListReduceNode", {"list": PEOPLE, "key_path": "score"}, {"result": 130}),
    ("ListReduceNode", {"list": [1, 2, 3], "operation": "avg"}, {"result": 2}),
    ("ListReduceNode", {"list": [], "operation": "max", "initial": 7}, {"result": 7}),
    # maps and JSON
    ("CreateDictNode", {"key_1": "a", "value_1": 1, "key_2": "b", "value_2": None}, {"dict": {"a": 1, "b": None}}),
    ("DictGetNode", {"dict": {"a": {"b": 1}}, "key": "a.b"}, {"value": 1, "found": True}),
    ("DictGetNode", {"dict": {}, "key": "a", "default": 5}, {"value": 5, "found": False}),
    ("DictSetNode", {"dict": {"a": 1}, "key": "b", "value": 2}, {"result": {"a": 1, "b": 2}}),
    ("DictRemoveNode", {"dict": {"a": 1, "b": 2}, "key": "a"}, {"result": {"b": 2}, "removed_value": 1}),
    ("DictMergeNode", {"dict_1": {"a": 1}, "dict_2": {"a": 2}}, {"result": {"a": 2}}),
    ("DictKeysNode", {"dict": {"a": 1}}, {"keys": ["a"], "count": 1}),
    ("DictValuesNode", {"dict": {"a": 1}}, {"values": [1]}),
    ("DictItemsNode", {"dict": {"a": 1}}, {"items": [{"key": "a", "value": 1}]}),
    ("DictHasKeyNode", {"dict": {"a": 1}, "key": "a"}, {"has_key": True}),
    ("DictToJsonNode", {"dict": {"a": "ü"}}, {"json_string": '{"a": "\\u00fc"}'}),
    ("GetPropertyNode", {"object": {"a": [{"b": 1}]}, "property_path": "a[0].b"}, {"value": 1}),
    ("ParseJSONNode", {"json_string": '{"a": [1]}'}, {"data": {"a": [1]}, "success": True}),
    ("JsonParseNode", {"json_string": '{"a": [1]}', "path": "a[0]"}, {"data": 1}),
    ("ParseJsonResponseNode", {"json_data": '{"a": 1}', "path": "b", "default": 2}, {"value": 2, "success": True}),
    # numbers
    ("MathOperationNode", {"operation": "add", "a": "1", "b": 2}, {"result": 3}),
    ("MathOperationNode", {"operation": "divide", "a": 1, "b": 3, "round_digits": 2}, {"result": 0.33}),
    ("MathOperationNode", {"operation": "power", "a": 2, "b": 10}, {"result": 1024}),
    ("MathOperationNode", {"operation": "sqrt", "a": 9}, {"result": 3}),
    ("MathOperationNode", {"operation": "floor_divide", "a": 7, "b": 2}, {"result": 3}),
    ("ComparisonNode", {"a": "10", "b": 9, "operator": ">"}, {"result": True}),
    ("ComparisonNode", {"a": 1, "b": "1", "operator": "equals (==)"}, {"result": True}),
    ("ComparisonNode", {"a": None, "b": "", "operator": "!="}, {"result": True}),
    ("ComparisonNode", {"a": 1, "b": 2, "operator": "greater or equal (>=)"}, {"result": False}),
    ("RandomNumberNode", {"min_value": 5, "max_value": 5}, {"result": 5}),
    ("RandomChoiceNode", {"items": ["a"]}, {"result": "a", "index": 0}),
    # text
    ("ConcatenateNode", {"string_1": "Hello", "string_2": "World", "separator": " "}, {"result": "Hello World"}),
    (
        "FormatStringNode",
        {"template": "{name}: {price:.2f} {{x}}".replace("{{x}}", ""), "variables": {"name": "A", "price": 2}},
        {"result": "A: 2.00 "},
    ),
    ("TextTrimNode", {"text": "  x "}, {"result": "x"}),
    ("TextCaseNode", {"text": "aB", "case": "upper"}, {"result": "AB"}),
    ("TextReplaceNode", {"text": "aXa", "old_value": "a", "new_value": "b"}, {"result": "bXb", "replacements": 2}),
    ("TextReplaceNode", {"text": "a1b2", "old": "[0-9]", "new": "", "use_regex": True}, {"result": "ab"}),
    ("TextContainsNode", {"text": "Hello", "search": "ELL", "case_sensitive": False}, {"contains": True}),
    ("TextStartsWithNode", {"text": "Hello", "prefix": "He"}, {"result": True}),
    ("TextEndsWithNode", {"text": "Hello", "suffix": "x"}, {"result": False}),
    ("TextSubstringNode", {"text": "Hello", "start": 1, "end": 3}, {"result": "el", "length": 2}),
    ("TextSplitNode", {"text": "a,b", "separator": ","}, {"result": ["a", "b"], "count": 2}),
    ("TextJoinNode", {"items": ["a", 1], "separator": "-"}, {"result": "a-1"}),
    ("TextLinesNode", {"text": "a\n\nb", "remove_empty": True}, {"lines": ["a", "b"], "count": 2}),
    ("TextCountNode", {"text": "a b", "mode": "words"}, {"count": 2}),
    ("TextReverseNode", {"text": "abc"}, {"result": "cba"}),
    ("TextPadNode", {"text": "42", "length": 5, "fill_char": "0"}, {"result": "00042"}),
    (
        "RegexMatchNode",
        {"text": "a@b.c, d@e.f", "pattern": "(\\w)@\\w"},
        {"match_found": True, "first_match": "a@b", "all_matches": ["a@b", "d@e"], "groups": ["a"], "match_count": 2},
    ),
    ("RegexReplaceNode", {"text": "aaa", "pattern": "a", "replacement": "b", "max_count": 2}, {"result": "bba"}),
    ("TextExtractNode", {"text": "mail x@y.z", "pattern": "\\S+@\\S+"}, {"match": "x@y.z", "found": True}),
    ("ToIntNode", {"value": "12"}, {"result": 12}),
    ("ToFloatNode", {"value": "1.5"}, {"result": 1.5}),
    ("ToBoolNode", {"value": "no"}, {"result": False}),
    ("ToStringNode", {"value": [1]}, {"result": "[1]"}),
    # times
    ("FormatDateTimeNode", {"datetime": "2026-11-21T08:00:00", "format": "%d.%m.%Y"}, {"result": "21.11.2026"}),
    ("ParseDateTimeNode", {"datetime_string": "21/11/2026", "format": "%d/%m/%Y"}, {"year": 2026, "day": 21}),
    ("DateTimeAddNode", {"datetime": "2026-01-31T00:00:00", "months": 1}, {"result": "2026-02-28T00:00:00"}),
    ("DateTimeAddNode", {"datetime": "2026-12-31T00:00:00", "days": 1}, {"result": "2027-01-01T00:00:00"}),
    (
        "DateTimeDiffNode",
        {"datetime_1": "2026-01-01T00:00:00", "datetime_2": "2026-01-02T00:00:00"},
        {"total_hours": 24},
    ),
    # the rest
    ("RerouteNode", {"in": 5}, {"out": 5}),
    ("EvaluateExpressionNode", {"expression": "{{x}} + 1"}, {"result": 8}),
    ("GetVariableNode", {"variable_name": "x"}, {"value": 7}),
    ("GetVariableNode", {"variable_name": "none", "default_value": "d"}, {"value": "d"}),
    ("WaitNode", {"duration_ms": 0}, {"waited_seconds": 0}),
    ("BuildUrlNode", {"base_url": "http://x/a", "path": "/b", "params": {"q": "1 2"}}, {"url": "http://x/a/b?q=1+2"}),
    (
        "SetHttpHeadersNode",
        {"headers_json": {"A": "1"}, "header_name": "B", "header_value": "2"},
        {"headers": {"A": "1", "B": "2"}},
    ),
    (
        "HttpAuthNode",
        {"auth_type": "Basic", "username": "u", "password": "p"},
        {"headers": {"Authorization": "Basic dTpw"}},
    ),
    ("JoinPathNode", {"base": "a", "parts": ["b", "c.txt"]}, {"path": "a/b/c.txt"}),
    ("GetFilenameNode", {"file_path": "a\\b\\c.txt"}, {"filename": "c.txt", "stem": "c", "extension": ".txt"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("type_", "config", "expected"), OUTPUTS, ids=[f"{n}-{row[0]}" for n, row in enumerate(OUTPUTS)]
)
def test_a_node_puts_out_what_it_should(
    workshop: Workshop, type_: str, config: dict[str, Any], expected: dict[str, Any]
) -> None:
    outputs = workshop.outputs(type_, config, x=7)
    assert {port: outputs[port] for port in expected} == expected


@pytest.mark.parametrize(
    ("type_", "config"),
    [
        ("ListGetItemNode", {"list": [1], "index": 5}),
        ("ListLengthNode", {"list": "not a list"}),
        ("ListFilterNode", {"list": [1], "condition": "nonsense"}),
        ("ListReduceNode", {"list": ["x"]}),
        ("DictGetNode", {"dict": 5, "key": "a"}),
        ("DictSetNode", {"dict": {}, "key": "{{nothing}}"}),
        ("ParseJSONNode", {"json_string": "{"}),
        ("MathOperationNode", {"a": "x"}),
        ("MathOperationNode", {"operation": "divide", "a": 1, "b": 0}),
        ("MathOperationNode", {"operation": "nonsense"}),
        ("ComparisonNode", {"a": 1, "b": 2, "operator": "~"}),
        ("FormatStringNode", {"template": "{a.__class__}", "variables": {"a": 1}}),
        ("TextCaseNode", {"text": "x", "case": "sideways"}),
        ("RegexMatchNode", {"text": "x", "pattern": "("}),
        ("ToIntNode", {"value": "many"}),
        ("FormatDateTimeNode", {"datetime": "yesterday"}),
        ("GetCurrentDateTimeNode", {"timezone": "Mars/Base"}),
        ("SetVariableNode", {"variable_name": "{{nothing}}", "value": 1}),
        ("IncrementVariableNode", {"variable_name": "text"}),
        ("WaitNode", {"duration": -1}),
        ("RandomStringNode", {"length": 10**9}),
        ("HTTPRequestNode", {"url": "http://127.0.0.1/", "method": "BREW"}),
    ],
)
def test_what_a_node_cannot_work_with_is_a_business_error(
    workshop: Workshop, type_: str, config: dict[str, Any]
) -> None:
    with pytest.raises(NodeInputError) as caught:
        workshop.run(chain(("n", type_, config)), text="x", nothing="")
    assert not caught.value.is_retryable
    assert caught.value.node_id == "n"


@pytest.mark.parametrize(
    ("value", "wanted", "converted"),
    [
        (42, "String", 42),
        ("yes", "Boolean", True),
        ("42", "Int32", 42),
        ("3.14", "Float", 3.14),
        ('{"a": 1}', "Object", {"a": 1}),
        ("[1, 2]", "Array", [1, 2]),
        ("a, b", "List", ["a", "b"]),
        ("x", "FilePath", "x"),
    ],
)
def test_a_variable_takes_its_type(value: Any, wanted: str, converted: Any) -> None:
    assert convert(value, wanted, "it") == converted


def test_log_knows_both_ways_to_name_a_variable(workshop: Workshop) -> None:
    workshop.run(
        chain(("l", "LogNode", {"message": "{{user}} and {user}", "level": "warning", "data": {"n": 1}})), user="Ada"
    )
    assert workshop.recorder.logs == [
        {"level": "warning", "message": "Ada and Ada", "node_id": "l", "extra": {"data": {"n": 1}}}
    ]


def test_what_a_log_message_brings_in_is_not_read_as_a_template(workshop: Workshop) -> None:
    for message in ("{{body}}", "got {{body}} by {user}", "{body}"):
        workshop.run(
            chain(("l", "LogNode", {"message": message})), body="x {secret} {{secret}}", secret="s3", user="Ada"
        )
        assert workshop.recorder.messages == [
            message.replace("{user}", "Ada").replace("{{body}}", "{body}").replace("{body}", "x {secret} {{secret}}")
        ]


def test_what_a_format_brings_in_is_not_formatted(workshop: Workshop) -> None:
    config = {"template": "{{body}}: {name}, {{none}} {{{name}}}", "variables": {"name": "{other}"}}
    outputs = workshop.outputs("FormatStringNode", config, body="x {name} {{name}}")
    assert outputs["result"] == "x {name} {{name}}: {other}, {none} {{other}}"
    outputs = workshop.outputs("FormatStringNode", {**config, "template": "{{greeting}}"}, greeting="Hello {name}")
    assert outputs["result"] == "Hello {other}"


def test_assert_fails_with_its_message(workshop: Workshop) -> None:
    with pytest.raises(ThrownError, match="too few") as caught:
        workshop.run(chain(("a", "AssertNode", {"condition": "{{n}} > 1", "message": "too few"})), n=1)
    assert caught.value.error_type == "AssertionError"


def test_append_keeps_a_list_variable(workshop: Workshop) -> None:
    definition = chain(
        ("a", "ListAppendNode", {"list_var": "rows", "item": 1}),
        ("b", "ListAppendNode", {"list_var": "rows", "item": 2}),
    )
    assert workshop.run(definition)["variables"]["rows"] == [1, 2]


def test_csv_is_written_and_read_back(workshop: Workshop) -> None:
    rows = [{"name": "Ann, B.", "n": 1}, {"name": 'say "x"', "n": None}]
    result = workshop.run(
        chain(
            ("w", "WriteCSVNode", {"file_path": "out/x.csv", "data": rows}),
            ("r", "ReadCSVNode", {"file_path": "{{w.file_path}}"}),
            ("v", "SetVariableNode", {"name": "back", "value": "{{r.data}}"}),
        )
    )
    assert (workshop.folder / "out/x.csv").read_text(encoding="utf-8") == 'name,n\n"Ann, B.",1\n"say ""x""",\n'
    assert result["variables"]["back"] == [{"name": "Ann, B.", "n": "1"}, {"name": 'say "x"', "n": ""}]


def test_csv_of_lists_has_the_given_headers(workshop: Workshop) -> None:
    workshop.run(
        chain(("w", "WriteCSVNode", {"file_path": "x.csv", "data": [[1, 2]], "headers": ["a", "b"], "delimiter": ";"}))
    )
    assert (workshop.folder / "x.csv").read_text(encoding="utf-8") == "a;b\n1;2\n"


def test_files_are_copied_moved_deleted_and_listed(workshop: Workshop) -> None:
    result = workshop.run(
        chain(
            ("w", "WriteFileNode", {"file_path": "a.txt", "content": "grüß"}),
            ("ap", "AppendFileNode", {"file_path": "a.txt", "content": "!"}),
            ("cp", "CopyFileNode", {"source_path": "a.txt", "dest_path": "sub/b.txt"}),
            ("mv", "MoveFileNode", {"source_path": "sub/b.txt", "dest_path": "sub/c.txt"}),
            ("ls", "ListDirectoryNode", {"dir_path": ".", "recursive": True}),
            ("rm", "DeleteFileNode", {"file_path": "a.txt"}),
            ("ex", "FileExistsNode", {"path": "a.txt"}),
            ("rd", "ReadFileNode", {"file_path": "sub/c.txt"}),
            ("v", "SetVariableNode", {"name": "seen", "value": ["{{ls.files}}", "{{ex.exists}}", "{{rd.content}}"]}),
        )
    )
    assert result["variables"]["seen"] == [["a.txt", "sub/c.txt"], False, "grüß!"]


def test_a_file_is_not_overwritten_by_a_copy_unless_asked(workshop: Workshop) -> None:
    (workshop.folder / "a").write_text("a", encoding="utf-8")
    (workshop.folder / "b").write_text("b", encoding="utf-8")
    with pytest.raises(NodeInputError, match="overwrite is not set"):
        workshop.run(chain(("c", "CopyFileNode", {"source": "a", "destination": "b"})))
    workshop.run(chain(("c", "CopyFileNode", {"source": "a", "destination": "b", "overwrite": True})))
    assert (workshop.folder / "b").read_text(encoding="utf-8") == "a"


def test_json_files_are_written_and_read(workshop: Workshop) -> None:
    workshop.run(chain(("w", "WriteJSONFileNode", {"file_path": "x.json", "data": {"a": [1]}})))
    assert json.loads((workshop.folder / "x.json").read_text(encoding="utf-8")) == {"a": [1]}
    assert workshop.outputs("ReadJSONFileNode", {"file_path": "x.json"})["data"] == {"a": [1]}
