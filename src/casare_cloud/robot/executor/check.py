"""Finds what is wrong with a workflow before it runs: every key and port that is not used is an error or a warning.

`find_workflow_problems` looks at a definition alone: no network, no database, nothing is run. The executor checks a
workflow before the first node, too: errors end the job, warnings are lines in its log.
"""

from collections import ChainMap
from collections.abc import Collection, Iterable
from typing import Any

from casare_cloud.robot.executor.check_graph import graph_problems, template_problems
from casare_cloud.robot.executor.check_names import step_name_problems
from casare_cloud.robot.executor.check_options import structural
from casare_cloud.robot.executor.check_steps import steps_problems
from casare_cloud.robot.executor.context import Reporter
from casare_cloud.robot.executor.errors import InvalidWorkflowError, WorkflowError
from casare_cloud.robot.executor.graph import TOO_DEEP, parse_definition, parse_graph
from casare_cloud.robot.executor.problems import Problem, few_suggestions
from casare_cloud.robot.executor.step_form import in_order, parse_steps

MOST_ERRORS = 5
MOST_WARNINGS = 20


def find_workflow_problems(definition: Any, given: Collection[str] = ()) -> list[Problem]:
    """Every problem of a definition of either form, errors first; empty when there is none.

    `given` are names that the job's input will have, beside those that the workflow declares.
    """
    with few_suggestions():
        return sorted(_problems(definition, given), key=lambda problem: problem.severity)


def _problems(definition: Any, given: Collection[str]) -> list[Problem]:
    found: list[Problem] = []
    try:
        parsed = parse_definition(definition)
        if "steps" in parsed:
            steps = parse_steps(parsed["steps"])
            in_order(steps)
            found += steps_problems(parsed)
            if not any(problem.rule == "structure" for problem in found):
                found += step_name_problems(parsed, steps, given)
        elif "nodes" in parsed:
            broken: list[InvalidWorkflowError] = []
            graph = parse_graph(parsed, broken)
            found += [structural("", error) for error in broken]
            found += graph_problems(parsed, graph, is_whole=not broken)
            found += template_problems(parsed, graph, ChainMap(dict.fromkeys(given)))
        else:
            raise InvalidWorkflowError("the workflow has neither nodes nor steps")
    except WorkflowError as error:
        found.append(structural("", error))
    except RecursionError:
        found = [structural("", InvalidWorkflowError(TOO_DEEP))]
    return found


def refuse_problems(problems: Iterable[Problem], reporter: Reporter) -> None:
    """Logs the warnings; raises `InvalidWorkflowError` that names the errors, if there are any."""
    found = list(problems)
    errors = [problem for problem in found if problem.severity == "error"]
    if errors:
        sentences = list(dict.fromkeys(problem.sentence for problem in errors))
        more = f" (and {len(sentences) - MOST_ERRORS} more problems)" if len(sentences) > MOST_ERRORS else ""
        named = next((problem.node_id for problem in errors if problem.node_id), None)
        raise InvalidWorkflowError("; ".join(sentences[:MOST_ERRORS]) + more, node_id=named)
    for problem in found[:MOST_WARNINGS]:
        reporter.log("warning", problem.sentence, problem.node_id)
    if len(found) > MOST_WARNINGS:
        reporter.log("warning", f"{len(found) - MOST_WARNINGS} more warnings about the workflow are not shown")
