"""Outcomes that are hard to keep or to send: none of them stops the robot, and each job is told what became of it."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.robot.lives import GATED, HELLO, Gate, Life, MakeLife
from tests.robot.workflows import chain

from casare_cloud.errors import InvalidArgument
from casare_cloud.http import Unreachable
from casare_cloud.robot import agent_core, delivery, job_run
from casare_cloud.robot.job_logs import JobLogs
from casare_cloud.robot.spool import Outcome, Spool
from casare_cloud.robot.transport import Lease, LogBatch

HALF = '"\\ud800"'  # JSON of half a surrogate pair: a text that UTF-8 has no bytes for


async def test_half_a_surrogate_pair_in_a_result_or_a_log_is_reported_as_a_question_mark(make_life: MakeLife) -> None:
    parse = ("p", "ParseJSONNode", {"json_string": HALF})
    log = ("l", "LogNode", {"message": "got {{p.data}}", "data": "{{p.data}}"})
    definition = chain(parse, log, ("v", "SetVariableNode", {"name": "x{{p.data}}", "value": "{{p.data}}"}))
    async with make_life().working() as life:
        job_id = life.transport.add(definition)
        await life.until(lambda: life.transport.outcomes)
    kind, result = life.transport.outcomes[job_id]
    assert (kind, result["variables"]["x?"]) == ("complete", "?")
    [entry] = [entry for batch in life.transport.log_batches for entry in batch]
    assert (entry["message"], entry["extra"]) == ("got ?", {"data": "?"})


async def test_half_a_surrogate_pair_in_an_error_is_reported_as_a_question_mark(make_life: MakeLife) -> None:
    throw = ("t", "ThrowErrorNode", {"message": "no {{p.data}}", "error_type": "E{{p.data}}"})
    async with make_life().working() as life:
        job_id = life.transport.add(chain(("p", "ParseJSONNode", {"json_string": HALF}), throw))
        await life.until(lambda: life.transport.outcomes)
    kind, failure = life.transport.outcomes[job_id]
    assert (kind, failure.error_message, failure.error_type) == ("fail", "no ?", "E?")


async def test_a_kept_outcome_that_cannot_be_sent_is_set_aside_and_its_job_fails(make_life: MakeLife) -> None:
    life = make_life()
    Spool(life.work_dir / "spool").put(Outcome(Lease("old", 7), "completed", result={"x": "\ud800"}))
    life.transport.held["old"] = 7
    async with life.working():
        job_id = life.transport.add(HELLO)
        await life.until(lambda: len(life.transport.outcomes) == 2)
    kind, failure = life.transport.outcomes["old"]
    assert (kind, failure.error_type, failure.is_retryable) == ("fail", "ResultNotSendable", False)
    assert "cannot be sent: 'utf-8' codec" in failure.error_message
    assert life.transport.outcomes[job_id][0] == "complete"
    assert [path.name for path in (life.work_dir / "spool").iterdir()] == ["old.7.broken"]


async def test_a_restarted_robot_names_what_it_cannot_lose_however_many_logs_it_keeps(make_life: MakeLife) -> None:
    """Only 1,000 leases are named; those of logs have ended."""
    life = make_life()
    spool = Spool(life.work_dir / "spool")
    spool.put(Outcome(Lease("done", 1), "completed", result={}))
    for number in range(1_000):
        spool.put(Outcome(Lease("log", number), "logs", log_batches=[LogBatch(1, [{"message": "m"}])]))
    kept = delivery.Delivery(life.transport, life.work_dir / "spool", lambda *_: None)
    assert kept.unsent() == [Lease("done", 1)]


@pytest.mark.parametrize("fault", [RuntimeError("a fault"), InvalidArgument("lease_token must be a number.")])
async def test_a_job_whose_start_fails_is_given_up_and_the_robot_goes_on(make_life: MakeLife, fault: Exception) -> None:
    life = make_life()
    original = life.transport.start

    async def start(lease: Lease) -> None:
        if lease.job_id == "bad":
            raise fault
        await original(lease)

    life.transport.start = start  # type: ignore[method-assign]
    async with life.working():
        life.transport.add(HELLO, job_id="bad")
        life.transport.add(HELLO, job_id="good")
        await life.until(lambda: "good" in life.transport.outcomes)
    [told] = [event for event in life.events if event.kind == "failed"]
    assert told.data == {"job_id": "bad"}
    assert f"given up without an outcome: {type(fault).__name__}: {fault}" in told.message


# A disk that keeps nothing


def break_disk(life: Life) -> Path:
    """The spool's folder becomes a file: nothing can be written into it, whoever runs the test."""
    spool = life.work_dir / "spool"
    shutil.rmtree(spool)
    spool.write_text("", encoding="utf-8")
    return spool


@pytest.mark.parametrize("is_down", [False, True], ids=["connected", "offline"])
async def test_a_result_that_the_disk_cannot_keep_is_sent_all_the_same(
    make_life: MakeLife, gate: Gate, is_down: bool
) -> None:
    life = make_life()
    async with life.working():
        job_id = life.transport.add(GATED)
        await life.until(lambda: gate.inside == 1)
        break_disk(life)
        life.transport.is_down = is_down
        gate.opened.set()
        await life.until(lambda: "unkept" in life.kinds and ("spooled" in life.kinds or not is_down))
        life.transport.is_down = False
        await life.until(lambda: life.transport.outcomes)
    assert life.transport.outcomes[job_id][0] == "complete"


async def test_nothing_is_claimed_while_the_disk_keeps_nothing(
    make_life: MakeLife, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_core, "FULL_DISK_SECONDS", 0.01)
    life = make_life()
    async with life.working():
        await life.until(lambda: "claim" in life.transport.calls)
        spool = break_disk(life)
        await life.until(lambda: "paused" in life.kinds)
        job_id = life.transport.add(HELLO)
        heartbeats = life.transport.calls.count("heartbeat")
        await life.until(lambda: life.transport.calls.count("heartbeat") > heartbeats + 2)
        assert life.transport.held == {}
        spool.unlink()
        spool.mkdir()
        await life.until(lambda: life.transport.outcomes)
    assert life.transport.outcomes[job_id][0] == "complete"
    assert life.kinds.count("paused") == life.kinds.count("resumed") == 1


# The log, which comes after the outcome


async def hang(*_: Any) -> None:
    await asyncio.Event().wait()


async def test_an_outcome_is_on_disk_before_anything_else_is_waited_for(
    make_life: MakeLife, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_run, "LAST_WORDS_SECONDS", 3600.0)
    life, is_seen = make_life(), asyncio.Event()

    async def progress(*_: Any) -> bool:
        await is_seen.wait()
        return False

    life.transport.progress = progress  # type: ignore[method-assign]
    spool = Spool(life.work_dir / "spool")
    async with life.working():
        life.transport.add(HELLO)
        await life.until(lambda: list(spool))
        assert life.transport.outcomes == {}
        assert [batch.sequence for outcome in spool for batch in outcome.log_batches] == [1]
        is_seen.set()
        await life.until(lambda: life.transport.outcomes)


async def test_a_log_that_cannot_be_sent_delays_no_outcome_and_is_kept_for_the_next_life(
    make_life: MakeLife, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "LAST_LOGS_SECONDS", 0.05)
    monkeypatch.setattr(job_run, "LOG_FLUSH_SECONDS", 0.01)
    definition = chain(
        ("l", "LogNode", {"message": "paid"}), ("g", "GateNode", {}), ("m", "LogNode", {"message": "sent"})
    )
    life = make_life()
    received: list[LogBatch] = []

    async def logs(lease: Lease, batch: LogBatch) -> None:
        received.append(batch)
        await hang()

    life.transport.logs = logs  # type: ignore[method-assign]
    async with life.working():
        job_id = life.transport.add(definition)
        await life.until(lambda: received)
        gate.opened.set()
        await life.until(lambda: life.transport.outcomes)
        other = life.transport.add(HELLO)
        await life.until(lambda: other in life.transport.outcomes, "a second job beside the hanging log")
    assert life.transport.outcomes[job_id][0] == "complete"
    assert {outcome.kind for outcome in Spool(life.work_dir / "spool")} == {"logs"}

    later = make_life()
    later.transport.ended = life.transport.ended
    async with later.working():
        await later.until(lambda: not list(Spool(later.work_dir / "spool")))
    said = [entry["message"] for batch in later.transport.log_batches for entry in batch]
    assert [message for message in said if message != "hello"] == ["paid", "sent"]
    assert "complete" not in later.transport.calls


async def test_a_job_that_is_given_back_brings_its_log_before(make_life: MakeLife) -> None:
    life = make_life(grace_seconds=0.05)
    async with life.working():
        life.transport.add(chain(("l", "LogNode", {"message": "begun"}), ("w", "WaitNode", {"duration": 60})))
        await life.until(lambda: [node for *_, node in life.transport.progress_reports if node == "w"])
    calls = life.transport.calls
    assert calls.index("logs") < calls.index("release")
    assert list(Spool(life.work_dir / "spool")) == []


async def test_a_batch_whose_answer_was_lost_is_sent_again_as_it_was() -> None:
    sent: list[LogBatch] = []

    class Deaf:
        async def logs(self, lease: Lease, batch: LogBatch) -> None:
            sent.append(batch)
            raise Unreachable("the answer was lost")

    logs = JobLogs(Lease("j", 1), Deaf())  # type: ignore[arg-type]
    logs.add({"message": "one"})
    for message in ("two", "three"):
        with pytest.raises(Unreachable):
            await logs.flush()
        logs.add({"message": message})
    assert sent[0] == sent[1] == LogBatch(1, ({"message": "one"},))
    assert logs.take_rest() == (sent[0], LogBatch(2, ({"message": "two"}, {"message": "three"})))


async def test_batches_stay_within_what_a_request_takes() -> None:
    logs = JobLogs(Lease("j", 1), None)  # type: ignore[arg-type]
    for _ in range(60):
        logs.add({"message": "x" * 65_536})
    logs.add({"message": "much", "extra": {"rows": "x" * 300_000}})
    batches = logs.take_rest()
    assert sum(len(batch.entries) for batch in batches) == 61
    assert all(sum(len(entry["message"]) for entry in batch.entries) <= 1_500_000 for batch in batches)
    assert "300,012 characters" in batches[-1].entries[-1]["extra"]["extra"]
