"""Workflows that went wrong once, each with what it must do in its `metadata.expect`. They are no part of this
repository: `CASARE_TEST_CASES` names their folder. What each shows is tested in words of our own elsewhere, too.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests import servers
from tests.robot.workflows import Workshop

from casare_cloud.robot.executor.check import find_workflow_problems

FOLDER = servers.cases()
FILES = sorted((FOLDER / "workflows").glob("*.json")) if FOLDER else []

pytestmark = pytest.mark.needs_cases


@pytest.mark.parametrize("file", FILES or [Path("none")], ids=lambda file: file.stem)
def test_a_workflow_that_went_wrong_does_what_it_should(workshop: Workshop, file: Path) -> None:
    definition = json.loads(file.read_text(encoding="utf-8"))
    expected = definition["metadata"]["expect"].partition(";")[0]
    assert find_workflow_problems(definition) == []
    result = workshop.run(definition)
    count = re.search(r", (\d+) nodes run", expected)
    assert count is None or result["nodes_executed"] == int(count[1])
    assert all_told(expected, result["variables"], workshop.recorder.messages)
    assert [entry for entry in workshop.recorder.logs if entry["level"] != "info"] == []


def all_told(expected: str, variables: dict[str, Any], messages: list[str]) -> bool:
    """Whether each `name=value` is a variable, or all of them are a line of the log."""
    line = re.escape(expected.replace("\\n", "\n")).replace("<digits>", r"\d+")
    if any(re.fullmatch(line, message.replace(", ", ",")) for message in messages):
        return True
    pairs = re.findall(r"(\w+)=(\S+)", re.sub(r", .*| \(.*", "", expected))
    return bool(pairs) and all(str(variables.get(name)) == value for name, value in pairs)
