"""The agent when things go wrong, and what it reports while a job runs."""

import asyncio
import os
from pathlib import Path
from time import monotonic
from typing import Any

import httpx2
import pytest
from tests.robot.lives import GATED, HELLO, PATIENCE_SECONDS, Gate, MakeLife
from tests.robot.workflows import chain

from casare_cloud.errors import ApiError
from casare_cloud.http import error_from_body
from casare_cloud.robot import job_logs, job_run
from casare_cloud.robot.agent_core import Agent, KeyRefused
from casare_cloud.robot.console import AgentEvent
from casare_cloud.robot.direct import DirectTransport
from casare_cloud.robot.spool import Outcome, Spool
from casare_cloud.robot.transport import Failure, Lease, LogBatch, RobotProfile


async def test_a_service_that_is_down_at_first_is_waited_for(make_life: MakeLife) -> None:
    life = make_life()
    life.transport.is_down = True
    async with life.working():
        await life.until(lambda: "offline" in life.kinds)
        life.transport.is_down = False
        await life.until(lambda: "registered" in life.kinds)
    assert life.kinds[:3] == ["offline", "online", "registered"]


async def test_a_function_that_the_data_api_does_not_know_is_told_with_what_to_do(
    make_life: MakeLife, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = "Could not find the function public.register_robot(p_name) in the schema cache"
    body = {"code": "PGRST202", "message": message, "details": None, "hint": None}

    async def register(*_: object) -> None:
        refusal = error_from_body(404, body)
        assert refusal is not None
        raise refusal

    life = make_life()
    monkeypatch.setattr(life.transport, "register", register)
    async with life.working():
        await life.until(lambda: "offline" in life.kinds)
    assert life.events[0].message.startswith(f"{message}; trying again. Compare the names with docs/data-api.md.")


async def test_a_robot_says_at_once_that_direct_mode_is_not_set_up(tmp_path: Path, pauses: list[float]) -> None:
    refusal = {"detail": "Direct mode is not set up here.", "error_code": "DIRECT_MODE_UNAVAILABLE"}
    answers = [httpx2.Response(503, json=refusal, headers={"Retry-After": "3600"})]
    http_transport = httpx2.MockTransport(lambda request: answers.pop())
    direct = DirectTransport("http://o", "crpa_key", "robot-1", http_transport=http_transport)
    profile = RobotProfile("robot-1", "Robot", "host", "default", (), (), 1)
    with pytest.raises(ApiError, match="not set up"):
        await Agent(direct, profile, tmp_path).run()
    assert pauses == []


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
    assert (failure.error_type, failure.is_retryable) == ("ResultTooLarge", False)
    assert "10 MB. node_executions has " in failure.error_message


MOVED = ApiError(302, "REDIRECTED", "http://x redirects to http://portal: correct the base URL.")


NO_VERDICTS = [
    MOVED,
    ApiError(404, "NOT_FOUND", "There is no such path."),
    ApiError(404, "PGRST202", "Could not find the function public.complete_job in the schema cache"),
    ApiError(405, "25006", "cannot execute UPDATE in a read-only transaction"),
]


@pytest.mark.parametrize("refusal", NO_VERDICTS, ids=lambda refusal: refusal.code)
async def test_a_result_that_the_service_did_not_look_at_is_kept_and_sent_later(
    make_life: MakeLife, refusal: ApiError
) -> None:
    life = make_life()
    life.transport.refuse_result = refusal
    async with life.working():
        job_id = life.transport.add(HELLO)
        await life.until(lambda: any(event.kind == "spooled" for event in life.events))
        life.transport.refuse_result = None
        await life.until(lambda: job_id in life.transport.outcomes)
    assert life.transport.outcomes[job_id][0] == "complete"


@pytest.mark.parametrize("status", [401, 403])
async def test_a_robot_that_is_refused_when_it_brings_a_result_ends_and_keeps_it(
    make_life: MakeLife, status: int
) -> None:
    life = make_life()
    life.transport.refuse_result = ApiError(status, "FORBIDDEN", "Only a registered robot may do this.")
    life.transport.add(HELLO)
    with pytest.raises(KeyRefused):
        await asyncio.wait_for(life.agent.run(), PATIENCE_SECONDS)
    assert [outcome.kind for outcome in Spool(life.work_dir / "spool")] == ["completed"]


@pytest.mark.parametrize("when", ["at once", "later"])
async def test_a_refused_key_stops_the_agent_with_a_clear_sentence(make_life: MakeLife, when: str) -> None:
    life = make_life()
    life.transport.key_is_dead = when == "at once"
    task = asyncio.create_task(life.agent.run())
    if when == "later":
        await life.until(lambda: "claim" in life.transport.calls)
        life.transport.key_is_dead = True
    with pytest.raises(KeyRefused, match="refused the key of robot r1"):
        await asyncio.wait_for(task, PATIENCE_SECONDS)


async def test_logs_are_sent_in_batches_and_in_order(make_life: MakeLife, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_logs, "LOG_BATCH", 10)
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
        await life.until(lambda: not old.exists())
    assert new.exists()


async def test_a_service_that_asks_for_time_is_given_it(make_life: MakeLife) -> None:
    life = make_life()
    original = life.transport.claim
    claimed_at: list[float] = []

    async def claim(*asked: Any) -> Any:
        claimed_at.append(monotonic())
        if len(claimed_at) == 1:
            raise ApiError(429, "RATE_LIMITED", "slowly", {"retry-after": "1"})
        return await original(*asked)

    life.transport.claim = claim  # type: ignore[method-assign]
    async with life.working():
        await life.until(lambda: len(claimed_at) >= 2)
    assert claimed_at[1] - claimed_at[0] >= 1


async def test_a_job_that_is_over_at_once_has_reported_progress(
    make_life: MakeLife, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(self: job_run.JobRun) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(job_run.JobRun, "_report_progress", nothing)
    async with make_life().working() as life:
        job_id = life.transport.add(HELLO)
        await life.until(lambda: life.transport.outcomes)
    assert life.transport.progress_reports == [(job_id, 100, None)]
    assert life.transport.calls.index("progress") < life.transport.calls.index("complete")


async def test_logs_that_are_being_sent_when_the_job_ends_are_sent_once(
    make_life: MakeLife, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_run, "LOG_FLUSH_SECONDS", 0.01)
    life = make_life()
    original = life.transport.logs
    sending, may_finish = asyncio.Event(), asyncio.Event()

    async def logs(lease: Lease, batch: LogBatch) -> None:
        await original(lease, batch)
        sending.set()
        await may_finish.wait()

    life.transport.logs = logs  # type: ignore[method-assign]
    async with life.working():
        life.transport.add(chain(("l", "LogNode", {"message": "once"}), ("g", "GateNode", {})))
        await sending.wait()
        gate.opened.set()
        await life.until(lambda: ("node.completed", "end") in [(e.kind, e.node_id) for e in life.transport.node_events])
        may_finish.set()
        await life.until(lambda: life.transport.outcomes)
    assert [entry["message"] for batch in life.transport.log_batches for entry in batch] == ["once"]


async def test_more_logs_than_can_be_kept_are_counted(
    make_life: MakeLife, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_logs, "MAX_BUFFERED_LOGS", 5)
    loop = {
        "nodes": [
            {"id": "s", "type": "StartNode"},
            {"id": "loop", "type": "ForLoopStartNode", "config": {"mode": "range", "end": 8}},
            {"id": "l", "type": "LogNode", "config": {"message": "{{item}}"}},
        ],
        "connections": [{"from": "s", "to": "loop"}, {"source": "loop.body", "target": "l.exec_in"}],
    }
    async with make_life().working() as life:
        life.transport.add(loop)
        await life.until(lambda: life.transport.outcomes)
    entries = [entry for batch in life.transport.log_batches for entry in batch]
    assert len(entries) == 5
    assert entries[0]["extra"] == {"entries_lost": 3}


async def test_who_shows_events_cannot_cost_a_job(make_life: MakeLife, tmp_path: Path) -> None:
    def show(event: AgentEvent) -> None:
        raise UnicodeEncodeError("cp1252", "Счета", 0, 1, "no such character")

    life = make_life()
    job_id = life.transport.add(HELLO)
    agent = Agent(life.transport, RobotProfile("r1", "R", "h"), tmp_path / "other", on_event=show)
    task = asyncio.create_task(agent.run())
    await life.until(lambda: life.transport.outcomes)
    agent.drain()
    await task
    assert life.transport.outcomes[job_id][0] == "complete"
