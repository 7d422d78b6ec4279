"""The agent, against a transport without a network: jobs, cancellation, leaving."""

import asyncio
from typing import Any

import pytest
from tests.robot.lives import GATED, HELLO, LONG, PATIENCE_SECONDS, Gate, MakeLife
from tests.robot.workflows import chain

from casare_cloud.robot import agent_life
from casare_cloud.robot.spool import Outcome, Spool
from casare_cloud.robot.transport import Lease, Signal, signal_from


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
        job_id = life.transport.add(chain(("b", "LaunchApplicationNode", {})))
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
async def test_a_cancelled_job_stops_in_the_middle_of_a_wait(make_life: MakeLife, way: str) -> None:
    life = make_life(lease_seconds=0.15)
    async with life.working():
        job_id = life.transport.add(LONG)
        await life.until(lambda: "start" in life.transport.calls)
        if way == "push":
            life.transport.orders.put_nowait(Signal("cancel_job", job_id, "not wanted"))
        elif way == "heartbeat":
            life.transport.pending.append(Signal("cancel_job", job_id))
        else:
            life.transport.cancelled.add(job_id)
        await life.until(lambda: life.transport.outcomes)
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


async def test_a_result_that_was_complete_when_the_loss_was_noticed_is_brought_for_the_evidence(
    make_life: MakeLife, gate: Gate
) -> None:
    life = make_life(lease_seconds=0.15)
    async with life.working():
        job_id = life.transport.add(GATED)
        await life.until(lambda: gate.inside == 1)
        [run] = life.agent._runs.values()
        run.stop_reason = "lease_lost"  # as a refused progress report says it while the last node ends
        gate.opened.set()
        await life.until(lambda: "complete" in life.transport.calls)
    assert life.transport.outcomes[job_id][0] == "complete"


async def test_a_job_that_is_lost_before_it_starts_is_not_run(make_life: MakeLife, gate: Gate) -> None:
    life = make_life()
    original = life.transport.claim

    async def claim(*asked: Any) -> Any:
        jobs = await original(*asked)
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


async def test_a_robot_in_quarantine_says_why_and_which_command_ends_it(make_life: MakeLife) -> None:
    async with make_life().working() as life:
        await life.until(lambda: "claim" in life.transport.calls)
        life.transport.orders.put_nowait(Signal("quarantine", None, "It failed 5 attempts in a row."))
        await life.until(lambda: "quarantined" in life.kinds)
        [said] = [event.message for event in life.events if event.kind == "quarantined"]
        assert "(It failed 5 attempts in a row)" in said
        assert " release`" in said


async def test_a_command_is_acknowledged_at_once_and_once(make_life: MakeLife) -> None:
    async with make_life().working() as life:
        await life.until(lambda: "claim" in life.transport.calls)
        life.transport.orders.put_nowait(Signal("pause", command_id="c-1"))
        await life.until(lambda: life.transport.acknowledged == ["c-1"])
        heartbeats = life.transport.calls.count("heartbeat")
        await life.until(lambda: life.transport.calls.count("heartbeat") > heartbeats + 2)
        assert life.transport.acknowledged == ["c-1"]
        life.transport.pending.append(Signal("resume", command_id="c-2"))
        await life.until(lambda: life.transport.acknowledged == ["c-1", "c-2"])


async def test_a_robot_that_is_asked_for_its_status_says_at_once_that_it_lives(make_life: MakeLife) -> None:
    async with make_life().working() as life:
        await life.until(lambda: "claim" in life.transport.calls)
        order = signal_from("status_request", {"command_id": "c-1"})
        assert order is not None
        life.transport.orders.put_nowait(order)
        await life.until(lambda: life.transport.acknowledged == ["c-1"])
        assert "paused" not in life.kinds


async def test_an_acknowledgement_that_is_lost_is_sent_again(make_life: MakeLife) -> None:
    async with make_life().working() as life:
        await life.until(lambda: "claim" in life.transport.calls)
        life.transport.is_down = True
        life.transport.orders.put_nowait(Signal("pause", command_id="c-1"))
        await life.until(lambda: "offline" in life.kinds)
        life.transport.is_down = False
        await life.until(lambda: life.transport.acknowledged == ["c-1"])


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


async def test_a_heartbeat_that_is_under_way_comes_before_the_goodbye(
    make_life: MakeLife, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After it, it would bring the robot back: jobs would wait for a robot that has left."""
    monkeypatch.setattr(agent_life, "LAST_BEAT_SECONDS", 60.0)
    life = make_life(lease_seconds=600)
    heartbeat, is_sent, may_arrive = life.transport.heartbeat, asyncio.Event(), asyncio.Event()

    async def slow(*said: Any) -> Any:
        is_sent.set()
        await may_arrive.wait()
        return await heartbeat(*said)

    life.transport.heartbeat = slow  # type: ignore[method-assign]
    async with life.working():
        await is_sent.wait()
        life.agent.drain()
        await asyncio.sleep(0.05)  # in which it would say goodbye
        may_arrive.set()
    assert [call for call in life.transport.calls if call in ("heartbeat", "say_goodbye")] == [
        "heartbeat",
        "say_goodbye",
    ]


async def test_a_heartbeat_that_is_never_answered_does_not_keep_a_robot_from_leaving(
    make_life: MakeLife, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_life, "LAST_BEAT_SECONDS", 0.05)
    life, is_sent = make_life(lease_seconds=600), asyncio.Event()

    async def silent(*_: Any) -> None:
        is_sent.set()
        await asyncio.Event().wait()

    life.transport.heartbeat = silent  # type: ignore[method-assign,assignment]
    async with life.working():
        await is_sent.wait()
    assert "say_goodbye" in life.transport.calls


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
    life.transport.orders.put_nowait(Signal("shutdown", command_id="c-1"))
    await asyncio.wait_for(task, PATIENCE_SECONDS)
    assert life.kinds[-1] == "stopped"
    assert life.transport.acknowledged == ["c-1"]
    assert life.transport.calls[-2:] == ["say_goodbye", "close"]


async def test_a_drain_by_command_waits_longer_than_the_grace_time(make_life: MakeLife, gate: Gate) -> None:
    async with make_life(grace_seconds=0.001).working() as life:
        job_id = life.transport.add(GATED)
        await life.until(lambda: gate.inside == 1)
        life.transport.orders.put_nowait(Signal("drain"))
        await life.until(lambda: "draining" in life.kinds)
        await asyncio.sleep(0.05)  # with a grace time the job would be given back now
        assert life.transport.outcomes == {}
        gate.opened.set()
        await life.until(lambda: life.transport.outcomes)
        assert life.transport.outcomes[job_id][0] == "complete"


@pytest.mark.parametrize("way", ["push", "heartbeat", "signal"])
async def test_a_robot_that_drains_as_long_as_it_takes_can_be_told_to_leave(make_life: MakeLife, way: str) -> None:
    life = make_life(grace_seconds=0.05)
    job_id = life.transport.add(LONG)
    task = asyncio.create_task(life.agent.run())
    await life.until(lambda: "start" in life.transport.calls)
    life.transport.orders.put_nowait(Signal("drain", command_id="c-1"))
    await life.until(lambda: life.transport.acknowledged == ["c-1"])
    assert "say_goodbye" not in life.transport.calls
    if way == "push":
        life.transport.orders.put_nowait(Signal("shutdown"))
    elif way == "heartbeat":
        life.transport.pending.append(Signal("shutdown"))
    else:
        life.agent.drain()
    await asyncio.wait_for(task, PATIENCE_SECONDS)
    assert life.transport.outcomes[job_id][0] == "release"
    assert "say_goodbye" in life.transport.calls


async def test_a_robot_that_was_drained_stays_and_works_again_when_it_is_resumed(make_life: MakeLife) -> None:
    async with make_life().working() as life:
        await life.until(lambda: "registered" in life.kinds)
        life.transport.orders.put_nowait(Signal("drain", command_id="c-1"))
        await life.until(lambda: life.transport.acknowledged == ["c-1"])
        beats = life.transport.calls.count("heartbeat")
        job_id = life.transport.add(HELLO)
        await life.until(lambda: life.transport.calls.count("heartbeat") > beats + 1)
        assert (life.kinds[-1], life.transport.outcomes) == ("draining", {})
        life.transport.orders.put_nowait(Signal("resume", command_id="c-2"))
        await life.until(lambda: life.transport.outcomes)
        assert life.transport.outcomes[job_id][0] == "complete"


# Answers that are lost


async def test_a_claim_whose_answer_was_lost_is_asked_again_by_its_id(make_life: MakeLife) -> None:
    life = make_life()
    life.transport.lose_claim = True
    async with life.working():
        job_id = life.transport.add(HELLO)
        await life.until(lambda: life.transport.outcomes)
        claims = len(life.transport.claim_ids)
        await life.until(lambda: len(life.transport.claim_ids) > claims)
    assert life.transport.outcomes[job_id][0] == "complete"
    ids = life.transport.claim_ids
    assert len(set(ids)) == len(ids) - 1, "the lost one is asked for once more, and each other has its own"


async def test_a_heartbeat_names_the_claim_whose_answer_is_under_way(make_life: MakeLife) -> None:
    life = make_life()
    life.transport.claim_may_answer.clear()
    async with life.working():
        await life.transport.claiming.wait()
        await life.until(lambda: life.transport.claims_in_flight == life.transport.claim_ids)
        life.transport.claim_may_answer.set()


async def test_a_job_is_not_run_before_the_service_has_heard_of_its_start(make_life: MakeLife, gate: Gate) -> None:
    """The end of a lease that was never started costs no attempt: another robot would run the job as well."""
    life = make_life()
    life.transport.start_fails = 10**6
    async with life.working():
        job_id = life.transport.add(GATED)
        await life.until(lambda: life.transport.calls.count("start") >= 2)
        assert not gate.entered.is_set()
        life.transport.start_fails = 0
        await life.until(gate.entered.is_set)
        gate.opened.set()
        await life.until(lambda: life.transport.outcomes)
    assert life.transport.outcomes[job_id][0] == "complete"


async def test_a_job_whose_start_is_never_heard_is_given_back_when_the_robot_leaves(make_life: MakeLife) -> None:
    life = make_life(grace_seconds=0.01)
    life.transport.start_fails = 10**6
    async with life.working():
        job_id = life.transport.add(HELLO)
        await life.until(lambda: "start" in life.transport.calls)
    assert life.transport.outcomes == {job_id: ("release", None)}


async def test_a_robot_that_starts_again_names_the_leases_of_results_that_it_has_not_sent(make_life: MakeLife) -> None:
    life = make_life()
    lease = Lease("job-1", 7)
    Spool(life.work_dir / "spool").put(Outcome(lease, "completed", {}))
    async with life.working():
        await life.until(lambda: "registered" in life.kinds)
        assert life.transport.known_leases == [lease]


@pytest.mark.parametrize(
    ("mode", "quarantined_at", "state", "word"),
    [("draining", None, "draining", "resume"), ("active", "2027-01-01T00:00:00Z", "in quarantine", "release")],
)
async def test_a_robot_that_starts_while_it_is_drained_or_in_quarantine_says_why_it_gets_nothing(
    make_life: MakeLife, mode: str, quarantined_at: str | None, state: str, word: str
) -> None:
    life = make_life()
    life.transport.mode, life.transport.quarantined_at = mode, quarantined_at
    async with life.working():
        await life.until(lambda: "warning" in life.kinds)
    [warning] = [event.message for event in life.events if event.kind == "warning"]
    assert f"is {state}" in warning
    assert warning.endswith(f"{word}`).")


async def test_a_second_process_with_the_robots_key_is_told_once(make_life: MakeLife) -> None:
    life = make_life()
    life.transport.warnings = ["Another process was alive."]
    async with life.working():
        await life.until(lambda: life.transport.calls.count("heartbeat") > 3)
        assert life.kinds.count("warning") == 1
        life.transport.warnings = []
        beats = life.transport.calls.count("heartbeat")
        await life.until(lambda: life.transport.calls.count("heartbeat") > beats + 1)
        life.transport.warnings = ["Again."]
        await life.until(lambda: life.kinds.count("warning") == 2)


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
