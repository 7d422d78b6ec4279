"""Schedules fire: each due time once, whoever races, and what was missed is made up for once."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from tests.database.asserting import wait_for_lock
from tests.database.pools import join, make_pool
from tests.database.scheduling import create, fires, jobs, read, start_on_a_friday, update
from tests.databases import at
from tests.fleets import Fleet, Row, call, make_fleet, refused


@pytest.fixture(autouse=True)
def on_a_friday(fleet: Fleet) -> None:
    start_on_a_friday(fleet)


def test_a_due_schedule_fires_once_and_knows_its_next_run(fleet: Fleet) -> None:
    schedule = create(fleet, priority=4)
    fleet.travel(minutes=29, seconds=59)
    assert fleet.run("fire_due_schedules") == 0
    fleet.travel(seconds=1)
    assert [fleet.run("fire_due_schedules") for _ in range(3)] == [1, 0, 0]
    [job] = jobs(fleet)
    assert (job["trigger_type"], job["priority"], job["status"]) == ("scheduled", 4, "queued")
    assert job["created_by"] == fleet.tenant.admin.user_id
    after = read(fleet, schedule)
    assert (after["next_run_at"], after["last_run_at"]) == (fleet.now + timedelta(hours=1), fleet.now)
    assert (after["run_count"], after["failure_count"]) == (1, 0)
    [fire] = fires(fleet, schedule)
    assert (fire["fire_time"], fire["outcome"], fire["job_id"]) == (fleet.now, "enqueued", job["job_id"])
    assert fleet.run("fire_due_schedules") == 0
    fleet.travel(hours=1)
    assert fleet.run("fire_due_schedules") == 1


def test_a_schedule_of_a_pool_asks_for_its_robots_and_fails_with_a_reason_when_the_tenant_left(fleet: Fleet) -> None:
    owner = make_fleet(fleet.database)
    pool = make_pool(owner)
    with refused(404, "POOL_NOT_FOUND"):
        create(fleet, pool=pool)
    join(owner, pool, fleet)
    schedule = create(fleet, pool="Shared")
    fleet.travel(minutes=30)
    assert fleet.run("fire_due_schedules") == 1
    assert [str(job["pool_id"]) for job in jobs(fleet)] == [pool]
    call(fleet.member, "leave_pool", pool=pool)
    fleet.travel(hours=1)
    assert fleet.run("fire_due_schedules") == 1
    assert [(fire["outcome"], fire["reason"]) for fire in fires(fleet, schedule)] == [
        ("enqueued", None),
        ("failed", "There is no such pool."),
    ]
    with refused(404, "POOL_NOT_FOUND"):
        call(fleet.member, "trigger_schedule", schedule_id=schedule["schedule_id"])
    with refused(404, "POOL_NOT_FOUND"):
        update(fleet, schedule, pool=pool)
    assert update(fleet, schedule, pool="")["pool_id"] is None
    fleet.travel(hours=1)
    assert fleet.run("fire_due_schedules") == 1
    owner.close()


def test_due_times_that_nobody_served_are_made_up_for_once(fleet: Fleet) -> None:
    schedule = create(fleet)
    fleet.travel(days=2, minutes=45)
    assert fleet.run("fire_due_schedules") == 1
    missed, fired = fires(fleet, schedule)
    assert (missed["fire_time"], missed["outcome"], missed["job_id"]) == (schedule["next_run_at"], "missed", None)
    assert missed["missed_until"] == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert "2026-11-22T10:00:00" in missed["reason"]
    assert (fired["fire_time"], fired["outcome"]) == (datetime(2026, 11, 22, 11, tzinfo=UTC), "caught_up")
    after = read(fleet, schedule)
    assert (after["run_count"], after["next_run_at"]) == (1, datetime(2026, 11, 22, 12, tzinfo=UTC))
    assert len(jobs(fleet)) == 1


def test_a_job_that_cannot_be_enqueued_is_a_failed_fire_with_its_reason(fleet: Fleet) -> None:
    schedule = create(fleet)
    fleet.owner.execute(
        "update public.workflows set is_enabled = false where workflow_id = %s", [schedule["workflow_id"]]
    )
    fleet.travel(hours=1)
    assert fleet.run("fire_due_schedules") == 1
    [fire] = fires(fleet, schedule)
    assert (fire["outcome"], fire["reason"]) == ("failed", "The workflow is not published and enabled.")
    after = read(fleet, schedule)
    assert (after["run_count"], after["failure_count"], after["last_run_at"]) == (0, 1, None)
    assert after["next_run_at"] == datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_one_schedule_that_cannot_be_read_keeps_no_other_from_firing(fleet: Fleet) -> None:
    broken, sound = create(fleet), create(fleet)
    fleet.owner.execute(
        "update public.schedules set timezone = 'Gone/Zone' where schedule_id = %s", [broken["schedule_id"]]
    )
    fleet.travel(hours=1)
    assert fleet.run("fire_due_schedules") == 1
    assert len(fires(fleet, sound)) == 1
    assert (fires(fleet, broken), read(fleet, broken)["next_run_at"]) == ([], broken["next_run_at"])
    call(fleet.member, "delete_schedule", schedule_id=broken["schedule_id"])


def test_a_due_time_that_had_its_turn_gets_no_second_job(fleet: Fleet) -> None:
    schedule = create(fleet)
    fleet.travel(hours=1)
    fleet.run("fire_due_schedules")
    fleet.owner.execute(
        "update public.schedules set next_run_at = %s where schedule_id = %s",
        [schedule["next_run_at"], schedule["schedule_id"]],
    )
    assert fleet.run("fire_due_schedules") == 1
    assert (len(jobs(fleet)), len(fires(fleet, schedule))) == (1, 1)
    assert read(fleet, schedule)["next_run_at"] > fleet.now


def test_a_claim_fires_what_is_due_when_cron_is_away_and_puts_no_robot_into_the_event(
    fleet: Fleet, stranger: Fleet
) -> None:
    schedule = create(fleet)
    robot = stranger.robot()
    stranger.now = fleet.travel(minutes=30)
    stranger.travel()
    assert stranger.claim(robot) == []  # another tenant's robot does the duty
    [fire] = fires(fleet, schedule)
    assert fire["outcome"] == "enqueued"
    actors = fleet.owner.execute(
        "select distinct actor_id from private.event_inbox where job_id = %s", [fire["job_id"]]
    ).fetchall()
    assert actors == [{"actor_id": None}]


def test_a_session_passes_over_what_another_is_firing(fleet: Fleet) -> None:
    create(fleet)
    fleet.travel(hours=1)
    other = fleet.database.connect()
    at(other, fleet.now)
    with fleet.owner.transaction():
        assert fleet.run("fire_due_schedules") == 1
        assert other.execute("select private.fire_due_schedules() as n").fetchone() == {"n": 0}
    assert other.execute("select private.fire_due_schedules() as n").fetchone() == {"n": 0}
    assert len(jobs(fleet)) == 1


def test_many_sessions_that_race_fire_each_due_time_once(fleet: Fleet) -> None:
    schedules = [create(fleet) for _ in range(20)]
    fleet.travel(hours=1)
    barrier = threading.Barrier(4)

    def fire() -> int:
        with fleet.database.connect() as connection:
            at(connection, fleet.now)
            barrier.wait(120)
            return sum(
                int(connection.execute("select private.fire_due_schedules(3) as n").fetchone()["n"])  # type: ignore[index]
                for _ in range(12)
            )

    with ThreadPoolExecutor(4) as pool:
        fired = sum(future.result(60) for future in [pool.submit(fire) for _ in range(4)])
    assert fired == len(schedules) == len(jobs(fleet))
    assert [len(fires(fleet, schedule)) for schedule in schedules] == [1] * 20


def test_deleting_the_workflow_waits_for_a_fire_and_takes_its_job_along(fleet: Fleet) -> None:
    create(fleet)
    fleet.travel(hours=1)
    deleter = fleet.database.connect("authenticated", fleet.tenant.admin.claims)
    pid = deleter.info.backend_pid
    with ThreadPoolExecutor(1) as pool:
        with fleet.owner.transaction():
            assert fleet.run("fire_due_schedules") == 1
            deletion = pool.submit(call, deleter, "delete_workflow", workflow_id=fleet.workflow.workflow_id)
            wait_for_lock(fleet.database.connect("supabase_admin"), pid)
        answer = deletion.result(120)["delete_workflow"]
    assert (answer["deleted_schedules"], answer["cancelled_jobs"]) == (1, 1)


def test_a_workflow_that_is_being_deleted_fires_no_more_and_holds_up_no_other(fleet: Fleet) -> None:
    create(fleet)
    other = call(fleet.member, "submit_workflow", name="Other", definition={"nodes": []})["workflow_id"]
    kept = create(fleet, workflow_id=other)
    fleet.owner.execute("select private.find_queue_tenant(%s)", [fleet.tenant.tenant_id])
    fleet.travel(hours=1)
    deleter = fleet.database.connect("authenticated", fleet.tenant.admin.claims)
    with deleter.transaction():
        call(deleter, "delete_workflow", workflow_id=fleet.workflow.workflow_id)
        assert fleet.run("fire_due_schedules") == 1
    assert fleet.run("fire_due_schedules") == 0
    assert [job["workflow_id"] for job in jobs(fleet)] == [kept["workflow_id"]]


def test_a_fire_that_is_rolled_back_is_due_again(fleet: Fleet) -> None:
    schedule = create(fleet)
    fleet.travel(hours=1)
    with fleet.owner.transaction(force_rollback=True):
        assert fleet.run("fire_due_schedules") == 1
    assert (jobs(fleet), fires(fleet, schedule)) == ([], [])
    assert fleet.run("fire_due_schedules") == 1


def test_due_schedules_are_found_by_their_index(fleet: Fleet) -> None:
    create(fleet)
    with fleet.owner.transaction(force_rollback=True):
        for way in ("enable_seqscan", "enable_sort"):  # of so few rows any other way costs as little
            fleet.owner.execute(f"set local {way} = off")
        plan = fleet.owner.execute(
            "explain select * from public.schedules where next_run_at <= private.clock() order by next_run_at limit 9"
        ).fetchall()
    assert any("schedules_next_run_at_idx" in row["QUERY PLAN"] for row in plan)


def test_fires_are_kept_as_long_as_the_plan_says(fleet: Fleet) -> None:
    schedule = create(fleet, cron_expression="0 0 * * *")
    for _ in range(9):
        fleet.travel(days=1)
        fleet.run("fire_due_schedules")
    assert len(fires(fleet, schedule)) == 9
    fleet.run("purge_expired_schedule_fires")
    assert len(fires(fleet, schedule)) == 7  # a free plan's week


def test_schedules_that_are_fired_together_come_to_what_each_comes_to_alone(fleet: Fleet) -> None:
    fields = {
        "priority": 3, "execution_mode": "internet", "environment": "lab", "required_capabilities": ["excel"],
        "required_tags": ["eu"], "input": {"a": [1]}, "metadata": {"b": None}, "jitter_seconds": 90,
        "timezone": "Asia/Tokyo",
    }  # fmt: skip
    together, alone = create(fleet, **fields), create(fleet, **fields, max_consecutive_failures=1)
    fleet.travel(minutes=32)
    both = [together["schedule_id"], alone["schedule_id"]]
    row = fleet.owner.execute("select private.fire_plain_schedules(%s) as fired", [both]).fetchone()
    assert row == {"fired": [together["schedule_id"]]}
    assert fleet.run("fire_due_schedules") == 1

    def story(schedule: Row) -> str:
        """Everything that was written, but for what names the schedule, its job and the moment in it."""
        [fire] = fires(fleet, schedule)
        job = fleet.owner.execute("select * from public.jobs where job_id = %s", [fire["job_id"]]).fetchone()
        ready = fleet.owner.execute("select * from private.ready where job_id = %s", [fire["job_id"]]).fetchone()
        events = fleet.owner.execute(
            "select * from private.event_inbox where job_id = %s order by inbox_id", [fire["job_id"]]
        ).fetchall()
        pushes = fleet.owner.execute(
            "select topic, event, payload - 'id' as payload from realtime.messages where payload ->> 'job_id' = %s",
            [str(fire["job_id"])],
        ).fetchall()
        state = read(fleet, schedule)
        counts = {name: state[name] for name in ("last_run_at", "run_count", "failure_count")}
        for event in events:
            del event["inbox_id"]
        told = json.dumps([fire, job, ready, events, pushes, counts], default=str, sort_keys=True)
        for own in (schedule["schedule_id"], fire["job_id"]):
            told = told.replace(str(own), "own")
        assert state["next_run_at"] > fleet.now
        return told

    assert story(together) == story(alone)


def test_what_is_out_of_the_ordinary_is_not_fired_together_with_the_others(fleet: Fleet, stranger: Fleet) -> None:
    plain = create(fleet)
    late = create(fleet, cron_expression="31 10 * * *")
    often = create(fleet, cron_expression="*/10 * * * *")
    followed = create(fleet, overlap_policy="skip")
    disabled = call(fleet.member, "submit_workflow", name="Off", definition={"nodes": []})["workflow_id"]
    without = create(fleet, workflow_id=disabled)
    fleet.owner.execute("update public.workflows set is_enabled = false where workflow_id = %s", [disabled])
    at(stranger.member, fleet.now)
    foreign = create(stranger)
    fleet.owner.execute(
        "update private.queue_tenants set is_full = true where tenant_id = %s", [stranger.tenant.tenant_id]
    )
    fleet.owner.execute("select private.find_queue_tenant(%s)", [stranger.tenant.tenant_id])
    fleet.owner.execute(
        "update private.queue_tenants set is_full = true where tenant_id = %s", [stranger.tenant.tenant_id]
    )
    fleet.travel(minutes=30)
    everyone = [row["schedule_id"] for row in (plain, late, often, followed, without, foreign)]
    row = fleet.owner.execute("select private.fire_plain_schedules(%s) as fired", [everyone]).fetchone()
    assert row == {"fired": [plain["schedule_id"]]}
    assert fleet.run("fire_due_schedules") == 5
    assert [fires(fleet, schedule)[-1]["outcome"] for schedule in (late, often, followed, without)] == [
        "caught_up", "enqueued", "enqueued", "failed",
    ]  # fmt: skip
    assert [fire["outcome"] for fire in fires(stranger, foreign)] == ["failed"]
