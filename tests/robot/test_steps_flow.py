"""The automation form's flow: what runs at once, loops, retries, ways on and back, scripts and secrets."""

import threading
from typing import Any

import pytest
from tests.robot.test_steps import say, step
from tests.robot.workflows import Recorder, Workshop

from casare_cloud.robot.executor import run_workflow, scripts, tasks
from casare_cloud.robot.executor.context import NodeRun
from casare_cloud.robot.executor.errors import (
    HttpRequestError,
    InvalidWorkflowError,
    LoopLimitError,
    NodeError,
    UnsupportedNodeError,
    WorkflowError,
)
from casare_cloud.robot.executor.sandbox import Sandbox


def said(workshop: Workshop) -> list[str]:
    return [text for text in workshop.recorder.messages if not text.endswith("skipped")]


def run_with_scripts(workshop: Workshop, definition: Any, **input: Any) -> dict[str, Any]:
    workshop.recorder = Recorder()
    return run_workflow(
        definition, input, control=workshop.control, sandbox=Sandbox(workshop.folder), reporter=workshop.recorder,
        allows_scripts=True,
    )  # fmt: skip


def test_branches_that_wait_run_at_the_same_time(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2, timeout=60)

    def meet(run: NodeRun) -> dict[str, Any]:
        both.wait()
        return {}

    monkeypatch.setitem(tasks.TASKS, "delay", meet)
    result = workshop.run({"steps": [step("a", "delay"), step("b", "delay"), say("c", "a", "b")]})
    assert [each["status"] for each in result["node_executions"]] == ["completed"] * 3


def test_a_failure_lets_what_runs_beside_it_end_and_begins_nothing_more(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = threading.Event()

    def wait_for_it(run: NodeRun) -> dict[str, Any]:
        assert failed.wait(60)
        return {}

    def fail(run: NodeRun) -> dict[str, Any]:
        failed.set()
        raise NodeError("down")

    monkeypatch.setitem(tasks.TASKS, "delay", wait_for_it)
    monkeypatch.setitem(tasks.TASKS, "httprequest", fail)
    with pytest.raises(NodeError, match="down") as caught:
        workshop.run(
            {"steps": [step("slow", "delay"), step("bad", "http_request", {"url": "x"}), say("never", "slow")]}
        )
    statuses = {each["node_id"]: each["status"] for each in caught.value.node_executions}
    assert statuses == {"slow": "completed", "bad": "failed"}


@pytest.mark.parametrize(
    ("config", "rounds"),
    [
        ({"items": "{{rows}}"}, ["0 a", "1 b"]),
        ({"items_expression": "rows"}, ["0 a", "1 b"]),
        ({"loop_type": "count", "count": 2}, ["0 0", "1 1"]),
        ({"loop_type": "while", "condition": "len(rows) > 5"}, []),
    ],
)
@pytest.mark.parametrize("form", ["step", "steps", "body"])
def test_a_loop_runs_its_steps_for_each_item(
    workshop: Workshop, config: dict[str, Any], rounds: list[str], form: str
) -> None:
    inner = {"type": "log", "config": {"message": "{{index}} {{item}}"}}
    outside: list[dict[str, Any]] = []
    match form:
        case "step":
            config = {**config, "step": inner}
        case "steps":
            config = {**config, "steps": [{"id": "x", **inner}]}
        case _:
            config = {**config, "body_step_id": "x"}
            outside = [{"id": "x", **inner}]
    result = workshop.run({"steps": [step("l", "loop", config), *outside, say("end", "l")]}, rows=["a", "b"])
    assert workshop.recorder.messages == [*rounds, "end"]
    ran = {each["node_id"]: each for each in result["node_executions"]}
    assert ran["l"]["output"]["count"] == len(rounds)
    assert sum(each["runs"] for name, each in ran.items() if name not in ("l", "end")) == len(rounds)


def test_a_loop_ends_at_its_limit(workshop: Workshop) -> None:
    config = {"loop_type": "while", "condition": "1 == 1", "max_iterations": 3, "step": {"type": "log", "config": {}}}
    with pytest.raises(LoopLimitError, match="3 times"):
        workshop.run({"steps": [step("l", "loop", config)]})


def test_a_loop_may_go_on_after_a_round_that_failed(workshop: Workshop) -> None:
    bad = {"type": "file_read", "config": {"path": "{{item}}"}}
    config = {"items": ["none", "also none"], "on_error": "continue", "step": bad}
    result = workshop.run({"steps": [step("l", "loop", config)]})
    assert [each["index"] for each in result["output"]["errors"]] == [0, 1]


def test_the_sides_of_a_condition_and_what_follows_both(workshop: Workshop) -> None:
    steps = [
        step("c", "condition", {"expression": "{{variables.amount > 5}}"}, branches={"true": "big", "false": "small"}),
        say("big") | {"next": ["end"]},
        say("small") | {"next": ["end"]},
        say("end"),
    ]  # fmt: skip
    workshop.run({"steps": steps}, amount=10)
    assert said(workshop) == ["big", "end"]
    workshop.run({"steps": steps}, amount=1)
    assert said(workshop) == ["small", "end"]


def test_the_editors_condition_names_its_branches(workshop: Workshop) -> None:
    config = {"condition": "amount > 5", "true_branch": "big", "false_branch": "small"}
    workshop.run({"steps": [step("c", "conditional", config), say("big"), say("small")]}, amount=1)
    assert said(workshop) == ["small"]


def test_a_step_that_fails_leads_to_its_handler(workshop: Workshop) -> None:
    steps = [
        step("bad", "file_read", {"path": "none"}, on_error="repair"),
        say("repair", message="{{steps.bad.error_type}}"),
        say("after", "bad"),
    ]
    workshop.run({"steps": steps})
    assert [entry["message"] for entry in workshop.recorder.logs if entry["node_id"] == "repair"] == ["NodeInputError"]
    assert "After: skipped" in workshop.recorder.messages
    workshop.run({"steps": [step("good", "log", {"message": "good"}, on_error="repair"), say("repair")]})
    assert said(workshop) == ["good"]


def test_a_step_is_tried_again_as_often_as_it_says(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []
    pauses: list[float] = []

    def flaky(run: NodeRun) -> dict[str, Any]:
        tries.append(1)
        if len(tries) < 3:
            raise HttpRequestError("no answer")
        return {"ok": True}

    monkeypatch.setitem(tasks.TASKS, "httprequest", flaky)
    monkeypatch.setattr(workshop.control, "sleep", pauses.append)
    retry = {"max_attempts": 3, "backoff": "exponential", "delay": 2}
    result = workshop.run({"steps": [step("get", "http_request", {"url": "x"}, retry=retry)]})
    assert (len(tries), pauses, result["node_executions"][0]["attempts"]) == (3, [2.0, 4.0], 3)
    tries.clear()
    with pytest.raises(HttpRequestError):
        workshop.run(
            {"steps": [step("get", "http_request", {"url": "x"}, retry={"max_retries": 1, "backoff": "fixed"})]}
        )
    assert len(tries) == 2
    tries.clear()
    pauses.clear()
    editor = {"url": "x", "_retry_policy": "linear", "_retry_max_attempts": 3}
    workshop.run({"steps": [step("get", "http_request", editor)]})
    assert (len(tries), pauses) == (3, [1.0, 2.0])


def test_a_mistake_is_not_tried_again(workshop: Workshop) -> None:
    with pytest.raises(WorkflowError) as caught:
        workshop.run({"steps": [step("f", "file_read", {"path": "none"}, retry=5)]})
    assert caught.value.node_executions[0]["attempts"] == 1


def test_a_retry_that_cannot_be_meant_is_refused_before_anything_runs(workshop: Workshop) -> None:
    with pytest.raises(InvalidWorkflowError, match="sometimes is none of"):
        workshop.run({"steps": [say("a"), say("b") | {"retry": {"backoff": "sometimes"}}]})
    assert workshop.recorder.messages == []


def test_the_record_of_a_step_says_what_it_began_with_and_left(workshop: Workshop) -> None:
    result = workshop.run(
        {"steps": [step("calc", "data_transform", {"expression": "a * 2", "input": "{{n}}"})]}, n=4, a=4
    )
    (ran,) = result["node_executions"]
    assert (ran["name"], ran["output"]["result"], ran["input"]) == ("Calc", 8, {"expression": "a * 2", "input": 4})
    assert ran["started_at"] <= ran["completed_at"]
    with pytest.raises(WorkflowError) as caught:
        workshop.run({"steps": [step("f", "file_read", {"path": "none"})]})
    assert "none" in caught.value.node_executions[0]["error"]


SECRET = "hunter2-and-more"


def test_what_is_declared_secret_is_seen_by_steps_and_by_nobody_else(workshop: Workshop) -> None:
    definition = {
        "variables": [{"name": "password", "type": "secret"}, {"name": "pin", "sensitive": True}],
        "steps": [
            step("l", "log", {"message": "with {{password}}"}),
            step("w", "file_write", {"path": "p", "content": "{{password}} {{pin}}"}, "l"),
        ],
    }
    result = workshop.run(definition, password=SECRET, pin=7)
    assert (workshop.folder / "p").read_text(encoding="utf-8") == f"{SECRET} 7"
    assert workshop.recorder.messages == ["with ********"]
    assert SECRET not in str(result)
    assert result["variables"]["pin"] == "********"
    definition["steps"] = [step("t", "file_read", {"path": "{{password}}"})]
    with pytest.raises(WorkflowError) as caught:
        workshop.run(definition, password=SECRET, pin=7)
    assert SECRET not in f"{caught.value} {caught.value.stack_trace} {caught.value.node_executions}"


@pytest.mark.parametrize(
    ("type_", "config", "result"),
    [
        ("python_script", {"code": "output = {'sum': a + variables['n']}", "inputs": {"a": 1}}, {"sum": 5}),
        ("custom_script", {"language": "python", "code": "result = 'hello'"}, "hello"),
        ("custom_script", {"language": "bash", "code": "echo hello"}, "hello"),
        ("shell_command", {"command": "echo $WHO", "env": {"WHO": "{{n}}"}}, "4"),
    ],
)
def test_scripts_run_where_the_owner_allows_them(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, type_: str, config: dict[str, Any], result: Any
) -> None:
    monkeypatch.setenv("ROBOT_API_KEY", "crpa_secret")
    definition = {"steps": [say("a"), step("s", type_, config)]}
    with pytest.raises(UnsupportedNodeError, match="--allow-scripts"):
        workshop.run(definition, n=4)
    assert workshop.recorder.messages == []
    assert run_with_scripts(workshop, definition, n=4)["output"]["result"] == result


def test_a_script_sees_nothing_of_the_robots_environment(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROBOT_API_KEY", "crpa_secret")
    ran = run_with_scripts(workshop, {"steps": [step("s", "shell_command", {"command": "env"})]})
    assert "crpa_secret" not in ran["output"]["stdout"]


def test_a_script_that_fails_or_takes_too_long_fails_its_step(workshop: Workshop) -> None:
    with pytest.raises(NodeError, match="exit code 3: no such luck"):
        run_with_scripts(
            workshop, {"steps": [step("s", "shell_command", {"command": "echo no such luck >&2; exit 3"})]}
        )
    config = {"command": "sleep 60", "timeout": scripts.LOOK_SECONDS}
    with pytest.raises(NodeError, match="longer than"):
        run_with_scripts(workshop, {"steps": [step("s", "shell_command", config)]})


def test_files_of_the_job_are_copied_moved_and_listed(workshop: Workshop) -> None:
    def ops(id_: str, *needs: str, **config: Any) -> dict[str, Any]:
        return step(id_, "file_ops", config, *needs)

    result = workshop.run({"steps": [
        ops("w", operation="write", destination_path="a.txt", content="x"),
        ops("c", "w", operation="copy", source_path="a.txt", destination_path="b.txt"),
        ops("m", "c", operation="move", source_path="a.txt", destination_path="c.txt"),
        ops("r", "m", operation="read", source_path="c.txt"),
        ops("l", "r", operation="list", source_path="."),
    ]})  # fmt: skip
    assert sorted(path.name for path in workshop.folder.iterdir()) == ["b.txt", "c.txt"]
    assert result["output"]["count"] == 2
