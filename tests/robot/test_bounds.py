"""What one workflow may take: nothing in it may hold up the robot's other jobs, its heartbeats and its renewals."""

import time
from typing import Any

import pytest
from tests.robot.lives import MakeLife
from tests.robot.workflows import Workshop, chain

from casare_cloud.robot.executor import run
from casare_cloud.robot.executor.control import RunControl
from casare_cloud.robot.executor.errors import ExpressionError, JobTimeoutError, NodeInputError, ResultTooLarge
from casare_cloud.robot.executor.expressions import evaluate
from casare_cloud.robot.executor.nodes import files, patterns, texts

ENDLESS = "(a|aa)+$"
TEXT = "a" * 40 + "!"


@pytest.mark.parametrize(
    ("type_", "config"),
    [
        ("RegexMatchNode", {"pattern": ENDLESS}),
        ("RegexReplaceNode", {"pattern": ENDLESS, "replacement": ""}),
        ("TextExtractNode", {"pattern": ENDLESS}),
        ("TextReplaceNode", {"old_value": ENDLESS, "new_value": "", "use_regex": True}),
    ],
)
def test_a_search_without_end_is_given_up_and_the_pattern_named(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, type_: str, config: dict[str, Any]
) -> None:
    monkeypatch.setattr(patterns, "REGEX_SECONDS", 0.1)
    with pytest.raises(NodeInputError, match=r"'\(a\|aa\)\+\$' takes longer than 0\.1 seconds"):
        workshop.run(chain(("n", type_, {"text": TEXT, **config})))


def test_a_search_ends_with_the_job_s_time(workshop: Workshop) -> None:
    workshop.control = RunControl(0.2)
    with pytest.raises(JobTimeoutError):
        workshop.run(chain(("n", "RegexMatchNode", {"text": TEXT, "pattern": ENDLESS})))


def test_a_pattern_that_is_hard_only_for_the_standard_library_is_searched(workshop: Workshop) -> None:
    outputs = workshop.outputs("RegexMatchNode", {"text": TEXT, "pattern": "(a+)+$"})
    assert outputs["match_found"] is False


async def test_heartbeats_go_on_during_a_search_without_end(
    make_life: MakeLife, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patterns, "REGEX_SECONDS", 1.0)
    async with make_life().working() as life:
        for _ in range(10):  # a busy machine may let the agent sleep for as long as a search takes
            life.transport.calls.clear()
            job_id = life.transport.add(chain(("n", "RegexMatchNode", {"text": TEXT, "pattern": ENDLESS})))
            await life.until(lambda: job_id in life.transport.outcomes)  # noqa: B023 - awaited at once
            calls = life.transport.calls
            if calls[calls.index("start") : calls.index("fail")].count("heartbeat") > 3:
                return
    pytest.fail("no heartbeats during a search")


@pytest.mark.parametrize(
    "expression", ["(10**100)**100", "9**999 * 9**999 * 9**999 * 9**999", "sum([[1]] * 100000, [])", "sum([[1]])"]
)
def test_an_expression_that_would_take_long_is_refused(workshop: Workshop, expression: str) -> None:
    with pytest.raises(ExpressionError):
        workshop.outputs("EvaluateExpressionNode", {"expression": expression})


def test_numbers_do_not_grow_without_end(workshop: Workshop) -> None:
    large = 10**3000
    for type_, config in (
        ("MathOperationNode", {"operation": "multiply", "a": large, "b": large}),
        ("ListReduceNode", {"operation": "product", "list": [9] * 100_000}),
    ):
        with pytest.raises(ExpressionError, match="a number is too large"):
            workshop.outputs(type_, config)
    assert workshop.outputs("ListReduceNode", {"operation": "product", "list": [2, 0.5, "3"]})["result"] == 3


def test_texts_do_not_grow_without_end(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "MAX_TEXT", 10)
    for type_, config in (
        ("ConcatenateNode", {"string_1": "123456", "string_2": "123456"}),
        ("ListJoinNode", {"list": ["12345", "12345"]}),
        ("TextPadNode", {"text": "1", "length": 11}),
        ("FormatStringNode", {"template": "{a}{a}", "variables": {"a": "123456"}}),
        ("FormatStringNode", {"template": "{a:99999}", "variables": {"a": 1}}),
    ):
        with pytest.raises(NodeInputError, match=r"longer than 10 characters|at most four digits"):
            workshop.outputs(type_, config)


def test_a_folder_with_more_entries_than_are_listed_is_an_error(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_ENTRIES", 2)
    for name in "abc":
        (workshop.folder / name).write_text("", encoding="utf-8")
    with pytest.raises(NodeInputError, match=r"3 entries match '\*'; at most 2 are listed"):
        workshop.outputs("ListDirectoryNode", {})


def test_files_that_a_result_does_not_name_are_counted(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "MAX_FILES", 2)
    for name in "abc":
        (workshop.folder / name).write_text("", encoding="utf-8")
    result = workshop.run(chain())
    assert (result["files"], result["files_left_out"]) == (["a", "b"], 1)


async def test_what_is_cut_for_people_says_so(make_life: MakeLife) -> None:
    long = "x" * 70_000
    log, throw = ("l", "LogNode", {"message": long}), ("t", "ThrowErrorNode", {"message": long, "error_type": long})
    async with make_life().working() as life:
        job_id = life.transport.add(chain(log, throw))
        await life.until(lambda: life.transport.outcomes)
    failure = life.transport.outcomes[job_id][1]
    for text in (life.transport.log_batches[0][0]["message"], failure.error_message):
        assert len(text) == 65_536
        assert text.endswith("x… (70,000 characters in all)")
    assert failure.error_type == "x" * 254 + "…"


@pytest.mark.parametrize(
    "text", ["{{" + " " * 200_000, "{{a" + " " * 200_000 + "b", "{{" + "a " * 100_000, "{{ x " * 40_000]
)
def test_a_template_that_is_never_closed_is_looked_at_once(workshop: Workshop, text: str) -> None:
    """Else each gap would be tried at each of its places, while no thread of the robot could run."""
    began_at = time.process_time()
    workshop.run(chain(("l", "LogNode", {"message": text})))
    with pytest.raises(ExpressionError):
        evaluate(text[:9_000], {}.get)
    assert time.process_time() - began_at < 10


@pytest.mark.parametrize("last", [(), ("l", "LogNode", {"message": "all: {{x}}"})])
def test_lists_that_double_at_each_step_fail_the_job_and_not_the_robot(workshop: Workshop, last: Any) -> None:
    doubling = [(f"v{number}", "SetVariableNode", {"name": "x", "value": ["{{x}}", "{{x}}"]}) for number in range(60)]
    with pytest.raises(ResultTooLarge, match="bytes of JSON when it is written out"):
        workshop.run(chain(*doubling, *([last] if last else [])), x=[1])


def test_a_value_that_is_nested_deeper_than_anybody_reads_fails_the_job_for_good(workshop: Workshop) -> None:
    value: Any = 1
    for _ in range(100_000):
        value = [value]
    words = "variable x cannot be kept: a value holds itself, or is nested too deeply"
    with pytest.raises(ResultTooLarge, match=words):
        workshop.run(chain(), x=value)
