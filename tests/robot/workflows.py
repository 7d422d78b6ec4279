"""Helpers that write and run workflows."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from casare_cloud.robot.executor import run_workflow
from casare_cloud.robot.executor.context import NodeRun, Run, make_lookup
from casare_cloud.robot.executor.control import RunControl, StepControl
from casare_cloud.robot.executor.declarations import kind_of
from casare_cloud.robot.executor.graph import Node
from casare_cloud.robot.executor.held import Held
from casare_cloud.robot.executor.registry import Next, find_node
from casare_cloud.robot.executor.sandbox import Sandbox
from casare_cloud.robot.executor.templates import MISSING


@dataclass
class Recorder:
    """Keeps what a run reports."""

    logs: list[dict[str, Any]] = field(default_factory=list)
    steps: list[tuple[int, str | None]] = field(default_factory=list)
    nodes: list[tuple[str, str]] = field(default_factory=list)

    def progress(self, percent: int, node_id: str | None, message: str | None) -> None:
        self.steps.append((percent, node_id))

    def log(self, level: str, message: str, node_id: str | None = None, extra: Mapping[str, Any] | None = None) -> None:
        self.logs.append({"level": level, "message": message, "node_id": node_id, "extra": extra})

    def node_started(self, node_id: str, node_type: str) -> None:
        self.nodes.append(("started", node_id))

    def node_completed(self, node_id: str, node_type: str, status: str, seconds: float) -> None:
        self.nodes.append((status, node_id))

    @property
    def messages(self) -> list[str]:
        return [entry["message"] for entry in self.logs]


class Workshop:
    """Runs workflows in one folder and keeps what the last one reported."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.recorder = Recorder()
        self.control = RunControl(30)
        self.held = Held()

    def run(self, definition: Any, **input: Any) -> dict[str, Any]:
        self.recorder = Recorder()
        return run_workflow(
            definition, input, control=self.control, sandbox=Sandbox(self.folder), reporter=self.recorder
        )

    def outputs(
        self, node_type: str, config: Mapping[str, Any], step_seconds: float | None = None, **input: Any
    ) -> Any:
        """What one node puts out, run by itself, or as a step that has so much time."""
        run = Run(self.control, Sandbox(self.folder), self.recorder, variables=dict(input), held=self.held)
        function = find_node(kind_of(node_type))
        assert function is not None, f"{node_type} is not there"
        control = None if step_seconds is None else StepControl(self.control, step_seconds)
        node = Node("it", node_type, "it", config)
        left = function(NodeRun(run, node, lambda port: MISSING, make_lookup(run), control=control))
        return dict(left.outputs) if isinstance(left, Next) else left


def chain(*nodes: tuple[str, str, Mapping[str, Any]], extra: list[tuple[str, str]] | None = None) -> dict[str, Any]:
    """A workflow StartNode → nodes in this order → EndNode; `extra` connections as `("a.port", "b.port")`."""
    ids = ["start", *(node[0] for node in nodes), "end"]
    return {
        "nodes": [
            {"id": "start", "type": "StartNode"},
            *({"id": id_, "type": type_, "config": dict(config)} for id_, type_, config in nodes),
            {"id": "end", "type": "EndNode"},
        ],
        "connections": connections(
            *((f"{a}.exec_out", f"{b}.exec_in") for a, b in itertools.pairwise(ids)), *(extra or [])
        ),
    }


def graph(nodes: Mapping[str, tuple[str, Mapping[str, Any]]], *pairs: tuple[str, str]) -> dict[str, Any]:
    """A workflow of these nodes and connections; a target without a port is `exec_in`."""
    return {
        "nodes": [{"id": id_, "type": type_, "config": dict(config)} for id_, (type_, config) in nodes.items()],
        "connections": connections(*pairs),
    }


def connections(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"source": source, "target": target if "." in target else f"{target}.exec_in"} for source, target in pairs]
