"""What a running workflow knows, and what one node sees of it."""

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from casare_cloud.robot.executor.control import RunControl
from casare_cloud.robot.executor.declarations import NodeType
from casare_cloud.robot.executor.errors import LoopLimitError, NodeInputError, ResultTooLarge
from casare_cloud.robot.executor.expressions import evaluate, is_true
from casare_cloud.robot.executor.graph import Node
from casare_cloud.robot.executor.held import Held
from casare_cloud.robot.executor.registry import find_declaration
from casare_cloud.robot.executor.results import refuse_endless
from casare_cloud.robot.executor.sandbox import Sandbox
from casare_cloud.robot.executor.templates import MISSING, as_text, names_in, render, resolve
from casare_cloud.robot.transport import clean_text, shortened

MAX_NODE_RUNS = 1_000_000
LARGEST_NUMBER = 10**4_000  # Python writes no number of more than 4,300 digits


class Reporter(Protocol):
    """Receives a run's progress and log; called from the thread that runs the workflow."""

    def progress(self, percent: int, node_id: str | None, message: str | None) -> None: ...

    def log(
        self, level: str, message: str, node_id: str | None = None, extra: Mapping[str, Any] | None = None
    ) -> None: ...

    def node_started(self, node_id: str, node_type: str) -> None: ...

    def node_completed(self, node_id: str, node_type: str, status: str, seconds: float) -> None: ...


def utc_now() -> str:
    """This moment in ISO 8601, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(slots=True)
class Timing:
    """How often a node ran and how long in all, and when its first run began and its last one ended, in ISO 8601.

    `status` is that of its last run. Of steps `started_at` is, too, and what follows: what that began with, put out or
    failed with.
    """

    node_id: str
    node_type: str
    runs: int = 0
    seconds: float = 0.0
    status: str = "completed"
    name: str | None = None
    started_at: str | None = None
    completed_at: str | None = None
    attempts: int | None = None
    error: str | None = None
    input: Any = None
    output: Any = None

    def to_json(self) -> dict[str, Any]:
        if_known = ("name", "started_at", "completed_at", "attempts", "error", "input", "output")
        known = {name: getattr(self, name) for name in if_known}
        return {
            "node_id": self.node_id,
            "node_type": self.node_type,
            "status": self.status,
            "duration_ms": round(self.seconds * 1000),
            "runs": self.runs,
            **{name: value for name, value in known.items() if value is not None},
        }


@dataclass(slots=True)
class Run:
    """One run of a workflow: its variables, what its nodes put out, and its ties to the outside."""

    control: RunControl
    sandbox: Sandbox
    reporter: Reporter
    variables: dict[str, Any]
    facts: Mapping[str, Any] = field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    timings: dict[str, Timing] = field(default_factory=dict)
    output: Any = None
    node_runs: int = 0
    within: tuple[str, ...] = ()  # the sub-workflow nodes around, outermost first
    percent: int = 0
    warned: set[str] = field(default_factory=set)
    held: Held = field(default_factory=Held)
    allows_scripts: bool = False  # the robot's owner lets workflows run programs on the machine

    def begin(self, node: Node) -> Timing:
        """Counts a node's run; raises when the workflow must stop or has run too many nodes."""
        self.control.check()
        self.node_runs += 1
        if self.node_runs > MAX_NODE_RUNS:
            raise LoopLimitError(f"the workflow ran more than {MAX_NODE_RUNS:,} nodes", node_id=node.id)
        node_id = "/".join((*self.within, node.id))
        timing = self.timings.get(node_id)
        if timing is None:
            timing = self.timings[node_id] = Timing(node_id, node.type)
        timing.runs += 1
        timing.started_at = timing.started_at or utc_now()
        self.reporter.node_started(timing.node_id, timing.node_type)
        return timing

    def end(self, timing: Timing, seconds: float) -> None:
        """Notes how long this run of the node took."""
        timing.seconds += seconds
        timing.completed_at = utc_now()
        self.reporter.node_completed(timing.node_id, timing.node_type, timing.status, seconds)

    def show(self, percent: float, node: Node) -> None:
        """Reports progress; the percentage never goes back and stays under 100 until the end."""
        self.percent = max(self.percent, min(99, int(percent)))
        if not self.within:
            self.reporter.progress(self.percent, node.id, node.name)

    def warn_once(self, message: str, node_id: str) -> None:
        if message not in self.warned and len(self.warned) < 100:
            self.warned.add(message)
            self.reporter.log("warning", message, node_id)


class NodeRun:
    """One execution of a node, as its implementation sees it: inputs by name, and the run it belongs to.

    An input comes from the connection into that port, else from the node's configuration with its templates
    replaced, else from the default. Other names for it and the default are those that the node type declares.
    """

    def __init__(
        self,
        run: Run,
        node: Node,
        connected: Callable[[str], Any],
        lookup: Callable[[str], Any],
        declared: NodeType | None = None,
        control: RunControl | None = None,
    ) -> None:
        self.run = run
        self.node = node
        self.control = control or run.control  # a step may have less time than its run
        self._connected = connected
        self.lookup = lookup
        self._declared = declared or find_declaration(node.kind)

    def declared_as(self, declared: NodeType | None) -> "NodeRun":
        """The same node, read by the declaration of another type."""
        return NodeRun(self.run, self.node, self._connected, self.lookup, declared, self.control)

    @property
    def declared(self) -> NodeType | None:
        """By which the inputs are read."""
        return self._declared

    def raw(self, *names: str) -> Any:
        """The configuration as written, or None."""
        config = self.node.config
        return next((config[name] for name in self._all(names) if config.get(name) not in (None, "")), None)

    def connected(self, port: str) -> Any:
        """What comes into a port that only this workflow knows, or None."""
        value = self._connected(port)
        return None if value is MISSING else value

    def is_connected(self, name: str) -> bool:
        return self._connected(name) is not MISSING

    def value(self, *names: str, default: Any = None) -> Any:
        """The first of these inputs that is there."""
        every = self._all(names)
        for name in every:
            connected = self._connected(name)
            if connected is not MISSING:
                return connected
        for name in every:
            if name in self.node.config and self.node.config[name] is not None:
                return self.render(self.node.config[name])
        return self._default(names[0]) if default is None else default

    def need(self, *names: str) -> Any:
        """As `value`, but missing or empty is an error that names the input."""
        value = self.value(*names)
        if value is None or value == "":
            raise self.lacks(names[0])
        return value

    def render(self, value: Any) -> Any:
        """`value` with its templates replaced; an unknown name is left as it is and warned about once."""
        for name in names_in(value):
            if self.lookup(name) is MISSING:
                self.run.warn_once(f"{{{{{name}}}}} names no variable and no node output", self.node.id)
        return render(value, self.lookup)

    def text(self, *names: str, default: str | None = None) -> str:
        return as_text(self.value(*names, default=default))

    def choice(self, name: str) -> str:
        """One of the words that the option allows, in any case; another is an error that lists them."""
        option = self._declared and self._declared.option(name)
        choices = option.choices if option else ()
        written = self.text(name).strip() or as_text(self._default(name))
        found = next((word for word in choices if word.lower() == written.lower()), None)
        if found is None:
            raise NodeInputError(f"{written} is no {name} of {self.node.type}; use one of {', '.join(choices)}")
        return found

    def number(self, *names: str, default: Any = None) -> float | int:
        value = self.value(*names)
        if value is None or value == "":
            value = default if default is not None else self._default(names[0])
        if value is None:
            raise self.lacks(names[0])
        return to_number(value, f"{names[0]} of {self.node.id}")

    def integer(self, *names: str, default: Any = None) -> int:
        return int(self.number(*names, default=default))

    def flag(self, *names: str, default: bool | None = None) -> bool:
        return is_true(self.value(*names, default=default))

    def items(self, *names: str) -> list[Any]:
        return to_list(self.value(*names, default=[]), f"{names[0]} of {self.node.id}")

    def mapping(self, *names: str) -> dict[str, Any]:
        return to_dict(self.value(*names, default={}), f"{names[0]} of {self.node.id}")

    def evaluate(self, expression: str) -> Any:
        return evaluate(expression, self.lookup)

    def evaluate_with(self, expression: str, names: Mapping[str, Any]) -> Any:
        """As `evaluate`, with more names."""
        return evaluate(expression, lambda name: names[name] if name in names else self.lookup(name))

    def condition(self) -> bool:
        """The truth of the `condition` port, or of the `expression` or `condition` in the configuration."""
        connected = self._connected("condition")
        if connected is not MISSING:
            return is_true(connected)
        written = self.raw("expression", "condition")
        if isinstance(written, str):
            return is_true(self.evaluate(written))
        return is_true(written)

    def log(self, level: str, message: str, extra: Mapping[str, Any] | None = None) -> None:
        self.run.reporter.log(level, message, self.node.id, extra)

    def _all(self, names: tuple[str, ...]) -> list[str]:
        """The names with every other name that the type declares for the same option."""
        if self._declared is None or self._declared.any_option:
            return list(names)
        every: list[str] = []
        for name in names:
            option = self._declared.option(name)
            if option is None:
                raise AssertionError(f"{self.node.type} reads {name}, which its declaration does not have")
            every += [name] if option.numbered else [option.name, *option.also]
        return every

    def _default(self, name: str) -> Any:
        option = None if self._declared is None else self._declared.option(name)
        return None if option is None else option.default

    def lacks(self, name: str) -> NodeInputError:
        """The error that says which input is missing."""
        return NodeInputError(f"{self.node.type} {self.node.id} needs {name}", node_id=self.node.id)


def make_lookup(run: Run, compute: Callable[[str], None] | None = None) -> Callable[[str], Any]:
    """How templates of this run find values; `compute` may produce a passive node's outputs first."""

    def lookup(path: str) -> Any:
        found = resolve(path, run.variables, run.outputs)
        if found is MISSING and compute is not None and "." in path:
            compute(path.partition(".")[0])
            found = resolve(path, run.variables, run.outputs)
        return found

    return lookup


def to_number(value: Any, what: str) -> float | int:
    """A number from a number or its text; whole ones stay integers."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return value
    try:
        text = str(value).strip()
        return int(text) if text.lstrip("+-").isdigit() else float(text)
    except ValueError as error:
        raise NodeInputError(f"{what} is not a number: {shortened(as_text(value), 100)!r}") from error


def to_list(value: Any, what: str) -> list[Any]:
    """A list from a list, or from the JSON text of one."""
    found = parsed(value)
    if isinstance(found, list | tuple):
        return list(found)
    raise NodeInputError(f"{what} is not a list: {shortened(as_text(value), 100)!r}")


def to_dict(value: Any, what: str) -> dict[str, Any]:
    """A map from a map, or from the JSON text of one."""
    found = parsed(value)
    if isinstance(found, Mapping):
        return dict(found)
    raise NodeInputError(f"{what} is not an object: {shortened(as_text(value), 100)!r}")


def parsed(value: Any) -> Any:
    """The list or map that a text is the JSON of; anything else as it is."""
    if isinstance(value, str) and value.strip()[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def storable(value: Any) -> Any:
    """The value as a job's record can hold it: JSON of clean text, and null for numbers that are none.

    Raises `ResultTooLarge` for a number of more than 4,000 digits, and for what is too large to be written out.
    """
    refuse_endless(value)
    return _storable(value)


def _storable(value: Any) -> Any:
    match value:
        case str():
            return clean_text(value)
        case bool() | None:
            return value
        case int():
            if not -LARGEST_NUMBER < value < LARGEST_NUMBER:
                raise ResultTooLarge("a number has more than 4,000 digits")
            return value
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {_storable(as_text(key)): _storable(item) for key, item in value.items()}
        case list() | tuple() | set():
            return [_storable(item) for item in value]
        case _:
            return clean_text(str(value))


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._started = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._started
