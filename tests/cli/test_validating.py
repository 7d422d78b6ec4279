"""`workflows validate` and `nodes`, which need no service."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.robot.test_broken_workflows import BROKEN, LOG, MARK, START, wire, workflow
from typer.testing import CliRunner

from casare_cloud.cli.app import app
from casare_cloud.local.schema import project_root

RIGHT = workflow()
WRONG = workflow({**LOG, "config": {"mesage": "x"}}, wires=[wire("m.exec_out", "l.exec_in")])
WARNED = workflow(retries=3)


def call(*arguments: str, given: str | None = None) -> tuple[int, str]:
    answer = CliRunner().invoke(app, list(arguments), input=given)
    return answer.exit_code, answer.output


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"right": RIGHT, "wrong": WRONG, "warned": WARNED}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(value))
    (tmp_path / "text.json").write_text("{")
    monkeypatch.chdir(tmp_path)


def test_mistakes_are_told_by_node_and_key(files: None) -> None:
    assert call("workflows", "validate", "right.json") == (0, "right.json: no mistakes found\n")
    code, told = call("workflows", "validate", "right.json", "wrong.json", "warned.json")
    assert (code, told.splitlines()) == (1, [
        "right.json: no mistakes found",
        "wrong.json: error: nodes.l.config.mesage: mesage is no option of LogNode l; did you mean message?",
        "warned.json: warning: retries: retries of the workflow is not read",
    ])  # fmt: skip


def test_warnings_are_mistakes_only_when_asked(files: None) -> None:
    assert call("workflows", "validate", "warned.json")[0] == 0
    assert call("workflows", "validate", "warned.json", "-W")[0] == 1


@pytest.mark.parametrize(
    ("file", "words"), [("text.json", "is not JSON"), ("none.json", "No such file"), (".", "cannot")]
)
def test_what_cannot_be_read_has_an_exit_code_of_its_own(files: None, file: str, words: str) -> None:
    code, told = call("workflows", "validate", file, "wrong.json")
    assert code == 2
    assert words in told
    assert "mesage" in told, "the others are checked all the same"


def test_standard_input_and_a_whole_request_are_checked() -> None:
    body = {"workflow_name": "w", "workflow_json": WRONG, "input": {"n": 1}}
    code, told = call("workflows", "validate", "-", "--json", given=json.dumps(body))
    answer = json.loads(told)
    assert (code, answer["errors"], answer["warnings"]) == (1, 1, 0)
    [file] = answer["files"]
    assert (file["file"], file["valid"], file["unreadable"]) == ("-", False, None)
    assert file["problems"] == [{
        "path": "nodes.l.config.mesage", "rule": "unknown_option", "severity": "error",
        "message": "mesage is no option of LogNode l", "did_you_mean": "message",
    }]  # fmt: skip


def test_a_key_that_stands_twice_in_an_object_is_a_mistake() -> None:
    text = '{"nodes": {"a": {"type": "StartNode"}, "b": {"type": "LogNode"}, "b": {"type": "LogNode"}}}'
    code, told = call("workflows", "validate", "-", given=text)
    assert code == 1
    assert "-: error: an object has the key b twice: only the later one counts" in told


def test_each_broken_workflow_is_told(tmp_path: Path) -> None:
    for number, (what, (definition, words)) in enumerate(BROKEN.items()):
        file = tmp_path / f"{number}.json"
        file.write_text(json.dumps(definition))
        _, told = call("workflows", "validate", str(file))
        assert any(all(word in line for word in words) for line in told.splitlines()), (what, told)


def test_several_faults_are_told_at_once() -> None:
    nodes: list[Any] = [START, MARK, MARK, {"id": "x"}, {**LOG, "config": {"mesage": "x"}}]
    broken = {"nodes": nodes, "connections": [wire("s.exec_out", "mm.exec_in"), wire("s.exec_out", "l.exec_in")]}
    _, told = call("workflows", "validate", "-", given=json.dumps(broken))
    assert [line.split(": ")[2] for line in told.splitlines()] == [
        "nodes[2].id", "nodes.x.type", "connections[0].target", "nodes.l.config.mesage",
    ]  # fmt: skip


def test_the_examples_have_no_mistakes() -> None:
    code, told = call("workflows", "validate", *map(str, sorted((project_root() / "examples").glob("*.json"))), "-W")
    assert (code, told.count("no mistakes found")) == (0, told.count("\n"))


def test_types_are_listed_found_and_shown() -> None:
    code, everything = call("nodes")
    assert code == 0
    assert len(everything.splitlines()) > 150
    assert [line.split()[0] for line in call("nodes", "csv", "delimiter")[1].splitlines()[1:]] == [
        "ReadCSVNode", "WriteCSVNode", "TableScraperNode", "StructuredDataSuperNode", "file_write",
    ]  # fmt: skip
    code, page = call("nodes", "http_request")
    assert code == 0
    for words in ("url: text; needed", "outputs: body,", "HttpRequestError: ", '"type": "http_request"'):
        assert words in page
    assert '"variable_name": "count"' in call("nodes", "SetVariableNode")[1]
    assert json.loads(call("nodes", "IfNode", "--json")[1])["exits"] == ["true", "false", "error"]
    code, told = call("nodes", "SetVarableNode")
    assert (code, told) == (1, "error: No type of nodes has SetVarableNode; did you mean SetVariableNode?\n")


def test_the_schema_knows_types_and_options() -> None:
    schema = json.loads(call("nodes", "--schema")[1])
    jsonschema = pytest.importorskip("jsonschema")
    known = jsonschema.Draft202012Validator(schema)
    known.check_schema(schema)
    assert list(known.iter_errors(RIGHT)) == []
    assert [error.message for error in known.iter_errors(WRONG)]
    for broken in ({"edges": []}, {"steps": [{"id": "a", "type": "log", "config": {"mesage": 1}}]}):
        assert not known.is_valid(broken)
    for right in ({"steps": [{"id": "a", "type": "PluginNode", "config": {"any": 1}}]}, {"nodes": [], "$schema": "x"}):
        assert known.is_valid(right)
