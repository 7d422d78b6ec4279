"""The check of a workflow at every door that takes one: what the robot's own check finds, told before anything is kept.

Errors refuse the request, unless its `strict` is false; the rest are warnings of the answer. A type that is not built
in is no error: a robot may have a plugin for it. The check is imported when the first workflow comes, and runs beside
the event loop, once at a time for a tenant: whoever asks for it has asked the database first whether the caller may.
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import Field

from casare_cloud.domain.permissions import require
from casare_cloud.domain.turns import turn_of
from casare_cloud.errors import ApiError
from casare_cloud.faces.kit.routing import Call
from casare_cloud.faces.kit.shapes import Answer

if TYPE_CHECKING:
    from casare_cloud.robot.executor.problems import Problem

MOST_VALUES = 50_000
MOST_CHARACTERS = 2_000_000
MOST_IN_PROBLEMS = 100_000_000  # characters, if each value were a problem that tells the longest name
MOST_TOLD = 50
_IN_A_SENTENCE = 3
_NAMES = ("id", "node_id", "type", "node_type")

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

    def of_a_draft(self) -> "Checked":
        """The same for a workflow that may be unfinished: an option that is not there yet is no error."""
        missing = [each for each in self.errors if each[1].rule == "missing_option"]
        rest = [each for each in self.errors if each[1].rule != "missing_option"]
        return Checked(rest, missing + self.others, self.remark)

    def warnings(self, *, strict: bool) -> list[str]:
        """The warnings as sentences. Errors are `WorkflowInvalid`, or without `strict` the first of the warnings."""
        if self.errors and strict:
            raise WorkflowInvalid(_sentence_of(self.errors), [_detail(*each) for each in self.errors[:MOST_TOLD]])
        found = [f"{path}: no robot will run this: {_ended(problem.sentence)}" for path, problem in self.errors]
        found += [f"{path}: {_ended(problem.sentence)}" for path, problem in self.others]
        if (more := len(found) - MOST_TOLD) > 0:
            found[MOST_TOLD:] = [f"{more} more problems of the workflow are not shown."]
        return [*found, *([self.remark] if self.remark else [])]


async def check_for(
    call: Call, permission: str, definition: Mapping[str, Any], field: str, given: Collection[str] = ()
) -> Checked:
    """`check` for a caller who has the permission; raises 401 or 403 for any other, and then nothing is looked at."""
    async with call.ahead() as tx:
        tenant_id = await require(tx, permission)
    return await check(tenant_id, definition, field, given)


async def check(tenant_id: UUID, definition: Mapping[str, Any], field: str, given: Collection[str] = ()) -> Checked:
    """What is wrong with a definition that stands in the `field` of a request; it waits for the tenant's turn.

    `given` are names that the job's input has.
    """
    if _is_large(definition):
        return Checked([], [], f"{field}: is too large to be checked here; a robot checks it before it runs.")
    async with turn_of(tenant_id):
        return await asyncio.to_thread(_check, definition, field, given)


def _check(definition: Mapping[str, Any], field: str, given: Collection[str]) -> Checked:
    from casare_cloud.robot.executor.check import find_workflow_problems
    from casare_cloud.robot.executor.problems import Problem

    errors: list[tuple[str, Problem]] = []
    others: list[tuple[str, Problem]] = []
    for problem in find_workflow_problems(definition, given):
        (errors if problem.severity == "error" else others).append((f"{field}.{problem.path}".rstrip("."), problem))
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
    """Whether it has so many values or so much text that checking it would take long; stops when that is known.

    Each problem tells the names of its place, so that a long name among many values is large too.
    """
    values = characters = longest = 0
    waiting = [definition]
    while waiting:
        value = waiting.pop()
        values += 1
        if isinstance(value, str):
            characters += len(value)
        elif isinstance(value, Mapping):
            waiting.extend(value.values())
            characters += sum(map(len, value))
            longest = max(longest, _longest_name_of(value))
            values += sum(text.count(",") for text in _carried_texts(value))
        elif isinstance(value, list):
            waiting.extend(value)
        if values + len(waiting) > MOST_VALUES or characters > MOST_CHARACTERS:
            return True
    return values * longest > MOST_IN_PROBLEMS


def _longest_name_of(value: Mapping[str, Any]) -> int:
    """Of its keys, of what it calls itself, and of what it may carry as text."""
    named = (value[key] for key in _NAMES if isinstance(value.get(key), str))
    return max(map(len, chain(value, named, _carried_texts(value))), default=0)


def _carried_texts(value: Mapping[str, Any]) -> list[str]:
    """The sub-workflows that are stored as JSON text: its values are counted by their commas."""
    carried = value.get("subflows") or value.get("subworkflows")
    return [text for text in carried.values() if isinstance(text, str)] if isinstance(carried, Mapping) else []
