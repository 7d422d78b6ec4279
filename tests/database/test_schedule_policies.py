"""What becomes of due times that were missed, of runs that would overlap, and of schedules whose jobs keep failing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.database.scheduling import create, fires, jobs, read, start_on_a_friday, update
from tests.fleets import Fleet, Row, call


@pytest.fixture(autouse=True)
def on_a_friday(fleet: Fleet) -> None:
    start_on_a_friday(fleet)


def fire_at(fleet: Fleet, hour: int, minute: int = 0) -> None:
    """Time is then on the same Friday, and schedules fire."""
    fleet.now = datetime(2026, 11, 20, hour, minute, tzinfo=UTC)
    fleet.travel()
    fleet.run("fire_due_schedules")


def story(fleet: Fleet, schedule: Row) -> list[tuple[int, str]]:
    """(hour of the due time, outcome) of each fire."""
    return [(fire["fire_time"].hour, fire["outcome"]) for fire in fires(fleet, schedule)]


def events(fleet: Fleet, schedule: Row) -> list[str]:
    """The types of the schedule's events, in order."""
    rows = fleet.owner.execute(
        "select event_type from private.event_inbox where data ->> 'schedule_id' = %s order by inbox_id",
        [str(schedule["schedule_id"])],
    ).fetchall()
    return [row["event_type"].removeprefix("schedule.") for row in rows]


# -- missed due times


@pytest.mark.parametrize(
    ("policy", "woke", "expected"),
    [
        ({"misfire_policy": "skip"}, (12, 45), [(11, "missed")]),
        ({"misfire_policy": "skip"}, (13, 4), [(11, "missed"), (13, "enqueued")]),
        ({"misfire_policy": "skip"}, (11, 4), [(11, "enqueued")]),
        ({"misfire_policy": "once"}, (13, 45), [(11, "missed"), (13, "caught_up")]),
        ({"misfire_policy": "once"}, (11, 45), [(11, "caught_up")]),
        ({"misfire_policy": "all"}, (13, 2), [(11, "caught_up"), (12, "caught_up"), (13, "enqueued")]),
        (
            {"misfire_policy": "all", "misfire_cap": 2},
            (15, 45),
            [(11, "missed"), (14, "caught_up"), (15, "caught_up")],
        ),
        (
            {"misfire_policy": "all", "misfire_cap": 2, "interval_seconds": 3600, "cron_expression": None},
            (15, 45),
            [(11, "missed"), (14, "caught_up"), (15, "caught_up")],
        ),
    ],
)
def test_an_outage_is_made_up_for_as_the_misfire_policy_says(
    fleet: Fleet, policy: dict[str, Any], woke: tuple[int, int], expected: list[tuple[int, str]]
) -> None:
    schedule = create(fleet, **policy)
    fire_at(fleet, *woke)
    fire_at(fleet, *woke)
    assert story(fleet, schedule) == expected
    missed = [fire["missed_until"].hour for fire in fires(fleet, schedule) if fire["outcome"] == "missed"]
    assert missed == [min([hour for hour, outcome in expected if outcome != "missed"], default=13) - 1 for _ in missed]
    assert len(jobs(fleet)) == len(expected) - len(missed)
    assert events(fleet, schedule) == ["missed"] * len(missed) + ["fired"] * len(jobs(fleet))
    after = read(fleet, schedule)
    assert (after["run_count"], after["next_run_at"] > fleet.now) == (len(jobs(fleet)), True)


# -- overlap


def test_runs_overlap_when_they_may(fleet: Fleet) -> None:
    schedule = create(fleet)
    for hour in (11, 12):
        fire_at(fleet, hour)
    assert story(fleet, schedule) == [(11, "enqueued"), (12, "enqueued")]


def test_a_run_is_skipped_while_the_one_before_is_unfinished(fleet: Fleet) -> None:
    schedule = create(fleet, overlap_policy="skip")
    fire_at(fleet, 11)
    fire_at(fleet, 12)
    [job] = jobs(fleet)
    skipped = fires(fleet, schedule)[1]
    assert (skipped["outcome"], skipped["job_id"]) == ("skipped_overlap", None)
    assert str(job["job_id"]) in skipped["reason"]
    robot = fleet.robot()
    fleet.report(robot, "complete_job", fleet.start_one(robot), result={})
    fire_at(fleet, 13)  # also before the duty has looked
    assert story(fleet, schedule) == [(11, "enqueued"), (12, "skipped_overlap"), (13, "enqueued")]
    assert events(fleet, schedule) == ["fired", "skipped", "fired"]


def test_a_run_by_hand_is_never_skipped_and_the_next_one_knows_of_it(fleet: Fleet) -> None:
    schedule = create(fleet, overlap_policy="skip")
    for _ in "ab":
        call(fleet.member, "trigger_schedule", schedule_id=schedule["schedule_id"])
    fire_at(fleet, 11)
    assert [fire["outcome"] for fire in fires(fleet, schedule)] == ["enqueued", "enqueued", "skipped_overlap"]


def test_due_times_wait_for_their_turn_and_each_has_it(fleet: Fleet) -> None:
    schedule = create(fleet, overlap_policy="queue")
    for hour in (11, 12, 13):
        fire_at(fleet, hour)
    assert story(fleet, schedule) == [(11, "enqueued"), (12, "waiting"), (13, "waiting")]
    robot = fleet.robot()
    for expected in (["enqueued", "enqueued", "waiting"], ["enqueued"] * 3):
        fleet.report(robot, "complete_job", fleet.start_one(robot), result={})
        assert fleet.run("follow_scheduled_jobs") == 2
        assert [fire["outcome"] for fire in fires(fleet, schedule)] == expected
        assert len([job for job in jobs(fleet) if job["status"] == "queued"]) == 1
    assert read(fleet, schedule)["run_count"] == 3
    assert fires(fleet, schedule)[2]["fired_at"] == fleet.now


def test_the_next_run_waits_until_the_cancelled_one_has_ended(fleet: Fleet) -> None:
    schedule = create(fleet, overlap_policy="cancel_previous")
    fire_at(fleet, 11)
    robot = fleet.robot()
    running = fleet.start_one(robot)
    fire_at(fleet, 12)
    fire_at(fleet, 13)
    fleet.run("follow_scheduled_jobs")
    assert story(fleet, schedule) == [(11, "enqueued"), (12, "skipped_overlap"), (13, "waiting")]
    assert fleet.job(running["job_id"])["cancel_requested_at"] == fleet.now
    fleet.report(robot, "fail_job", running, error_message="stopped")
    assert fleet.run("follow_scheduled_jobs") == 2
    assert story(fleet, schedule)[2] == (13, "enqueued")
    fire_at(fleet, 14)  # nobody has claimed that one: it ends at once
    fleet.run("follow_scheduled_jobs")
    assert story(fleet, schedule)[3] == (14, "enqueued")
    assert sorted(job["status"] for job in jobs(fleet)) == ["cancelled", "cancelled", "queued"]


@pytest.mark.parametrize("end", ["disable", "delete", "delete_workflow"])
def test_what_waits_is_given_up_when_the_schedule_ends(fleet: Fleet, end: str) -> None:
    schedule = create(fleet, overlap_policy="queue")
    fire_at(fleet, 11)
    fire_at(fleet, 12)
    if end == "disable":
        update(fleet, schedule, is_enabled=False)
    elif end == "delete":
        call(fleet.member, "delete_schedule", schedule_id=schedule["schedule_id"])
    else:
        call(fleet.member, "delete_workflow", workflow_id=schedule["workflow_id"])
    assert story(fleet, schedule) == [(11, "enqueued"), (12, "skipped_overlap")]
    assert events(fleet, schedule)[-1] == "skipped"
    fleet.run("follow_scheduled_jobs")
    assert story(fleet, schedule) == [(11, "enqueued"), (12, "skipped_overlap")]


def test_a_policy_that_comes_later_knows_of_the_jobs_before_it(fleet: Fleet) -> None:
    schedule = create(fleet)
    fire_at(fleet, 11)
    update(fleet, schedule, overlap_policy="skip")
    fire_at(fleet, 12)
    assert story(fleet, schedule) == [(11, "enqueued"), (12, "skipped_overlap")]


def test_a_dedupe_key_is_that_of_every_job_of_the_schedule(fleet: Fleet) -> None:
    schedule, twin = create(fleet, dedupe_key="import"), create(fleet, dedupe_key="import")
    fire_at(fleet, 11)
    assert sorted([*story(fleet, schedule), *story(fleet, twin)]) == [(11, "enqueued"), (11, "skipped_overlap")]
    assert [job["dedupe_key"] for job in jobs(fleet)] == ["import"]


# -- failures in a row


def fail_next(fleet: Fleet, function: str = "fail_job") -> None:
    """A robot ends the oldest job for good."""
    robot = fleet.robot()
    job = fleet.start_one(robot)
    more = {"error_message": "x", "retryable": False} if function == "fail_job" else {"result": {}}
    fleet.report(robot, function, job, **more)
    fleet.run("follow_scheduled_jobs")


def test_failures_in_a_row_disable_a_schedule_and_a_success_recovers_it(fleet: Fleet) -> None:
    schedule = create(fleet, max_consecutive_failures=2)
    for hour, function in ((11, "fail_job"), (12, "complete_job"), (13, "fail_job")):
        fire_at(fleet, hour)
        fail_next(fleet, function)
    assert (read(fleet, schedule)["consecutive_failures"], read(fleet, schedule)["is_enabled"]) == (1, True)
    fire_at(fleet, 14)
    fail_next(fleet)
    disabled = read(fleet, schedule)
    assert (disabled["is_enabled"], disabled["next_run_at"], disabled["auto_disabled_at"]) == (False, None, fleet.now)
    fire_at(fleet, 16)
    assert len(fires(fleet, schedule)) == 4
    enabled = update(fleet, schedule, is_enabled=True)
    assert (enabled["consecutive_failures"], enabled["next_run_at"]) == (0, fleet.now + timedelta(hours=1))
    fire_at(fleet, 17)
    fail_next(fleet, "complete_job")
    assert read(fleet, schedule)["auto_disabled_at"] is None
    assert events(fleet, schedule) == ["fired"] * 4 + ["auto_disabled", "fired", "recovered"]


def test_a_job_that_cannot_be_enqueued_is_a_failure_too(fleet: Fleet) -> None:
    schedule = create(fleet, max_consecutive_failures=2)
    fleet.owner.execute(
        "update public.workflows set is_enabled = false where workflow_id = %s", [schedule["workflow_id"]]
    )
    fire_at(fleet, 11)
    fire_at(fleet, 12)
    assert (read(fleet, schedule)["is_enabled"], read(fleet, schedule)["failure_count"]) == (False, 2)
    assert events(fleet, schedule) == ["failed", "failed", "auto_disabled"]


def test_a_job_that_is_tried_again_or_cancelled_is_no_failure(fleet: Fleet) -> None:
    schedule = create(fleet, max_consecutive_failures=1)
    fire_at(fleet, 11)
    robot = fleet.robot()
    fleet.report(robot, "fail_job", fleet.start_one(robot), error_message="x")
    assert fleet.run("follow_scheduled_jobs") == 0
    call(fleet.member, "cancel_job", job_id=jobs(fleet)[0]["job_id"])
    assert fleet.run("follow_scheduled_jobs") == 1
    assert (read(fleet, schedule)["is_enabled"], read(fleet, schedule)["consecutive_failures"]) == (True, 0)


def test_whoever_ends_a_job_waits_for_nobody_who_fires_its_schedule(fleet: Fleet) -> None:
    create(fleet, overlap_policy="skip")
    fire_at(fleet, 11)
    robot = fleet.robot()
    job = fleet.start_one(robot)
    fleet.robots[robot.robot_id].execute("set lock_timeout = '2s'")
    with fleet.owner.transaction():
        fleet.owner.execute("select from public.schedules for update")
        assert fleet.report(robot, "complete_job", job, result={})["outcome"] == "applied"
