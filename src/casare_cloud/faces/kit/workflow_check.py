"""The check of a workflow at every door that takes one: what the robot's own check finds, told before anything is kept.

Errors refuse the request, unless its `strict` is false; the rest are warnings of the answer. A type that is not built
in is no error: a robot may have a plugin for it. The check is imported when the first workflow comes, and runs beside
the event loop.
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Query
from pydantic import Field

from casare_cloud.errors import ApiError
from casare_cloud.faces.kit.shapes import Answer

if TYPE_CHECKING:
    from casare_cloud.robot.executor.problems import Problem

MOST_VALUES = 300_000
MOST_CHARACTERS = 5_000_000
MOST_TOLD = 50
_IN_A_SENTENCE = 3

Strict = Annotated[
    bool,
    Query(
        description="False: a workflow with mistakes is taken, and they are warnings. A robot will refuse to run it."
    ),
]


class WorkflowProblem(Answer):
    """A mistake in a workflow: its place, the rule that it breaks, and what may be meant."""

    path: Annotated[str, Field(description="From the field of the request to the node and the key.")]
    rule: Annotated[str, Field(description="For programs; docs/workflows.md lists them.")]
    sentence: str
    did_you_mean: str | None
    node_id: str | None


class WorkflowInvalid(ApiError):
    """A workflow with mistakes that no robot would run; nothing of the request was kept."""

    def __init__(self, message: str, details: list[dict[str, Any]]) -> None:
        super().__init__(400, "WORKFLOW_INVALID", message)
        self.details = details


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check found: `errors` and warnings, each with its place in the request."""

    errors: list[tuple[str, "Problem"]]
    others: list[tuple[str, "Problem"]]
    remark: str | None = None

    def warnings(self, *, strict: bool) -> list[str]:
        """The warnings as sentences. Errors are `WorkflowInvalid`, or without `strict` the first of the warnings."""
        if self.errors and strict:
            raise WorkflowInvalid(_sentence_of(self.errors), [_detail(*each) for each in self.errors[:MOST_TOLD]])
        found = [f"{path}: no robot will run this: {_ended(problem.sentence)}" for path, problem in self.errors]
        found += [f"{path}: {_ended(problem.sentence)}" for path, problem in self.others]
        if (more := len(found) - MOST_TOLD) > 0:
            found[MOST_TOLD:] = [f"{more} more problems of the workflow are not shown."]
        return [*found, *([self.remark] if self.remark else [])]


async def check(
    definition: Mapping[str, Any], field: str, given: Collection[str] = (), *, may_be_unfinished: bool = False
) -> Checked:
    """What is wrong with a definition that stands in the `field` of a request.

    `given` are names that the job's input has. In a draft, which `may_be_unfinished`, an option that is not there yet
    is no error.
    """
    if _is_large(definition):
        return Checked([], [], f"{field}: is too large to be checked here; a robot checks it before it runs.")
    return await asyncio.to_thread(_check, definition, field, given, may_be_unfinished)


def _check(definition: Mapping[str, Any], field: str, given: Collection[str], may_be_unfinished: bool) -> Checked:
    from casare_cloud.robot.executor.check import find_workflow_problems
    from casare_cloud.robot.executor.problems import Problem

    errors: list[tuple[str, Problem]] = []
    others: list[tuple[str, Problem]] = []
    for problem in find_workflow_problems(definition, given):
        is_error = problem.severity == "error" and not (may_be_unfinished and problem.rule == "missing_option")
        (errors if is_error else others).append((f"{field}.{problem.path}".rstrip("."), problem))
    return Checked(errors, others)


def _sentence_of(errors: list[tuple[str, "Problem"]]) -> str:
    told = "; ".join(f"{path}: {problem.sentence}" for path, problem in errors[:_IN_A_SENTENCE])
    more = len(errors) - _IN_A_SENTENCE
    return f"{told}; and {more} more." if more > 0 else _ended(told)


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith(("?", ".")) else f"{sentence}."


def _detail(path: str, problem: "Problem") -> dict[str, Any]:
    return {
        "path": path,
        "rule": problem.rule,
        "sentence": problem.sentence,
        "did_you_mean": problem.did_you_mean,
        "node_id": problem.node_id,
    }


def _is_large(definition: Any) -> bool:
    """Whether it has so many values or so much text that checking it would take long; stops when that is known."""
    values = characters = 0
    waiting = [definition]
    while waiting:
        value = waiting.pop()
        values += 1
        if isinstance(value, str):
            characters += len(value)
        elif isinstance(value, Mapping):
            waiting.extend(value.values())
            characters += sum(map(len, value))
        elif isinstance(value, list):
            waiting.extend(value)
        if values + len(waiting) > MOST_VALUES or characters > MOST_CHARACTERS:
            return True
    return False
