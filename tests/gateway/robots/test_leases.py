"""What becomes of a robot's jobs when it is silent, leaves, comes back, or says too late what it did."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from tests.gateway.robots.wires import Fleet, Speaker, running

from casare_cloud.config import Settings
from casare_cloud.domain.jobs.doorbells import Doorbells
from casare_cloud.gateway.robots import assigning
from casare_cloud.gateway.robots.connection import Switchboard


def seconds_of(fleet: Fleet, job_id: str) -> float:
    lease = fleet.lease(job_id)
    assert lease is not None
    return float(lease["seconds"])


async def refusal(speaker: Speaker, kind: str, payload: dict[str, Any]) -> str:
    error = await speaker.answer(kind, payload)
    assert error is not None
    assert error["type"] == "error", error
    return str(error["payload"]["error_code"])


# Offers


async def test_an_offer_is_leased_for_the_grace_time_of_the_tenant(fleet: Fleet) -> None:
    settings = json.dumps({"robots": {"accept_grace_seconds": 300, "reconnect_window_seconds": 500}})
    fleet.rows(
        "update public.tenants set settings = %s where tenant_id = %s returning 1", settings, fleet.tenant.tenant_id
    )
    speaker = await fleet.registered()
    job_id = fleet.submit()
    assigned = await speaker.assigned()
    assert 200 < seconds_of(fleet, job_id) <= 300
    await speaker.accept(assigned)
    assert seconds_of(fleet, job_id) > 500


async def test_an_offer_that_is_not_accepted_in_time_goes_to_another_robot(fleet: Fleet) -> None:
    silent = await fleet.registered()
    job_id = fleet.submit()
    assigned = await silent.assigned()
    other = await fleet.registered()
    [offer] = silent.session._connection.holdings.offers
    offer.accept_by = 0.0
    silent.session._keeper._changed.set()
    assert (await other.assigned())["payload"]["job_id"] == job_id
    assert await refusal(silent, "job_accept", {"job_id": assigned["payload"]["job_id"]}) == "NOT_FOUND"
    assert (await silent.hear("job_cancel"))["payload"]["job_id"] == job_id
    await other.accept({"id": "x", "payload": {"job_id": job_id}})
    assert fleet.job(job_id)["robot_id"] == other.robot.robot_id


async def test_a_job_that_is_rejected_goes_to_another_robot_and_not_to_the_same_at_once(
    fleet: Fleet, monkeypatch: Any
) -> None:
    monkeypatch.setattr(assigning, "REST_SECONDS", (600.0,))
    busy = await fleet.registered(max_concurrent_jobs=2)
    first = fleet.submit()
    assigned = await busy.assigned()
    other = await fleet.registered()
    await busy.say("job_reject", {"job_id": first, "reason": "Robot is paused"}, correlation_id=assigned["id"])
    assert (await other.assigned())["payload"]["job_id"] == first
    assert busy.session._assigner._rest() > 0
    assert len([m for m in busy.wire.heard if m["type"] == "job_assign"]) == 1


async def test_the_only_robot_is_offered_a_job_again_after_a_rest(fleet: Fleet, monkeypatch: Any) -> None:
    monkeypatch.setattr(assigning, "REST_SECONDS", (0.05,))
    speaker = await fleet.registered()
    job_id = fleet.submit()
    await speaker.say("job_reject", {"job_id": (await speaker.assigned())["payload"]["job_id"]})
    assert (await speaker.assigned())["payload"]["job_id"] == job_id


async def test_a_heartbeat_that_does_not_name_an_offer_yet_leaves_it(fleet: Fleet) -> None:
    speaker = await fleet.registered()
    job_id = fleet.submit()
    assigned = await speaker.assigned()
    fleet.rows(
        "update private.leases set claimed_at = claimed_at - interval '20 seconds' where job_id = %s returning 1",
        job_id,
    )
    await speaker.say("heartbeat", {"active_job_ids": []})
    await speaker.accept(assigned)
    assert fleet.job(job_id)["status"] == "running"


async def test_a_robot_gets_as_many_jobs_as_it_has_slots(fleet: Fleet) -> None:
    jobs = [fleet.submit() for _ in range(3)]
    speaker = await fleet.registered(max_concurrent_jobs=2)
    offered = [(await speaker.assigned())["payload"]["job_id"] for _ in range(2)]
    assert offered == jobs[:2]
    await speaker.accept({"id": "x", "payload": {"job_id": jobs[0]}})
    await speaker.say("job_complete", {"job_id": jobs[0], "result": None})
    assert (await speaker.assigned())["payload"]["job_id"] == jobs[2]


# Renewal


async def test_a_heartbeat_renews_what_the_robot_names(fleet: Fleet) -> None:
    speaker, job_id = await running(fleet)
    other = fleet.submit()
    for job in (job_id,):
        fleet.rows(
            "update private.leases set lease_expires_at = private.clock() + '9 s' where job_id = %s returning 1", job
        )
    await speaker.say("heartbeat", {"active_job_ids": [job_id.upper()]})
    assert seconds_of(fleet, job_id) > 60
    fleet.rows(
        "update private.leases set lease_expires_at = private.clock() + '9 s' where job_id = %s returning 1", job_id
    )
    await speaker.say("heartbeat", {"active_job_ids": []})
    assert seconds_of(fleet, job_id) < 10
    assert fleet.job(other)["status"] == "queued"


async def test_a_robot_whose_heartbeats_are_too_many_keeps_its_leases(fleet: Fleet) -> None:
    speaker, job_id = await running(fleet)
    fleet.rows(
        "update private.leases set lease_expires_at = private.clock() + '9 s' where job_id = %s returning 1", job_id
    )
    keeper = speaker.session._keeper
    keeper._renewed_at -= 1000
    keeper.note_heard()
    keeper._changed.set()
    await fleet.until(lambda: seconds_of(fleet, job_id) > 60)


async def test_a_silent_robot_is_asked_for_its_status_and_renews_nothing(fleet: Fleet) -> None:
    speaker, job_id = await running(fleet)
    fleet.rows(
        "update private.leases set lease_expires_at = private.clock() + '9 s' where job_id = %s returning 1", job_id
    )
    keeper = speaker.session._keeper
    for name in ("_renewed_at", "_heard_at", "_asked_at"):
        setattr(keeper, name, keeper._renewed_at - 1000)
    keeper._changed.set()
    await speaker.hear("status_request")
    assert seconds_of(fleet, job_id) < 10


# Fencing


async def test_a_report_under_a_lease_that_was_lost_changes_nothing(fleet: Fleet) -> None:
    speaker, job_id = await running(fleet)
    speaker.session._assigner.is_paused = True  # another robot gets it
    fleet.end_lease(job_id)
    other = await fleet.registered()
    await other.accept(await other.assigned())
    assert await refusal(speaker, "job_progress", {"job_id": job_id, "progress": 90}) == "NOT_FOUND"
    assert (await speaker.hear("job_cancel"))["payload"]["job_id"] == job_id
    assert await refusal(speaker, "job_complete", {"job_id": job_id, "result": {"from": "the old one"}}) == "NOT_FOUND"
    assert await refusal(speaker, "job_failed", {"job_id": job_id, "error_message": "late"}) == "NOT_FOUND"
    assert fleet.job(job_id)["status"] == "running"
    assert fleet.job(job_id)["robot_id"] == other.robot.robot_id
    await other.say("job_complete", {"job_id": job_id, "result": {"from": "the new one"}})
    assert fleet.job(job_id)["result"] == {"from": "the new one"}
    late = fleet.rows("select outcome from public.late_results where job_id = %s order by outcome", job_id)
    assert [row["outcome"] for row in late] == ["completed", "failed"]


async def test_a_report_of_an_older_attempt_is_not_taken_for_the_offer_of_the_next(fleet: Fleet) -> None:
    speaker, job_id = await running(fleet)
    fleet.end_lease(job_id)
    await speaker.say("heartbeat", {"active_job_ids": [job_id]})  # the renewal finds that it is lost
    await speaker.hear("job_cancel")
    assert (await speaker.assigned())["payload"]["job_id"] == job_id
    assert await refusal(speaker, "job_complete", {"job_id": job_id, "result": {"attempt": 1}}) == "NOT_FOUND"
    assert fleet.job(job_id)["status"] == "claimed"
    await speaker.say("job_accept", {"job_id": job_id})
    await speaker.say("job_complete", {"job_id": job_id, "result": {"attempt": 2}})
    assert fleet.job(job_id)["result"] == {"attempt": 2}


async def test_an_outcome_that_is_sent_twice_is_applied_once(fleet: Fleet) -> None:
    speaker, job_id = await running(fleet)
    for _ in range(2):
        assert await speaker.answer("job_complete", {"job_id": job_id, "result": {"n": 1}}) is None
    completed = "select from private.event_inbox where job_id = %s and event_type = 'job.completed'"
    assert len(fleet.rows(completed, job_id)) == 1


async def test_an_outcome_waits_for_a_database_that_is_busy(fleet: Fleet) -> None:
    speaker, job_id = await running(fleet)
    role = f"alter role casare_functions in database {fleet.database.name}"
    with fleet.database.connect("supabase_admin") as owner:
        owner.execute(f"{role} set lock_timeout = '50ms'")
        await speaker.session._connection.board.database.reconnect()
        with owner.transaction():
            owner.execute("select from private.leases where job_id = %s for update", [job_id])
            told = asyncio.create_task(speaker.answer("job_complete", {"job_id": job_id, "result": {"n": 1}}))
            await asyncio.sleep(0.3)
            assert not told.done()
        assert await told is None
        owner.execute(f"{role} reset lock_timeout")
    assert fleet.job(job_id)["result"] == {"n": 1}


# Coming and going


async def test_a_socket_that_drops_keeps_what_was_started_for_the_reconnect_window(fleet: Fleet) -> None:
    speaker, job_id = await running(fleet)
    await speaker.drop()
    assert 30 < seconds_of(fleet, job_id) <= 60
    assert fleet.robot(speaker.robot)["is_online"] is True
    fleet.end_lease(job_id)
    other = await fleet.registered()
    assert (await other.assigned())["payload"]["job_id"] == job_id


async def test_a_reconnect_to_another_instance_keeps_the_leases(fleet: Fleet, other_board: Switchboard) -> None:
    speaker, job_id = await running(fleet)
    await speaker.drop()
    again = fleet.speaker(speaker.robot, board=other_board)
    await again.register()
    assert fleet.robot(speaker.robot)["other_session_at"] is None
    await again.say("heartbeat", {"active_job_ids": [job_id]})
    assert seconds_of(fleet, job_id) > 60
    assert await again.answer("job_progress", {"job_id": job_id, "progress": 50}) is None
    assert await again.answer("job_complete", {"job_id": job_id, "result": {"n": 1}}) is None
    assert fleet.job(job_id)["result"] == {"n": 1}


async def test_a_result_can_be_told_at_once_after_a_reconnect(fleet: Fleet, other_board: Switchboard) -> None:
    speaker, job_id = await running(fleet)
    await speaker.drop()
    again = fleet.speaker(speaker.robot, board=other_board)
    await again.register()
    assert await again.answer("job_complete", {"job_id": job_id, "result": {"n": 1}}) is None
    assert fleet.job(job_id)["status"] == "completed"


async def test_a_robot_that_forgot_its_job_loses_it_at_the_end_of_the_window(fleet: Fleet) -> None:
    speaker, job_id = await running(fleet)
    await speaker.drop()
    again = fleet.speaker(speaker.robot)
    await again.register(active_job_ids=[])
    await again.say("heartbeat", {"active_job_ids": []})
    assert seconds_of(fleet, job_id) <= 60
    assert await again.answer("job_progress", {"job_id": job_id, "progress": 1}) is None  # it knows it after all
    await again.say("heartbeat", {})
    assert seconds_of(fleet, job_id) > 60


async def test_a_lease_that_the_robot_forgot_does_not_keep_it_from_work_once_it_has_ended(fleet: Fleet) -> None:
    speaker, job_id = await running(fleet, retry_policy=json.dumps({"policy": "none"}))
    await speaker.drop()
    again = fleet.speaker(speaker.robot)
    await again.register()
    fleet.end_lease(job_id)
    second = fleet.submit()
    assert (await again.assigned())["payload"]["job_id"] == second


async def test_an_acceptance_that_was_lost_is_made_good_by_naming_the_job(fleet: Fleet) -> None:
    speaker = await fleet.registered()
    job_id = fleet.submit()
    await speaker.assigned()
    await speaker.drop()
    again = fleet.speaker(speaker.robot)
    await again.register()
    await again.say("heartbeat", {"active_job_ids": [job_id]})
    assert fleet.job(job_id)["status"] == "running"


async def test_disconnect_gives_back_what_was_not_started_and_keeps_the_rest(fleet: Fleet) -> None:
    speaker = await fleet.registered(max_concurrent_jobs=2)
    speaker, started = await running(fleet, speaker)
    offered = fleet.submit()
    await speaker.assigned()
    await speaker.say("disconnect", {"reason": "Scheduled maintenance"})
    assert fleet.job(offered)["status"] == "queued"
    assert fleet.job(started)["status"] == "running"
    assert seconds_of(fleet, started) <= 60
    assert fleet.robot(speaker.robot)["is_online"] is False
    other = await fleet.registered()
    assert (await other.assigned())["payload"]["job_id"] == offered


@pytest.mark.parametrize(("kind", "said"), [("disconnect", {"reason": "done"}), ("heartbeat", {"status": "offline"})])
async def test_what_is_pushed_while_a_robot_says_goodbye_does_not_bring_it_back(
    fleet: Fleet, kind: str, said: dict[str, Any]
) -> None:
    speaker = await fleet.registered()
    robot_id = speaker.robot.robot_id
    waiting = (
        "select 1 from pg_locks as l where not l.granted and exists ("
        "select from pg_locks as o where o.pid = l.pid and o.relation = 'public.robot_heartbeats'::regclass)"
    )
    with fleet.database.connect() as other, other.transaction():
        other.execute("select from public.robot_heartbeats where robot_id = %s for update", [robot_id])
        leaving = asyncio.create_task(speaker.say(kind, said))
        await fleet.until(lambda: fleet.rows(waiting))
        speaker.session._keeper.on_push("session_replaced", {})  # it asks the database whether that is so
        await asyncio.sleep(0.2)
    await leaving
    await asyncio.sleep(0.2)
    assert fleet.robot(speaker.robot)["is_online"] is False


async def test_a_robot_that_says_that_it_is_offline_finishes_its_jobs_and_stays_offline(fleet: Fleet) -> None:
    speaker, job_id = await running(fleet)
    for said in ({"status": "offline"}, {"active_job_ids": [job_id]}, {"status": "offline"}):
        fleet.rows(
            "update private.leases set lease_expires_at = private.clock() + '9 s' where job_id = %s returning 1", job_id
        )
        await speaker.say("heartbeat", said)
        assert seconds_of(fleet, job_id) > 60
        assert fleet.robot(speaker.robot)["is_online"] is False
    fleet.as_admin("select public.cancel_job(%s, 'not wanted')", job_id)
    await speaker.hear("job_cancel")
    await speaker.say("heartbeat", {"status": "online"})
    assert fleet.robot(speaker.robot)["is_online"] is True


async def test_the_newer_of_two_sockets_wins(fleet: Fleet) -> None:
    older, job_id = await running(fleet)
    newer = fleet.speaker(older.robot)
    await newer.register()
    assert await older.closed() == 4009
    await older.drop()
    assert fleet.robot(newer.robot)["is_online"] is True
    await newer.say("heartbeat", {"active_job_ids": [job_id]})
    assert seconds_of(fleet, job_id) > 60
    assert newer.wire.closed is None


async def test_the_newer_socket_wins_at_another_instance_too(fleet: Fleet, other_board: Switchboard) -> None:
    older = await fleet.registered()
    bell = older.session._connection.bell
    assert bell is not None
    assert await bell.heard_within(30)
    newer = fleet.speaker(older.robot, board=other_board)
    await newer.register()
    assert await older.closed() == 4009
    await older.drop()
    await newer.say("heartbeat", {"status": "online"})
    assert newer.wire.closed is None
    assert fleet.robot(newer.robot)["is_online"] is True


async def test_an_older_socket_that_no_push_reached_is_told_at_its_heartbeat(
    fleet: Fleet, other_board: Switchboard
) -> None:
    older = await fleet.registered()
    older.session._connection.bell.listeners.clear()  # type: ignore[union-attr]
    await fleet.speaker(older.robot, board=other_board).register()
    await older.say("heartbeat", {"status": "online"})
    assert await older.closed() == 4009


# Logs


async def test_both_dialects_of_logs_are_stored_and_a_repeat_is_harmless(fleet: Fleet) -> None:
    speaker, job_id = await running(fleet)
    lines = [
        {"timestamp": "2026-01-15T10:30:00Z", "level": "WARN", "message": "slow", "source": "browser"},
        {"timestamp": "2026-01-15T10:30:01Z", "level": "Critical", "message": "broken", "source": "browser"},
    ]
    flat = {"type": "log_batch", "robot_id": speaker.robot.external_id, "sequence": 7, "logs": lines}
    for _ in range(2):
        before = len(speaker.wire.heard)
        await speaker.session.receive(json.dumps(flat))
        assert speaker.wire.heard[before:] == []
    await speaker.say("log_batch", {"job_id": job_id, "entries": [{"level": "error", "message": "no"}]})
    stored = fleet.rows("select * from public.job_logs where job_id = %s order by job_log_id", job_id)
    assert [(line["level"], line["message"]) for line in stored] == [
        ("warning", "slow"),
        ("critical", "broken"),
        ("error", "no"),
    ]
    assert stored[0]["extra"] == {"source": "browser"}


async def test_lines_of_a_robot_that_runs_nothing_are_its_own(fleet: Fleet) -> None:
    speaker = await fleet.registered()
    line = {"timestamp": "2026-01-15T10:30:00Z", "level": "WARN", "message": "slow", "source": "browser"}
    flat = {"type": "log_batch", "robot_id": speaker.robot.external_id, "sequence": 1, "logs": [line]}
    for _ in range(2):
        await speaker.session.receive(json.dumps(flat))
    await speaker.session.receive(json.dumps({**flat, "logs": [{**line, "timestamp": "2026-01-16T10:30:00Z"}]}))
    stored = fleet.rows(
        "select * from public.robot_logs where robot_id = %s order by robot_log_id", speaker.robot.robot_id
    )
    assert [(line["level"], line["message"], line["source"]) for line in stored] == [("warning", "slow", "browser")] * 2
    assert {message["type"] for message in speaker.wire.heard} == {"register_ack"}


async def test_the_last_lines_of_a_job_may_come_after_its_outcome(fleet: Fleet) -> None:
    speaker, job_id = await running(fleet)
    await speaker.say("job_complete", {"job_id": job_id, "result": None})
    assert await speaker.answer("log_entry", {"job_id": job_id, "level": "info", "message": "bye"}) is None
    assert len(fleet.rows("select from public.job_logs where job_id = %s", job_id)) == 1


async def test_jobs_are_assigned_while_realtime_is_away(fleet: Fleet, platform: Settings) -> None:
    away = replace(platform, supabase_url="http://127.0.0.1:9")
    board = Switchboard(fleet.board.database, fleet.board.verifier, Doorbells(away))
    speaker = fleet.speaker(board=board)
    await speaker.register()
    job_id = fleet.submit()
    assert (await speaker.assigned())["payload"]["job_id"] == job_id
    await board.doorbells.close()
