"""Typed domain events across processes (document 003): subscribe in one program to what happens in all.

    bus = get_event_bus()

    @bus.subscribe(NodeCompleted)
    def on_node_completed(event: NodeCompleted):
        print(f"Node {event.node_id} completed in {event.execution_time_ms}ms")

The first subscription starts a thread that signs in with what the environment says (`CASARE_API_KEY`, `.casare/env`)
and follows the tenant; while an `OrchestratorEngine` runs in this process, it brings the events instead.
"""

import threading

from casare_cloud.engine.events.background import Background
from casare_cloud.engine.events.bus import EventBus
from casare_cloud.engine.events.types import (
    CloudEvent,
    DomainEvent,
    JobCancelled,
    JobCancelRequested,
    JobClaimed,
    JobCompleted,
    JobEvent,
    JobFailed,
    JobRequeued,
    JobRetrying,
    JobStarted,
    JobSubmitted,
    JobTimedOut,
    NodeCompleted,
    NodeEvent,
    NodeFailed,
    NodeStarted,
    RobotConnected,
    RobotDisconnected,
    RobotEvent,
    RobotUpdated,
    ScheduleEvent,
    ScheduleFired,
    WorkflowCompleted,
    WorkflowFailed,
    WorkflowStarted,
    WorkflowStopped,
)

__all__ = [
    "CloudEvent",
    "DomainEvent",
    "EventBus",
    "JobCancelRequested",
    "JobCancelled",
    "JobClaimed",
    "JobCompleted",
    "JobEvent",
    "JobFailed",
    "JobRequeued",
    "JobRetrying",
    "JobStarted",
    "JobSubmitted",
    "JobTimedOut",
    "NodeCompleted",
    "NodeEvent",
    "NodeFailed",
    "NodeStarted",
    "RobotConnected",
    "RobotDisconnected",
    "RobotEvent",
    "RobotUpdated",
    "ScheduleEvent",
    "ScheduleFired",
    "WorkflowCompleted",
    "WorkflowFailed",
    "WorkflowStarted",
    "WorkflowStopped",
    "get_event_bus",
    "reset_event_bus",
    "wait_until_following",
]


class _ProcessBus:
    """The bus of this process, and who feeds it: engines that run here, else a thread of its own."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.background: Background | None = None
        self.engines = 0
        self.bus = EventBus(self.on_subscribe)

    def on_subscribe(self, bus: EventBus) -> None:
        with self.lock:
            if self.background is None and not self.engines:
                self.background = Background(bus)

    def stop_background(self) -> None:
        with self.lock:
            ending, self.background = self.background, None
        if ending is not None:
            ending.stop()


_process = _ProcessBus()


def get_event_bus() -> EventBus:
    """The bus of this process, always the same one."""
    return _process.bus


def reset_event_bus() -> None:
    """Start over with a bus that has no handlers, no history and no feed; for tests."""
    global _process
    _process.stop_background()
    _process = _ProcessBus()


def wait_until_following(timeout: float | None = None) -> bool:
    """Whether the thread that follows the cloud does so, after so many seconds at most; false when there is none."""
    background = _process.background
    return background is not None and background.is_following.wait(timeout)


def engine_begins(bus: EventBus) -> None:
    """An engine feeds this bus from now on: a thread of the process's own is not needed."""
    if bus is _process.bus:
        with _process.lock:
            _process.engines += 1
        _process.stop_background()


def engine_ends(bus: EventBus) -> None:
    """An engine feeds this bus no more; the next subscription starts a thread again, if it was the last one."""
    if bus is _process.bus:
        with _process.lock:
            _process.engines -= 1
