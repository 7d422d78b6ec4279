"""The bus by itself: who is called for what, and what a handler's error does."""

import asyncio
import logging
import threading
from dataclasses import dataclass

import pytest

from casare_cloud.engine.events import (
    CloudEvent,
    DomainEvent,
    EventBus,
    JobFailed,
    JobRequeued,
    JobSubmitted,
    JobTimedOut,
    NodeCompleted,
    NodeEvent,
    NodeStarted,
    RobotConnected,
)
from casare_cloud.engine.events.types import read_event


@dataclass(frozen=True)
class InvoiceBooked(DomainEvent):
    number: str = ""


def test_subscribe_is_a_decorator_and_a_call() -> None:
    bus, heard = EventBus(), []

    @bus.subscribe(NodeCompleted)
    def on_node_completed(event: NodeCompleted) -> None:
        heard.append(f"Node {event.node_id} completed in {event.execution_time_ms}ms")

    def other(event: NodeCompleted) -> None:
        heard.append(event.node_type)

    bus.subscribe(NodeCompleted, other)
    bus.publish(NodeCompleted(node_id="node-123", node_type="ClickElementNode", execution_time_ms=150.5))
    assert heard == ["Node node-123 completed in 150.5ms", "ClickElementNode"]
    bus.unsubscribe(NodeCompleted, on_node_completed)
    bus.publish(NodeCompleted("n", "LogNode", "w", 1.0))
    assert heard[2:] == ["LogNode"]
    assert (bus.get_handler_count(NodeCompleted), bus.get_handler_count(NodeStarted)) == (1, 0)


def test_a_handler_hears_of_its_type_and_of_those_that_inherit_from_it() -> None:
    bus = EventBus()
    heard: list[str] = []
    bus.subscribe(NodeEvent, lambda event: heard.append(f"node {event.event_type_name}"))
    bus.subscribe_all(lambda event: heard.append(event.event_type_name))
    bus.publish(NodeStarted(node_id="n"))
    bus.publish(InvoiceBooked(number="7"))
    assert heard == ["node NodeStarted", "NodeStarted", "InvoiceBooked"]
    bus.clear_handlers(NodeEvent)
    assert not bus.is_wanted(InvoiceBooked) or bus.get_handler_count(DomainEvent) == 1
    bus.clear_handlers()
    assert not bus.is_wanted(DomainEvent)


def test_what_one_handler_raises_is_logged_and_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    bus = EventBus()
    heard: list[str] = []

    @bus.subscribe(InvoiceBooked)
    def broken(event: InvoiceBooked) -> None:
        raise ZeroDivisionError(event.number)

    @bus.subscribe(InvoiceBooked)
    async def broken_later(event: InvoiceBooked) -> None:
        raise KeyError(event.number)

    bus.subscribe(InvoiceBooked, lambda event: heard.append(event.number))
    with caplog.at_level(logging.ERROR, "casare_cloud"):
        bus.publish(InvoiceBooked(number="7"))
    assert heard == ["7"]
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ZeroDivisionError, KeyError]
    assert "broken failed at the event InvoiceBooked" in caplog.messages[0]


async def test_a_coroutine_function_runs_in_the_loop_where_it_was_subscribed() -> None:
    bus, heard = EventBus(), asyncio.Event()
    threads: list[threading.Thread] = []

    @bus.subscribe(InvoiceBooked)
    async def later(event: InvoiceBooked) -> None:
        threads.append(threading.current_thread())
        heard.set()

    await asyncio.to_thread(bus.publish, InvoiceBooked(number="8"))
    await asyncio.wait_for(heard.wait(), 10)
    assert threads == [threading.current_thread()]
    heard.clear()
    bus.publish(InvoiceBooked(number="9"))
    await asyncio.wait_for(heard.wait(), 10)


def test_an_event_is_delivered_once_however_many_feeds_bring_it() -> None:
    bus = EventBus()
    heard: list[DomainEvent] = []
    bus.subscribe_all(heard.append)
    event = InvoiceBooked(number="1")
    bus.publish(event)
    bus.publish(event)
    bus.publish(InvoiceBooked(number="1"))
    assert len(heard) == 2


def test_what_happened_is_kept_the_newest_first() -> None:
    bus = EventBus()
    for n in range(1100):
        bus.publish(InvoiceBooked(number=str(n)))
    bus.publish(NodeStarted(node_id="n"))
    assert [event.number for event in bus.get_history(InvoiceBooked, 2)] == ["1099", "1098"]  # type: ignore[attr-defined]
    assert len(bus.get_history()) == 1000
    bus.clear_history()
    assert bus.get_history() == []


def test_what_is_no_event_and_no_handler_is_refused() -> None:
    bus = EventBus()
    with pytest.raises(TypeError, match="event_type: <class 'str'> is no type of event"):
        bus.subscribe(str, print)  # type: ignore[type-var]
    with pytest.raises(TypeError, match="handler: 'x' cannot be called"):
        bus.subscribe(NodeStarted, "x")  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="event: 'x' is no event"):
        bus.publish("x")  # type: ignore[arg-type]


def test_events_of_the_orchestrator_have_types() -> None:
    job = {"workflow_name": "Hello", "attempt": 2, "error_message": "no"}
    answer = {
        "seq": 7,
        "event_id": "019abcde-0000-7000-8000-000000000001",
        "timestamp": "2026-11-30T07:00:00Z",
        "job_id": "j",
        "robot_id": "r",
        "robot_external_id": "line-1",
        "workflow_id": "w",
        "data": job,
    }
    failed = read_event({**answer, "event_type": "job.failed"})
    assert isinstance(failed, JobFailed)
    assert (failed.job_id, failed.workflow_name, failed.robot_id, failed.error_message) == (
        "j",
        "Hello",
        "line-1",
        "no",
    )
    assert type(read_event({**answer, "event_type": "job.timeout"})) is JobTimedOut
    assert type(read_event({**answer, "event_type": "job.queued"})) is JobSubmitted
    gone_back = {**answer, "event_type": "job.queued", "data": {**job, "message": "Released by its robot."}}
    assert type(read_event(gone_back)) is JobRequeued
    robot = read_event({**answer, "event_type": "robot.online", "data": {"name": "Line 1", "status": "idle"}})
    assert isinstance(robot, RobotConnected)
    assert (robot.robot_id, robot.robot_name, robot.status) == ("line-1", "Line 1", "idle")
    unknown = read_event({**answer, "event_type": "calendar.expiring", "data": {}})
    assert (type(unknown), unknown.type, unknown.seq) == (CloudEvent, "calendar.expiring", 7)
    assert unknown.to_dict()["event_type"] == "CloudEvent"
