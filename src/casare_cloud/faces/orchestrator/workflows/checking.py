"""What a submission is told of its workflow: what a robot would refuse, or not read, by node and port.

The robot's own check. It refuses nothing here: a robot may have plugins with types that this service does not know, and
a workflow that is stored can be mended by the next version.
"""

import asyncio
from typing import Any

MOST_WARNINGS = 50


async def find_warnings(definition: dict[str, Any]) -> list[str]:
    """A sentence for each problem, the errors first, each with its place in the workflow."""
    return await asyncio.to_thread(_find_warnings, definition)


def _find_warnings(definition: dict[str, Any]) -> list[str]:
    from casare_cloud.robot.executor.check import find_workflow_problems

    found = find_workflow_problems(definition)
    sentences = [
        f"workflow_json.{problem.path}: ".replace(".:", ":")
        + (f"no robot will run this: {problem.sentence}." if problem.severity == "error" else f"{problem.sentence}.")
        for problem in found[:MOST_WARNINGS]
    ]
    more = len(found) - MOST_WARNINGS
    return [*sentences, f"workflow_json: {more} more problems."] if more > 0 else sentences
