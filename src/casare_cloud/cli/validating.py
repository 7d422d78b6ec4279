"""What `workflows validate` says of files: each read as JSON, checked as a robot checks it, told by node and key."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casare_cloud.cli.output import print_json, say

if TYPE_CHECKING:
    from casare_cloud.robot.executor.problems import Problem

STANDARD_INPUT = "-"
UNREADABLE = 2


@dataclass(frozen=True, slots=True)
class Checked:
    """A file with what is wrong with it; `unreadable` says why it holds no JSON, when it does not."""

    file: str
    problems: "list[Problem]"
    unreadable: str | None = None

    def count(self, severity: str) -> int:
        return sum(problem.severity == severity for problem in self.problems)

    def to_json(self) -> dict[str, Any]:
        valid = not self.unreadable and not self.count("error")
        found = [problem.to_json() for problem in self.problems]
        return {"file": self.file, "valid": valid, "unreadable": self.unreadable, "problems": found}


def validate(files: list[str], *, as_json: bool, warnings_fail: bool) -> int:
    """Print what is wrong with the files and return the exit code: 0, 1 for mistakes, 2 for what cannot be read."""
    checked = [_check(file) for file in files]
    errors, warnings = (sum(each.count(severity) for each in checked) for severity in ("error", "warning"))
    if as_json:
        print_json({"files": [each.to_json() for each in checked], "errors": errors, "warnings": warnings})
    else:
        say("\n".join(line for each in checked for line in _lines(each)))
    if any(each.unreadable for each in checked):
        return UNREADABLE
    return 1 if errors or (warnings and warnings_fail) else 0


def _lines(checked: Checked) -> list[str]:
    if checked.unreadable:
        return [f"{checked.file}: {checked.unreadable}"]
    if not checked.problems:
        return [f"{checked.file}: no mistakes found"]
    return [
        f"{checked.file}: {problem.severity}: {problem.path + ': ' if problem.path else ''}{problem.sentence}"
        for problem in checked.problems
    ]


def _check(file: str) -> Checked:
    from casare_cloud.robot.executor.check import find_workflow_problems
    from casare_cloud.robot.executor.problems import Problem

    repeated: list[str] = []
    try:
        text = sys.stdin.read() if file == STANDARD_INPUT else Path(file).read_text(encoding="utf-8-sig")
        data = json.loads(text, object_pairs_hook=lambda pairs: _object(pairs, repeated))
    except OSError as problem:
        return Checked(file, [], f"cannot be read: {problem.strerror}.")
    except RecursionError:
        return Checked(file, [], "is nested too deeply.")
    except ValueError as problem:
        return Checked(file, [], f"is not JSON: {problem}.")
    twice = [
        Problem("", "duplicate_key", "error", f"an object has the key {key} twice: only the later one counts")
        for key in dict.fromkeys(repeated)
    ]
    given: Any = data.get("input") if isinstance(data, dict) and "workflow_json" in data else None
    definition = data["workflow_json"] if isinstance(data, dict) and "workflow_json" in data else data
    return Checked(file, twice + find_workflow_problems(definition, given if isinstance(given, Mapping) else ()))


def _object(pairs: list[tuple[str, Any]], repeated: list[str]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        repeated += [key for key in made if keys.count(key) > 1]
    return made
