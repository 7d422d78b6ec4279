"""The automation form: steps that depend on one another. What may wait runs beside what does not depend on it."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from queue import SimpleQueue
from typing import Any

from casare_cloud.robot.executor import browser_tasks  # noqa: F401 - registers its tasks
from casare_cloud.robot.executor.check import refuse_problems
from casare_cloud.robot.executor.check_steps import steps_problems
from casare_cloud.robot.executor.context import NodeRun, Run, Stopwatch, Timing, make_lookup, utc_now
from casare_cloud.robot.executor.control import RunControl, StepControl
from casare_cloud.robot.executor.declarations import kind_of
from casare_cloud.robot.executor.errors import (
    FATAL,
    NodeError,
    NodeInputError,
    UnsupportedNodeError,
    WorkflowError,
)
from casare_cloud.robot.executor.flow import INPUT_ERRORS
from casare_cloud.robot.executor.graph import Node, set_variables
from casare_cloud.robot.executor.problems import few_suggestions
from casare_cloud.robot.executor.registry import (
    Next,
    NodeFunction,
    find_node,
    is_built_in,
    refuse_lacking,
    refuse_missing,
)
from casare_cloud.robot.executor.results import shown
from casare_cloud.robot.executor.scripts import SCRIPTS
from casare_cloud.robot.executor.step_form import (
    CONDITIONS,
    LOOPS,
    Step,
    in_order,
    inner_steps,
    parse_mappings,
    parse_steps,
)
from casare_cloud.robot.executor.step_loops import LOOP_KEEPS_ON, pause_between, rounds_of
from casare_cloud.robot.executor.step_retries import Retries, timeout_of
from casare_cloud.robot.executor.tasks import TASKS, WAITING, find_step_type
from casare_cloud.robot.executor.templates import MISSING, follow, render, resolve, split_path

MOST_AT_ONCE = 8
LOOKUP_PREFIXES = ("steps.", "variables.", "nodes.")


def run_steps(definition: Mapping[str, Any], input: Mapping[str, Any], run: Run) -> None:
    """Checks and runs a definition `{variables, step_mappings, steps}`; the outcome is left in `run`.

    A step's outputs are `{{steps.id.output}}` to those after it. A step whose `condition` is false, or that lies on the
    side of a condition that was not taken, is skipped with everything that depends on it. Up to 8 steps that may wait
    run at the same time.
    """
    steps = parse_steps(definition.get("steps"))
    in_order(steps)
    refuse_unsupported(steps, allows_scripts=run.allows_scripts)
    with few_suggestions():
        refuse_problems(steps_problems(definition), run.reporter)
    mappings = {str(mapping.get("step_id")): mapping for mapping in parse_mappings(definition.get("step_mappings"))}
    set_variables(run.variables, definition.get("variables"), input)
    bodies = {inner for step in steps.values() for inner in step.body}
    order = in_order({step_id: step for step_id, step in steps.items() if step_id not in bodies})
    Walk(run, steps, mappings).run_all(order, lambda done, step: run.show(100 * done / len(order), step.node))
    done = [step.node.id for step in order if _status(run, step.node.id) == "completed"]
    if run.output is None and done:
        run.output = run.outputs[done[-1]].get("output")


def refuse_unsupported(steps: Mapping[str, Step], *, allows_scripts: bool) -> None:
    """Raises `UnsupportedNodeError` that names every step, also of a loop, which nothing here can run."""
    kinds = list(_kinds(steps, ""))
    script = next(((step_id, name) for step_id, name in kinds if kind_of(name) in SCRIPTS), None)
    if script is not None and not allows_scripts:
        raise UnsupportedNodeError(
            f"this robot may not run {script[1]} (step {script[0]}): its owner allows no scripts (--allow-scripts)",
            node_id=script[0],
        )
    refuse_missing("step", [each for each in kinds if function_of(kind_of(each[1])) is None])
    refuse_lacking("step", [(*each, find_step_type(each[1])) for each in kinds])


def _kinds(steps: Mapping[str, Step], within: str) -> Iterator[tuple[str, str]]:
    """The id and type of each step that is no loop, also of those inside loops."""
    for step_id, step in steps.items():
        if step.node.kind in LOOPS:
            yield from _kinds(inner_steps(step), f"{within}{step_id}/")
        else:
            yield within + step_id, step.node.type


def function_of(kind: str) -> NodeFunction | None:
    """What runs a step of this kind: the task, else the node, else None."""
    return TASKS.get(kind) or find_node(kind)


def _status(run: Run, step_id: str) -> str | None:
    timing = run.timings.get(step_id)
    return None if timing is None else timing.status


class Walk:
    """The steps of one level of a run: the workflow's own, or those inside a loop, whose ids begin with `within`.

    `names` is what a round of a loop adds to what templates find: the item and its index; `control` is the loop's.
    """

    def __init__(
        self,
        run: Run,
        steps: Mapping[str, Step],
        mappings: Mapping[str, Mapping[str, Any]],
        within: str = "",
        names: Mapping[str, Any] | None = None,
        control: RunControl | None = None,
    ) -> None:
        self._run = run
        self._control = control or run.control
        self._steps = steps
        self._mappings = mappings
        self._within = within
        self._names = names or {}
        self._plain = make_lookup(run)

    def run_all(self, order: list[Step], show: Callable[[int, Step], None] = lambda done, step: None) -> None:
        """Runs the steps; the first error is raised when what runs beside it has ended, and nothing more is begun."""
        waiting = {step.node.id: step for step in order}
        running: set[str] = set()
        finished: SimpleQueue[tuple[str, BaseException | None]] = SimpleQueue()
        error: BaseException | None = None
        while running or (waiting and error is None):
            step = None
            if error is None and finished.empty() and len(running) < MOST_AT_ONCE:
                unfinished = waiting.keys() | running
                step = next((each for each in waiting.values() if not each.before & unfinished), None)
            if step is None:
                ended, failure = finished.get()
                running.discard(ended)
                error = error or failure
                continue
            show(len(order) - len(waiting), step)
            running.add(step.node.id)
            del waiting[step.node.id]
            if _is_quick(step.node):
                self._work(step, finished)
            else:  # a daemon: one that hangs in a system call must not keep the process alive
                threading.Thread(target=self._work, args=(step, finished), daemon=True).start()
        if error is not None:
            raise error

    def _work(self, step: Step, finished: SimpleQueue[tuple[str, BaseException | None]]) -> None:
        failure: BaseException | None = None
        try:
            self._run_step(step)
        except BaseException as error:  # also that the run was cancelled
            failure = error
        finished.put((step.node.id, failure))

    def _run_step(self, step: Step) -> None:
        run = self._run
        mapping = self._mappings.get(step.node.id, {}) if not self._within else {}
        node = self._with_mapped_inputs(step.node, mapping)
        timing = run.begin(replace(node, id=self._within + node.id))
        timing.name, timing.started_at, timing.error = node.name, utc_now(), None
        watch = Stopwatch()
        declared = find_step_type(node.type)
        step_run = NodeRun(run, node, lambda port: MISSING, self._lookup, declared, self._control)
        timing.status = "skipped"
        try:
            if self._is_skipped(step, step_run):
                run.reporter.log("info", f"{node.name}: skipped", timing.node_id)
                return
            timing.status = "failed"
            outputs = self._outputs_of(step, step_run, timing)
            timing.status = "completed"
        except Exception as error:
            explained = _explained(timing.node_id, error)
            timing.error = str(explained)
            run.outputs[node.id] = {"error": str(explained), "error_type": explained.error_type, "success": False}
            is_caught = (
                step.keeps_on or step_run.flag("continue_on_error") or step.written.get("on_error") in self._steps
            )
            if isinstance(explained, FATAL) or not is_caught:
                raise explained from error
            run.reporter.log("warning", f"{node.name} failed: {explained}", timing.node_id)
            return
        finally:
            run.end(timing, watch.seconds)
        run.outputs[node.id] = {**outputs, "output": outputs}
        timing.output = shown(outputs)
        for source, name in (mapping.get("output_mapping") or {}).items():
            value = follow(run.outputs[node.id], split_path(str(source)) or [])
            run.variables[str(name)] = None if value is MISSING else value

    def _outputs_of(self, step: Step, step_run: NodeRun, timing: Timing) -> dict[str, Any]:
        """What the step puts out, after the tries that it is given."""
        retries, seconds = Retries.of(step), timeout_of(step)
        timing.input = _shown_input(step_run)
        for attempt in range(1, retries.attempts + 1):
            timing.attempts = attempt
            try:
                if seconds is not None:
                    step_run.control = StepControl(self._control, seconds)
                if step_run.node.kind in LOOPS:
                    return self._run_loop(step, step_run)
                function = function_of(step_run.node.kind)
                assert function is not None  # see refuse_unsupported
                left = function(step_run)
                return dict(left.outputs if isinstance(left, Next) else left or {})
            except Exception as error:
                explained = _explained(timing.node_id, error)
                if attempt == retries.attempts or not retries.covers(explained):
                    raise explained from error
                pause = retries.pause_after(attempt)
                step_run.log("warning", f"{step_run.node.name} failed, and is tried again in {pause:g} s: {explained}")
                self._control.sleep(pause)
        raise AssertionError("unreachable: the last try returns or raises")

    def _run_loop(self, step: Step, loop: NodeRun) -> dict[str, Any]:
        carried = inner_steps(step)
        level = carried or {name: self._steps[name] for name in step.body}
        if not level:
            raise NodeInputError(f"the loop {step.node.id} has neither step, steps nor body", node_id=step.node.id)
        order = in_order(level)
        within = f"{self._within}{step.node.id}/" if carried else self._within
        name = loop.text("item_variable")
        keeps_on = loop.text("on_error").lower() in LOOP_KEEPS_ON
        results: list[Any] = []
        errors: list[dict[str, Any]] = []
        for index, item in enumerate(rounds_of(loop)):
            pause_between(loop, index)
            names = {**self._names, "item": item, "index": index, name: item, "loop": {"item": item, "index": index}}
            try:
                Walk(self._run, level, self._mappings, within, names, loop.control).run_all(order)
            except Exception as error:
                if isinstance(error, FATAL) or not keeps_on:
                    raise
                errors.append({"index": index, "error": str(error)})
            results.append(self._run.outputs.get(order[-1].node.id, {}).get("output"))
        return {"results": results, "count": len(results), "errors": errors}

    def _lookup(self, path: str) -> Any:
        """Finds variables and outputs, also as `steps.<id>.…` and `variables.<name>`; a round's names come first."""
        found = resolve(path, self._names, {}) if self._names and not path.startswith("$") else MISSING
        if found is MISSING:
            found = self._plain(path)
        for prefix in LOOKUP_PREFIXES:
            if found is MISSING and path.startswith(prefix):
                found = self._plain(path.removeprefix(prefix))
        if found is MISSING and path in ("steps", "variables"):  # as `variables.count > 2` in a formula
            found = self._run.outputs if path == "steps" else self._run.variables
        return found

    def _with_mapped_inputs(self, node: Node, mapping: Mapping[str, Any]) -> Node:
        """The step with configuration keys that its `input_mapping` takes from variables."""
        mapped: dict[str, Any] = {}
        for key, source in (mapping.get("input_mapping") or {}).items():
            value = self._lookup(str(source).strip().strip("{} "))
            mapped[str(key)] = source if value is MISSING else value
        return replace(node, config={**node.config, **mapped}) if mapped else node

    def _is_skipped(self, step: Step, run: NodeRun) -> bool:
        if step.written.get("enabled") is False:
            return True
        side = str(run.raw("branch") or "true").lower()
        runs_on_failure = run.flag("run_on_failure")
        if any(not self._has_run(name, side, runs_on_failure) for name in step.needs):
            return True
        if step.follows and not any(self._has_run(name, side, runs_on_failure) for name, side in step.follows):
            return True
        is_condition = step.node.kind in CONDITIONS
        written = step.written.get("condition") or (None if is_condition else step.node.config.get("when"))
        return isinstance(written, str) and bool(written) and not run.evaluate(written)

    def _has_run(self, name: str, side: str | None, counts_failure: bool) -> bool:
        """Whether a step before this one went the way that leads here."""
        timing = self._run.timings[self._within + name]
        if timing.status == "failed":
            return side == "error" or counts_failure
        if timing.status == "skipped" or side == "error":
            return False
        if side is not None and kind_of(timing.node_type) in CONDITIONS:
            return bool(self._run.outputs[name].get("result")) is (side != "false")
        return True


def _is_quick(node: Node) -> bool:
    """Whether it does its work and waits for nobody: then it runs in its place, as written."""
    return node.kind not in WAITING and (node.kind in TASKS or is_built_in(node.kind))


def _shown_input(run: NodeRun) -> Any:
    """The configuration with its templates replaced, but for formulas and for what a loop runs."""
    declared = run.declared
    left = {"step", "steps"} if run.node.kind in LOOPS else set()
    for name in run.node.config:
        option = None if declared is None else declared.option(name)
        if option is not None and option.kind == "expression":
            left.add(name)
    try:
        return shown({
            name: value if name in left else render(value, run.lookup) for name, value in run.node.config.items()
        })  # fmt: skip
    except WorkflowError:
        return None


def _explained(step_id: str, error: Exception) -> WorkflowError:
    if isinstance(error, WorkflowError):
        error.node_id = error.node_id or step_id
        return error
    kind = NodeInputError if isinstance(error, INPUT_ERRORS) else NodeError
    return kind(f"step {step_id}: {error}", node_id=step_id, error_type=type(error).__name__)
