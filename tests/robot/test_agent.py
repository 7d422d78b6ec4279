"""The agent, against a transport without a network."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from tests.robot.fake_transport import FakeTransport
from tests.robot.workflows import chain

from casare_cloud.errors import ApiError
from casare_cloud.robot import agent_core, job_run
from casare_cloud.robot.agent_core import Agent, KeyRefused
from casare_cloud.robot.console import AgentEvent
from casare_cloud.robot.executor.context import NodeRun
from casare_cloud.robot.executor.registry import _NODES
from casare_cloud.robot.spool import Outcome, Spool
from casare_cloud.robot.transport import Failure, Lease, RobotProfile, Signal

HELLO = chain(("l", "LogNode", {"message": "hello"}))
LONG = chain(("w", "WaitNode", {"duration": 60}))


class Gate:
    """A node that waits, in its thread, until the test opens it; it does not look whether it should stop."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()
        self.inside = 0
        self.most_inside = 0

    def __call__(self, run: NodeRun) -> dict[str, Any]:
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        self.entered.set()
        self.opened.wait(20)
        self.inside -= 1
        return {"result": "through"}


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    gate = Gate()
    monkeypatch.setitem(_NODES, "gate", gate)
    return gate


GATED = chain(("g", "GateNode", {}))


class Life:
    """An agent at work, its transport, and what it told."""

    def __init__(self, work_dir: Path, concurrency: int, lease_seconds: float, grace_seconds: float) -> None:
        self.transport = FakeTransport()
        self.events: list[AgentEvent] = []
        self.work_dir = work_dir
        profile = RobotProfile("r1", "Robot 1", "host", max_concurrent_jobs=concurrency)
        self.agent = Agent(
            self.transport,
            profile,
            work_dir,
            lease_seconds=lease_seconds,  # type: ignore[arg-type]
            grace_seconds=grace_seconds,
            on_event=self.events.append,
        )

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]

    async def until(self, condition: Callable[[], Any], what: str = "it") -> None:
        deadline = monotonic() + 10
        while not condition():
            assert monotonic() < deadline, f"{what} did not happen; events: {self.kinds}"
            await asyncio.sleep(0.005)

    @asynccontextmanager
    async def working(self) -> AsyncIterator["Life"]:
        task = asyncio.create_task(self.agent.run())
        try:
            yield self
        finally:
            self.agent.drain()
            await asyncio.wait_for(task, 15)


MakeLife = Callable[..., Life]


@pytest.fixture
def make_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeLife:
    monkeypatch.setattr(agent_core, "LEAST_HEARTBEAT_SECONDS", 0.01)

    def make(concurrency: int = 1, lease_seconds: float = 0.3, grace_seconds: float = 5.0) -> Life:
        return Life(tmp_path / "work", concurrency, lease_seconds, grace_seconds)

    return make


async def test_a_job_is_started_run_and_completed(make_life: MakeLife) -> None:
    async with make_life().working() as life:
        job_id = life.transport.add(HELLO, colour="red")
        await life.until(lambda: life.transport.outcomes)
    kind, result = life.transport.outcomes[job_id]
    assert kind == "complete"
    assert result["variables"]["colour"] == "red"
    assert life.transport.calls.index("start") < life.transport.calls.index("complete")
    assert [entry["message"] for batch in life.transport.log_batches for entry in batch] == ["hello"]
    assert life.kinds == ["registered", "claimed", "completed", "draining", "stopped"]
    assert life.transport.calls[-1] == "close"


async def test_a_failure_says_what_where_and_whether_to_try_again(make_life: MakeLife) -> None:
    async with make_life().working() as life:
        job_id = life.transport.add(chain(("t", "ThrowErrorNode", {"message": "no stock", "error_type": "StockError"})))
        await life.until(lambda: life.transport.outcomes)
    kind, failure = life.transport.outcomes[job_id]
    assert kind == "fail"
    assert (failure.error_message, failure.error_type, failure.failed_node) == ("no stock", "StockError", "t")
    assert failure.is_retryable is False


async def test_a_workflow_that_this_robot_cannot_run_fails_for_good(make_life: MakeLife) -> None:
    async with make_life().working() as life:
        job_id = life.transport.add(chain(("b", "LaunchBrowserNode", {})))
        await life.until(lambda: life.transport.outcomes)
    failure = life.transport.outcomes[job_id][1]
    assert failure.error_type == "UnsupportedNodeError"
    assert failure.is_retryable is False


async def test_a_job_that_takes_too_long_is_stopped_and_left_to_the_service(make_life: MakeLife) -> None:
    async with make_life().working() as life:
        job_id = life.transport.add(LONG, timeout_seconds=0)
        await life.until(lambda: "timeout" in life.kinds)
    assert life.transport.outcomes == {}
    assert job_id in life.transport.held
    assert "longer than its timeout" in life.transport.log_batches[0][0]["message"]


async def test_no_more_is_claimed_than_there_are_free_slots(make_life: MakeLife, gate: Gate) -> None:
    life = make_life(concurrency=2)
    for _ in range(5):
        life.transport.add(GATED)
    async with life.working():
        await life.until(lambda: gate.inside == 2)
        assert len(life.transport.held) == 2
        gate.opened.set()
        await life.until(lambda: len(life.transport.outcomes) == 5)
    assert gate.most_inside == 2
    assert max(life.transport.limits) == 2


async def test_heartbeats_and_renewals_go_on_while_a_node_blocks_its_thread(make_life: MakeLife, gate: Gate) -> None:
    life = make_life(lease_seconds=0.06)
    life.transport.add(GATED)
    async with life.working():
        await life.until(lambda: gate.inside == 1)
        before = life.transport.calls.count("renew"), life.transport.calls.count("heartbeat")
        await life.until(lambda: life.transport.calls.count("renew") > before[0] + 3)
        await life.until(lambda: life.transport.calls.count("heartbeat") > 1)
        gate.opened.set()
        await life.until(lambda: life.transport.outcomes)


@pytest.mark.parametrize("way", ["push", "renewal", "heartbeat"])
async def test_a_cancelled_job_stops_within_a_second(make_life: MakeLife, way: str) -> None:
    life = make_life(lease_seconds=0.15)
    async with life.working():
        job_id = life.transport.add(LONG)
        await life.until(lambda: "start" in life.transport.calls)
        asked = monotonic()
        if way == "push":
            life.transport.orders.put_nowait(Signal("cancel_job", job_id, "not wanted"))
        elif way == "heartbeat":
            life.transport.pending.append(Signal("cancel_job", job_id))
        else:
            life.transport.cancelled.add(job_id)
        await life.until(lambda: life.transport.outcomes)
        assert monotonic() - asked < 1.0
    assert life.transport.outcomes[job_id][0] == "release"
    assert "cancelled" in life.kinds


async def test_a_node_that_does_not_listen_cannot_keep_a_cancelled_job(make_life: MakeLife, gate: Gate) -> None:
    async with make_life().working() as life:
        job_id = life.transport.add(GATED)
        await life.until(lambda: gate.inside == 1)
        life.transport.orders.put_nowait(Signal("cancel_job", job_id))
        await life.until(lambda: life.transport.outcomes)
        gate.opened.set()
    assert life.transport.outcomes[job_id][0] == "release"


async def test_a_lost_lease_stops_the_job_and_nothing_is_reported(make_life: MakeLife) -> None:
    life = make_life(lease_seconds=0.15)
    async with life.working():
        job_id = life.transport.add(LONG)
        await life.until(lambda: "start" in life.transport.calls)
        life.transport.take_away(job_id)
        await life.until(lambda: "lease_lost" in life.kinds)
    assert life.transport.outcomes == {}
    assert list(Spool(life.work_dir / "spool")) == []


async def test_a_job_that_is_lost_before_it_starts_is_not_run(make_life: MakeLife, gate: Gate) -> None:
    life = make_life()
    original = life.transport.claim

    async def claim(limit: int, lease_seconds: int) -> Any:
        jobs = await original(limit, lease_seconds)
        for job in jobs:
            life.transport.take_away(job.job_id)
        return jobs

    life.transport.claim = claim  # type: ignore[method-assign]
    async with life.working():
        life.transport.add(GATED)
        await life.until(lambda: "lease_lost" in life.kinds)
    assert not gate.entered.is_set()


async def test_a_paused_robot_claims_nothing_until_it_is_resumed(make_life: MakeLife) -> None:
    async with make_life().working() as life:
        await life.until(lambda: "claim" in life.transport.calls)
        life.transport.orders.put_nowait(Signal("pause"))
        await life.until(lambda: "paused" in life.kinds)
        await asyncio.sleep(0.06)  # the wait for the doorbell that was under way
        claims = life.transport.calls.count("claim")
        life.transport.add(HELLO)
        heartbeats = life.transport.calls.count("heartbeat")
        await life.until(lambda: life.transport.calls.count("heartbeat") > heartbeats + 2)
        assert life.transport.calls.count("claim") <= claims + 1
        life.transport.orders.put_nowait(Signal("resume"))
        await life.until(lambda: life.transport.outcomes)


# Leaving


async def test_draining_lets_running_jobs_finish(make_life: MakeLife, gate: Gate) -> None:
    async with make_life().working() as life:
        job_id = life.transport.add(GATED)
        await life.until(lambda: gate.inside == 1)
        life.transport.add(HELLO)
        life.agent.drain()
        await life.until(lambda: "say_goodbye" in life.transport.calls)
        gate.opened.set()
    assert life.transport.outcomes[job_id][0] == "complete"
    assert len(life.transport.outcomes) == 1


async def test_what_has_not_finished_within_the_grace_time_is_given_back(make_life: MakeLife) -> None:
    async with make_life(grace_seconds=0.05).working() as life:
        job_id = life.transport.add(LONG)
        await life.until(lambda: "start" in life.transport.calls)
    assert life.transport.outcomes[job_id][0] == "release"
    assert "released" in life.kinds


async def test_an_order_to_shut_down_drains(make_life: MakeLife) -> None:
    life = make_life()
    task = asyncio.create_task(life.agent.run())
    await life.until(lambda: "registered" in life.kinds)
    life.transport.orders.put_nowait(Signal("shutdown"))
    await asyncio.wait_for(task, 5)
    assert life.kinds[-1] == "stopped"


async def test_a_claim_that_answers_while_draining_is_given_back(make_life: MakeLife) -> None:
    life = make_life()
    life.transport.claim_may_answer.clear()
    async with life.working():
        job_id = life.transport.add(HELLO)
        await life.transport.claiming.wait()
        life.agent.drain()
        await life.until(lambda: "say_goodbye" in life.transport.calls)
        life.transport.claim_may_answer.set()
    assert life.transport.outcomes == {job_id: ("release", None)}


# Trouble


async def test_a_service_that_is_down_at_first_is_waited_for(make_life: MakeLife) -> None:
    life = make_life()
    life.transport.is_down = True
    async with life.working():
        await life.until(lambda: "offline" in life.kinds)
        life.transport.is_down = False
        await life.until(lambda: "registered" in life.kinds)
    assert life.kinds[:3] == ["offline", "online", "registered"]


async def test_a_result_that_cannot_be_sent_is_kept_and_sent_later(make_life: MakeLife, gate: Gate) -> None:
    life = make_life()
    async with life.working():
        job_id = life.transport.add(GATED)
        await life.until(lambda: gate.inside == 1)
        life.transport.is_down = True
        gate.opened.set()
        await life.until(lambda: "spooled" in life.kinds)
        assert len(list(Spool(life.work_dir / "spool"))) == 1
        life.transport.is_down = False
        await life.until(lambda: life.transport.outcomes)
    assert life.transport.outcomes[job_id][0] == "complete"
    assert "delivered" in life.kinds
    assert list(Spool(life.work_dir / "spool")) == []


async def test_logs_that_could_not_be_sent_come_with_the_result(make_life: MakeLife, gate: Gate) -> None:
    definition = chain(
        ("l", "LogNode", {"message": "before"}), ("g", "GateNode", {}), ("m", "LogNode", {"message": "after"})
    )
    life = make_life()
    async with life.working():
        life.transport.add(definition)
        life.transport.is_down = False
        await life.until(lambda: gate.inside == 1)
        life.transport.is_down = True
        gate.opened.set()
        await life.until(lambda: "spooled" in life.kinds)
        life.transport.is_down = False
        await life.until(lambda: life.transport.outcomes)
    said = [entry["message"] for batch in life.transport.log_batches for entry in batch]
    assert said == ["before", "after"]


async def test_what_an_earlier_life_could_not_send_is_sent(make_life: MakeLife) -> None:
    life = make_life()
    Spool(life.work_dir / "spool").put(Outcome(Lease("old", 7), "completed", result={"x": 1}))
    life.transport.held["old"] = 7
    async with life.working():
        await life.until(lambda: life.transport.outcomes)
    assert life.transport.outcomes["old"] == ("complete", {"x": 1})


async def test_a_late_result_is_offered_refused_and_forgotten(make_life: MakeLife) -> None:
    life = make_life()
    Spool(life.work_dir / "spool").put(Outcome(Lease("old", 7), "completed", result={"x": 1}))
    life.transport.held["old"] = 8
    async with life.working():
        await life.until(lambda: "refused" in life.kinds)
    assert "complete" in life.transport.calls
    assert life.transport.outcomes == {}
    assert list(Spool(life.work_dir / "spool")) == []


async def test_a_result_that_the_service_cannot_take_fails_the_job(make_life: MakeLife) -> None:
    life = make_life()
    life.transport.refuse_result = ApiError(413, "INVALID_ARGUMENT", "result must not be larger than 10 MB.")
    async with life.working():
        job_id = life.transport.add(HELLO)
        await life.until(lambda: life.transport.outcomes)
    kind, failure = life.transport.outcomes[job_id]
    assert kind == "fail"
    assert isinstance(failure, Failure)
    assert failure.error_type == "ResultRefused"


@pytest.mark.parametrize("when", ["at once", "later"])
async def test_a_refused_key_stops_the_agent_with_a_clear_sentence(make_life: MakeLife, when: str) -> None:
    life = make_life()
    life.transport.key_is_dead = when == "at once"
    task = asyncio.create_task(life.agent.run())
    if when == "later":
        await life.until(lambda: "claim" in life.transport.calls)
        life.transport.key_is_dead = True
    with pytest.raises(KeyRefused, match="refused the key of robot r1"):
        await asyncio.wait_for(task, 5)


async def test_logs_are_sent_in_batches_and_in_order(make_life: MakeLife, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_run, "LOG_BATCH", 10)
    loop = {
        "nodes": [
            {"id": "s", "type": "StartNode"},
            {"id": "loop", "type": "ForLoopStartNode", "config": {"mode": "range", "end": 25}},
            {"id": "l", "type": "LogNode", "config": {"message": "{{item}}"}},
        ],
        "connections": [{"from": "s", "to": "loop"}, {"source": "loop.body", "target": "l.exec_in"}],
    }
    async with make_life().working() as life:
        life.transport.add(loop)
        await life.until(lambda: life.transport.outcomes)
    assert [entry["message"] for batch in life.transport.log_batches for entry in batch] == [str(n) for n in range(25)]
    assert max(len(batch) for batch in life.transport.log_batches) <= 10


async def test_progress_is_reported_with_the_node(make_life: MakeLife, gate: Gate) -> None:
    async with make_life().working() as life:
        job_id = life.transport.add(GATED)
        await life.until(lambda: (job_id, 33, "g") in life.transport.progress_reports)
        gate.opened.set()
        await life.until(lambda: life.transport.outcomes)


async def test_a_job_s_files_stay_in_its_own_folder(make_life: MakeLife) -> None:
    async with make_life().working() as life:
        job_id = life.transport.add(chain(("w", "WriteFileNode", {"file_path": "a.txt", "content": "x"})))
        await life.until(lambda: life.transport.outcomes)
    assert (life.work_dir / "jobs" / f"{job_id}-1" / "a.txt").read_text(encoding="utf-8") == "x"


async def test_node_events_are_shown_to_those_who_watch(make_life: MakeLife, gate: Gate) -> None:
    async with make_life().working() as life:
        life.transport.add(GATED)
        await life.until(lambda: gate.inside == 1)
        gate.opened.set()
        await life.until(lambda: life.transport.outcomes)
    told = [(event.kind.removeprefix("node."), event.node_id) for event in life.transport.node_events]
    assert told == [(kind, node) for node in ("start", "g", "end") for kind in ("started", "completed")]


async def test_files_of_jobs_long_ago_are_removed(make_life: MakeLife) -> None:
    life = make_life()
    old, new = (life.work_dir / "jobs" / name for name in ("old", "new"))
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "a.txt").write_text("x", encoding="utf-8")
    os.utime(old, (0, 0))
    async with life.working():
        await life.until(lambda: "registered" in life.kinds)
    assert not old.exists()
    assert new.exists()


async def test_a_service_that_asks_for_time_is_given_it(make_life: MakeLife) -> None:
    life = make_life()
    original = life.transport.claim
    claimed_at: list[float] = []

    async def claim(limit: int, lease_seconds: int) -> Any:
        claimed_at.append(monotonic())
        if len(claimed_at) == 1:
            raise ApiError(429, "RATE_LIMITED", "slowly", {"retry-after": "1"})
        return await original(limit, lease_seconds)

    life.transport.claim = claim  # type: ignore[method-assign]
    async with life.working():
        await life.until(lambda: len(claimed_at) >= 2)
    assert claimed_at[1] - claimed_at[0] >= 1
