"""What nodes of the published product are given and put out, row by row: ports, options, defaults and behaviour."""

import os
import re
from typing import Any

import pytest
from tests.robot.local_page import LocalPage
from tests.robot.workflows import Workshop, graph

from casare_cloud.robot.executor.check import find_workflow_problems
from casare_cloud.robot.executor.errors import NodeInputError, UnsupportedNodeError, WorkflowError
from casare_cloud.robot.executor.registry import find_declaration

XML = '<shop open="yes"><item id="1">pen</item><item id="2">ink</item></shop>'
A = [{"id": 1, "name": "Ada", "n": 1}, {"id": 2, "name": "Bo", "n": 2}]
B = [{"id": 2, "name": "BO", "n": 2}, {"id": 3, "name": "Cy", "n": 3}]

# (type, configuration, outputs)
ROWS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("ValidateNode", {"value": ""}, {"is_valid": False, "error_message": "Validation failed: the value is empty"}),
    ("ValidateNode", {"value": "x"}, {"is_valid": True, "error_message": ""}),
    ("ValidateNode", {"value": True, "validation_type": "is_integer"}, {"is_valid": False}),
    ("ValidateNode", {"value": "ab1", "validation_type": "matches_regex", "validation_param": "[a-z]+"},
     {"is_valid": True}),
    ("ValidateNode", {"value": "abc", "validation_type": "max_length", "validation_param": 2}, {"is_valid": False}),
    ("ValidateNode", {"value": 5, "validation_type": "min_value", "validation_param": 5}, {"is_valid": True}),
    ("ValidateNode", {"value": 2, "validation_type": "in_list", "validation_param": [1, 2]}, {"is_valid": True}),
    ("ValidateNode", {"value": "a@b.example", "validation_type": "is_email"}, {"is_valid": True}),
    ("ValidateNode", {"value": "ftp://a", "validation_type": "is_url", "error_message": "No"}, {"is_valid": False}),
    ("TransformNode", {"value": 3}, {"result": "3", "success": True, "error": ""}),
    ("TransformNode", {"value": "a,b", "transform_type": "split"}, {"result": ["a", "b"]}),
    ("TransformNode", {"value": ["a", 1], "transform_type": "join", "transform_param": "-"}, {"result": "a-1"}),
    ("TransformNode", {"value": "on", "transform_type": "to_boolean"}, {"result": True}),
    ("TransformNode", {"value": "a1", "transform_type": "regex_extract", "param": "[0-9]"}, {"result": "1"}),
    ("TransformNode", {"value": "aa", "transform_type": "replace", "param": {"old": "a", "new": "b"}},
     {"result": "bb"}),
    ("TransformNode", {"value": [1, None, ""], "transform_type": "filter_values"}, {"result": [1]}),
    ("TransformNode", {"value": [{"k": 1}, 2], "transform_type": "map_values", "param": "k"}, {"result": [1, 2]}),
    ("TransformNode", {"value": "abc", "transform_type": "get_index", "param": 5}, {"result": None}),
    ("DataCompareNode", {"data_a": A, "data_b": B, "key_columns": "id"},
     {"only_in_a": A[:1], "only_in_b": B[1:], "has_differences": True,
      "matched": [{"key": {"id": 2}, "row_a": A[1], "row_b": B[0], "is_modified": True, "different_columns": ["name"]}],
      "diff_summary": {"added_count": 1, "removed_count": 1, "modified_count": 1, "matched_count": 1, "total_a": 2,
                       "total_b": 2, "key_columns": ["id"]}}),
    ("DataCompareNode", {"data_a": A[1:], "data_b": B[:1], "key_columns": "id", "case_sensitive": False},
     {"has_differences": False}),
    ("DateTimeCompareNode", {"datetime_1": "2024-01-01", "datetime_2": "2024-01-02"},
     {"is_before": True, "is_after": False, "is_equal": False, "comparison": -1}),
    ("FuzzyStringMatchNode", {"search_string": "colour", "candidates": ["color", "cat"]},
     {"matched_string": "color", "match_index": 0, "is_match": True}),
    ("FuzzyStringMatchNode", {"search_string": "x", "candidates": []}, {"is_match": False, "all_scores": {}}),
    ("FilterBySimilarityNode", {"input_list": ["color", "cat", 7], "filter_string": "colour"},
     {"filtered_list": ["color", 7], "count": 2}),
    ("Base64Node", {"input_text": "pen"}, {"output": "cGVu", "success": True}),
    ("Base64Node", {"input_text": "cGVu", "action": "decode"}, {"output": "pen"}),
    ("EvalExpressionNode", {"expression": "1 + 2"}, {"result": 3, "type": "int", "success": True, "error": ""}),
    ("MessageBoxNode", {"message": "Hi"}, {"result": "ok", "accepted": True}),
    ("MessageBoxNode", {"message": "Hi", "buttons": "yes_no", "default_button": "no"}, {"accepted": False}),
    ("LogErrorNode", {"error_message": "Out of ink", "error_type": "Ink"},
     {"log_entry": {"error_type": "Ink", "error_message": "Out of ink", "context": None}}),
    ("ParseXMLNode", {"xml_string": XML}, {"root_tag": "shop", "child_count": 2, "success": True}),
    ("XPathQueryNode", {"xml_string": XML, "xpath": "//item"}, {"count": 2, "first_text": "pen"}),
    ("GetXMLElementNode", {"xml_string": XML, "tag_name": "item", "index": 1},
     {"tag": "item", "text": "ink", "attributes": {"id": "2"}, "found": True}),
    ("GetXMLElementNode", {"xml_string": XML, "tag_name": "lid"}, {"found": False}),
    ("GetXMLAttributeNode", {"xml_string": XML, "attribute_name": "open"}, {"value": "yes", "found": True}),
    ("XMLToJsonNode", {"xml_string": XML},
     {"json_data": {"shop": {"@attributes": {"open": "yes"},
                             "item": [{"@attributes": {"id": "1"}, "#text": "pen"},
                                      {"@attributes": {"id": "2"}, "#text": "ink"}]}}}),
    ("JsonToXMLNode", {"json_data": {"@attributes": {"open": "yes"}, "item": {"@id": 1, "#text": "pen"}},
                       "root_tag": "shop", "pretty_print": False},
     {"xml_string": '<shop open="yes"><item id="1">pen</item></shop>'}),
    ("JsonToXMLNode", {"json_data": {"item": ["pen", "ink"]}, "root_tag": "shop", "pretty_print": False},
     {"xml_string": "<shop><item>pen</item><item>ink</item></shop>"}),
    ("TextSuperNode", {"text": "pen", "search": "e"}, {"contains": True, "position": 1, "count": 1}),
    ("TextSuperNode", {"action": "Trim", "text": " a ", "trim_mode": "left"}, {"result": "a "}),
    ("TextSuperNode", {"action": "Pad", "text": "7", "length": 3, "fill_char": "0"}, {"result": "007"}),
    ("TextSuperNode", {"action": "Replace", "text": "aa", "old_value": "a", "new_value": "b", "replace_count": 1},
     {"result": "ba", "replacements": 1}),
    ("TextSuperNode", {"action": "Case", "text": "a", "case_transform": "upper"}, {"result": "A"}),
    ("TextSuperNode", {"action": "Lines", "lines": ["a", "b"], "lines_mode": "join"}, {"text": "a\nb"}),
    ("TextSuperNode", {"action": "Join", "items": ["a", "b"], "separator": "+"}, {"result": "a+b"}),
    ("TextSuperNode", {"action": "Count", "text": "a b", "count_mode": "words"}, {"count": 2}),
    ("ListSuperNode", {"list": [1, 2], "index": -1}, {"item": 2, "found": True}),
    ("ListSuperNode", {"list": [1], "index": 4, "default_value": "none"}, {"item": "none", "found": False}),
    ("ListSuperNode", {"action": "Create List", "item1": 1, "item3": 3}, {"list": [1, 3], "length": 2}),
    ("ListSuperNode", {"action": "Filter", "list": [1, 5], "expression": "x > 2"},
     {"filtered": [5], "rejected": [1], "length": 1}),
    ("ListSuperNode", {"action": "Map", "list": [1, 5], "expression": "x * 2 + i"}, {"mapped": [2, 11], "length": 2}),
    ("ListSuperNode", {"action": "Map", "list": [1, 5]}, {"mapped": [1, 5]}),
    ("ListSuperNode", {"action": "Reduce", "list": [2, 3], "reduce_operation": "product"}, {"result": 6}),
    ("ListSuperNode", {"action": "Reduce", "list": ["a", "b"], "reduce_operation": "concat"}, {"result": "ab"}),
    ("ListSuperNode", {"action": "Reduce", "list": [1, 2], "reduce_operation": "custom", "expression": "acc * 10 + x"},
     {"result": 12}),
    ("ListSuperNode", {"action": "Sort", "list": [1, 2], "descending": True}, {"sorted": [2, 1], "length": 2}),
    ("ListSuperNode", {"action": "Unique", "list": [1, 1]}, {"unique": [1], "length": 1, "duplicates_removed": 1}),
    ("ListSuperNode", {"action": "Flatten", "list": [[1, [2]]]}, {"flattened": [1, 2], "length": 2}),
    ("DictSuperNode", {"dict": {"a": 1}, "key": "a"}, {"value": 1, "found": True}),
    ("DictSuperNode", {"action": "Create Dict", "key1": "a", "value1": 1}, {"dict": {"a": 1}, "count": 1}),
    ("DictSuperNode", {"action": "Get Property", "dict": {"a": {"b": 1}}, "path": "a.b"}, {"value": 1, "found": True}),
    ("DictSuperNode", {"action": "Set Value", "dict": {"a": 1}, "key": "a", "value": 2},
     {"dict": {"a": 2}, "previous": 1, "was_update": True}),
    ("DictSuperNode", {"action": "Remove Key", "dict": {"a": 1}, "key": "a"},
     {"dict": {}, "removed_value": 1, "was_removed": True}),
    ("DictSuperNode", {"action": "Merge", "dict1": {"a": 1}, "dict2": {"b": 2}}, {"merged": {"a": 1, "b": 2}}),
    ("DictSuperNode", {"action": "Parse JSON", "json_string": "[1]"}, {"data": [1], "success": True, "error": ""}),
    ("DictSuperNode", {"action": "To JSON", "data": {"a": 1}}, {"json_string": '{"a": 1}', "success": True}),
    ("DictSuperNode", {"action": "To JSON", "data": "ü"}, {"json_string": '"ü"'}),
    ("DictToJsonNode", {"dict": {"a": "ü"}}, {"json_string": '{"a": "\\u00fc"}'}),
    ("AssertSystemNode", {"condition": "2 > 1"}, {"passed": True, "message": "Assertion passed"}),
    ("AssertSystemNode", {"condition": "1 > 2", "assert_message": "Few", "fail_on_false": False},
     {"passed": False, "message": "Few"}),
    ("LogToFileNode", {"log_file_path": "a/x.log", "log_message": "one\ntwo"}, {"success": True, "lines_written": 2}),
    ("HttpSuperNode", {"action": "Configure Auth", "auth_type": "api_key", "token": "t", "header_name": "X-Key"},
     {"auth_headers": {"X-Key": "t"}, "success": True}),
    ("HttpSuperNode", {"action": "configure auth", "auth_type": "basic", "username": "u", "password": "p"},
     {"auth_headers": {"Authorization": "Basic dTpw"}}),
    ("SetVariableNode", {"variable_name": "v", "value": [1], "variable_type": "String"}, {"value": [1]}),
    ("SetVariableNode", {"variable_name": "v", "value": "maybe", "variable_type": "Boolean"}, {"value": False}),
    ("SetVariableNode", {"variable_name": "v", "value": {"a": 1}, "variable_type": "Array"}, {"value": [{"a": 1}]}),
    ("SetVariableNode", {"variable_name": "v", "value": 1, "variable_type": "Dict"}, {"value": {"value": 1}}),
    ("SetVariableNode", {"variable_name": "v", "value": "[1]", "variable_type": "DataTable"}, {"value": [1]}),
    ("TransformNode", {"value": "maybe", "transform_type": "to_boolean"}, {"result": False}),
    ("ListReduceNode", {"list": [{"v": 1}, {}], "key_path": "v", "operation": "count"}, {"result": 1}),
    ("ListReduceNode", {"list": [{"v": 1}, {}], "key_path": "v", "operation": "last"}, {"result": 1}),
    ("ListReduceNode", {"list": [], "operation": "avg"}, {"result": 0}),
    ("ListReduceNode", {"list": [], "operation": "product", "initial": 3}, {"result": 3}),
    ("ListUniqueNode", {"list": [1, 1.0, "1", True, 1.5]}, {"result": [1, "1", True, 1.5]}),
    ("DictGetNode", {"dict": {"a.b": 1, "a": {"b": 2}}, "key": "a.b"}, {"value": 1}),
    ("ParseDateTimeNode", {"datetime_string": "05/06/2024"}, {"month": 6, "day": 5}),
    ("ParseDateTimeNode", {"datetime_string": "05/16/2024 01:02:03"}, {"month": 5, "day": 16, "second": 3}),
    ("ParseDateTimeNode", {"datetime_string": "2024/05/06"}, {"iso_format": "2024-05-06T00:00:00"}),
    ("ParseJsonResponseNode", {"json_data": {"a": [{"b": 1}]}, "path": "a[0].b"}, {"value": 1, "success": True}),
    ("SetVariableNode", {"variable_name": "v", "default_value": "1", "variable_type": "Int32"}, {"value": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "config", "outputs"), ROWS)
def test_a_node_puts_out_what_the_products_does(
    workshop: Workshop, type_: str, config: dict[str, Any], outputs: dict[str, Any]
) -> None:
    assert find_workflow_problems(graph({"n": (type_, config)})) == []
    found = workshop.outputs(type_, config)
    assert {port: found[port] for port in outputs} == outputs
    declared = find_declaration(type_.lower().removesuffix("node"))
    assert declared is not None
    assert found.keys() <= declared.outputs


@pytest.mark.parametrize("type_", sorted({row[0] for row in ROWS}))
def test_an_option_that_a_node_does_not_know_is_refused(type_: str) -> None:
    [problem, *others] = find_workflow_problems(graph({"n": (type_, {"no_such_option": 1})}))
    assert {other.rule for other in others} <= {"missing_option"}
    assert (problem.rule, problem.severity, problem.node_id) == ("unknown_option", "error", "n")


def test_a_node_that_judges_leaves_by_the_products_exits(workshop: Workshop) -> None:
    nodes: dict[str, Any] = {
        "s": ("StartNode", {}),
        "v": ("ValidateNode", {"value": "x", "validation_type": "is_number"}),
        "f": ("FuzzyStringMatchNode", {"search_string": "pen", "candidates": ["pen"]}),
        "l": ("LogNode", {"message": "{{v.error_message}}, {{f.matched_string}}"}),
    }
    workshop.run(graph(nodes, ("s.out", "v.in"), ("v.invalid", "f.in"), ("f.match_found", "l.in")))
    assert workshop.recorder.messages == ["Validation failed: the value is no number, pen"]


def test_a_line_in_a_file_has_its_level_and_time(workshop: Workshop) -> None:
    config = {"log_file_path": "x.log", "log_message": "one", "level": "WARNING"}
    for more in ({}, {"add_timestamp": False}):
        workshop.outputs("LogToFileNode", {**config, **more})
    first, second = (workshop.folder / "x.log").read_text(encoding="utf-8").splitlines()
    assert re.fullmatch(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] \[WARNING\] one", first)
    assert second == "[WARNING] one"
    workshop.outputs("LogToFileNode", {**config, "add_timestamp": False, "append": False})
    assert (workshop.folder / "x.log").read_text(encoding="utf-8") == "[WARNING] one\n"


@pytest.mark.parametrize("config", [{"json_data": "{"}, {"json_data": '{"a": 1}', "path": "b"}])
def test_an_answer_that_does_not_hold_what_is_asked_for_fails_the_node(
    workshop: Workshop, config: dict[str, Any]
) -> None:
    with pytest.raises(NodeInputError, match=r"is not JSON|there is nothing at b"):
        workshop.outputs("ParseJsonResponseNode", config)


@pytest.mark.parametrize("auth_type", ["Bearer", "Basic", "ApiKey"])
def test_credentials_that_are_not_given_are_not_sent(workshop: Workshop, auth_type: str) -> None:
    [warning] = find_workflow_problems(graph({"n": ("HttpAuthNode", {"credential_name": "shop"})}))
    assert (warning.rule, warning.severity) == ("no_effect", "warning")
    with pytest.raises(NodeInputError, match=r"needs (token|username)"):
        workshop.outputs("HttpAuthNode", {"auth_type": auth_type, "credential_name": "shop"})


@pytest.mark.parametrize("type_", ["HttpUploadFileNode", "HttpSuperNode"])
def test_a_file_is_sent_as_a_form_does(workshop: Workshop, page: LocalPage, type_: str) -> None:
    (workshop.folder / "a.txt").write_text("hello", encoding="utf-8")
    config: dict[str, Any] = {"url": f"{page.url}/in", "file_path": "a.txt", "headers": {"X-A": "1"}}
    config |= {"field_name": 'the "file"', "extra_fields": {"n": 1}}
    config |= {"action": "Upload File"} if type_ == "HttpSuperNode" else {}
    found = workshop.outputs(type_, config)
    echo = found["response_json"]
    kind, _, boundary = echo["headers"]["content-type"].partition("; boundary=")
    assert (found["success"], echo["method"], kind, echo["headers"]["x-a"]) == (
        True,
        "POST",
        "multipart/form-data",
        "1",
    )
    assert echo["body"].split("\r\n") == [
        f"--{boundary}", 'Content-Disposition: form-data; name="n"', "", "1", f"--{boundary}",
        'Content-Disposition: form-data; name="the %22file%22"; filename="a.txt"', "", "hello", f"--{boundary}--", "",
    ]  # fmt: skip


def test_the_http_node_does_what_its_action_names(workshop: Workshop, page: LocalPage) -> None:
    for action in ("POST Request", "POST"):
        found = workshop.outputs("HttpSuperNode", {"action": action, "url": f"{page.url}/x", "body": {"a": 1}})
        assert (found["response_json"]["method"], found["response_json"]["body"]) == ("POST", '{"a": 1}')
    assert workshop.outputs("HttpSuperNode", {"url": f"{page.url}/x"})["response_json"]["method"] == "GET"
    download = {"action": "Download File", "url": f"{page.url}/orders.json", "save_path": "in/o.json"}
    found = workshop.outputs("HttpSuperNode", download)
    assert (found["file_path"], found["status_code"]) == ("in/o.json", 200)
    with pytest.raises(NodeInputError, match="overwrite is not set"):
        workshop.outputs("HttpSuperNode", download)
    with pytest.raises(NodeInputError, match="create_dirs is not set"):
        workshop.outputs("HttpSuperNode", {**download, "save_path": "no/o.json", "create_dirs": False})


def test_files_are_packed_and_unpacked_in_the_jobs_folder(workshop: Workshop) -> None:
    (workshop.folder / "d").mkdir()
    for name in ("d/a.txt", "d/b.txt"):
        (workshop.folder / name).write_text(name, encoding="utf-8")
    packed = workshop.outputs("ZipFilesNode", {"zip_path": "all.zip", "source_path": "d", "base_dir": "d"})
    assert (packed["file_count"], packed["attachment_file"]) == (2, "all.zip")
    unpacked = workshop.outputs("StructuredDataSuperNode", {
        "action": "Unzip Files", "zip_path": "all.zip", "extract_to": "e"
    })  # fmt: skip
    assert unpacked["files"] == ["e/a.txt", "e/b.txt"]
    assert (workshop.folder / "e" / "a.txt").read_text(encoding="utf-8") == "d/a.txt"


def test_an_archive_whose_files_lead_out_of_the_folder_is_refused(workshop: Workshop) -> None:
    import zipfile

    with zipfile.ZipFile(workshop.folder / "evil.zip", "w") as archive:
        archive.writestr("../out.txt", "x")
    with pytest.raises(WorkflowError, match="leads out of the job's folder"):
        workshop.outputs("UnzipFilesNode", {"zip_path": "evil.zip", "extract_to": "e"})
    assert not (workshop.folder.parent / "out.txt").exists()


def test_xml_is_written_and_read_and_a_document_type_is_refused(workshop: Workshop) -> None:
    workshop.outputs("WriteXMLFileNode", {"file_path": "a.xml", "xml_string": XML})
    written = (workshop.folder / "a.xml").read_text(encoding="utf-8")
    assert written.startswith('<?xml version="1.0" encoding="utf-8"?>\n<shop open="yes">\n  <item id="1">pen</item>')
    assert workshop.outputs("ReadXMLFileNode", {"file_path": "a.xml"})["root_tag"] == "shop"
    for bad, why in ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "document type"), ("<a>", "not XML"):
        with pytest.raises(NodeInputError, match=why):
            workshop.outputs("ParseXMLNode", {"xml_string": bad})


def test_what_reads_or_runs_more_than_a_job_may_needs_the_owners_leave(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "SHOP", "open")
    needy = {"RunPythonScriptNode": {"code": "result = 1"}, "EnvironmentVariableNode": {"var_name": "SHOP"}}
    for type_, config in needy.items():
        with pytest.raises(UnsupportedNodeError, match="owner allows scripts"):
            workshop.outputs(type_, config)
