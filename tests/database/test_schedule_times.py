"""What a schedule can say of its times: frequencies, intervals, start, end, pause, jitter; and what is refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.database.scheduling import START, create, fires, read, simulate, start_on_a_friday, update
from tests.fleets import Fleet, Row, call, refused


@pytest.fixture(autouse=True)
def on_a_friday(fleet: Fleet) -> None:
    start_on_a_friday(fleet)


def make(fleet: Fleet, **fields: Any) -> Row:
    """A schedule that says nothing of its times but the fields."""
    return create(fleet, **({"cron_expression": None} | fields))


def utc(*numbers: int) -> datetime:
    return datetime(*numbers, tzinfo=UTC)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "frequency", "cron", "following"),
    [
        ({"cron_expression": "0 9 * * *"}, "cron", "0 9 * * *", utc(2026, 11, 21, 9)),
        ({"frequency": "cron", "cron_expression": "@daily"}, "cron", "@daily", utc(2026, 11, 21)),
        ({"frequency": "hourly"}, "hourly", "@hourly", utc(2026, 11, 20, 11)),
        ({"frequency": "daily"}, "daily", "@daily", utc(2026, 11, 21)),
        ({"frequency": "weekly"}, "weekly", "@weekly", utc(2026, 11, 22)),
        ({"frequency": "monthly"}, "monthly", "@monthly", utc(2026, 12, 1)),
        ({"frequency": "hourly", "starts_at": "2026-11-23T08:05Z"}, "hourly", "5 * * * *", utc(2026, 11, 23, 8, 5)),
        ({"frequency": "daily", "starts_at": "2026-11-01T08:05Z"}, "daily", "5 8 * * *", utc(2026, 11, 21, 8, 5)),
        ({"frequency": "weekly", "starts_at": "2026-11-01T00:00Z"}, "weekly", "0 0 * * 0", utc(2026, 11, 22)),
        (
            {"frequency": "monthly", "starts_at": "2026-11-28T23:59Z"},
            "monthly",
            "59 23 28 * *",
            utc(2026, 11, 28, 23, 59),
        ),
        # on the clocks of the schedule
        (
            {"frequency": "daily", "starts_at": "2026-11-01T08:00Z", "timezone": "Europe/Berlin"},
            "daily",
            "0 9 * * *",
            utc(2026, 11, 21, 8),
        ),
        ({"run_at": "2026-12-24T16:00:30Z"}, "once", None, utc(2026, 12, 24, 16, 0, 30)),
        ({"interval_seconds": 90}, "interval", None, START + timedelta(seconds=90)),
        ({"cron_expression": "@every 15m"}, "interval", None, START + timedelta(minutes=15)),
        (
            {"cron_expression": " @Every 1h30m ", "frequency": "interval"},
            "interval",
            None,
            START + timedelta(minutes=90),
        ),
        (
            {"interval_seconds": 60, "starts_at": "2026-11-20T09:00:10Z"},
            "interval",
            None,
            utc(2026, 11, 20, 10, 30, 10),
        ),
        ({"interval_seconds": 60, "starts_at": "2026-11-21T09:00:10Z"}, "interval", None, utc(2026, 11, 21, 9, 0, 10)),
    ],
)
def test_a_frequency_is_stored_as_what_it_means(
    fleet: Fleet, fields: dict[str, Any], frequency: str, cron: str | None, following: datetime
) -> None:
    schedule = make(fleet, **fields)
    assert (schedule["frequency"], schedule["cron_expression"]) == (frequency, cron)
    assert schedule["next_run_at"] == following
    assert read(fleet, schedule) == schedule
    assert simulate(fleet, count=1, **fields)[0]["run_at"] == following


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "cron_expression must be given, or frequency, run_at or interval_seconds."),
        ({"frequency": "daily", "cron_expression": "0 9 * * *"}, "cron_expression contradicts the frequency daily."),
        ({"frequency": "daily", "cron_expression": "@every 1h"}, "cron_expression contradicts the frequency daily."),
        ({"frequency": "cron", "run_at": "2027-01-01T00:00Z"}, "run_at contradicts the frequency cron."),
        ({"frequency": "once", "interval_seconds": 60}, "interval_seconds contradicts the frequency once."),
        ({"cron_expression": "@daily", "interval_seconds": 60}, "only one"),
        ({"frequency": "once"}, "run_at must be given"),
        ({"frequency": "interval"}, "interval_seconds must be given"),
        ({"frequency": "cron"}, "cron_expression must be given with the frequency cron."),
        ({"frequency": "yearly"}, "frequency must be once, interval, hourly, daily, weekly, monthly or cron."),
        ({"cron_expression": "@every"}, "cron_expression: @every needs a duration"),
        ({"cron_expression": "@every 5 minutes"}, "cron_expression: @every needs a duration"),
        ({"run_at": "2026-11-20T10:30Z"}, "run_at must lie in the future"),
        ({"run_at": "2026-02-30T10:30Z"}, "run_at has a value of the wrong type"),
        ({"run_at": "infinity"}, "run_at must lie in the years"),
        ({"interval_seconds": 59}, "interval_seconds must be at least 60 in your plan."),
        ({"interval_seconds": 0}, "interval_seconds must be between"),
        ({"interval_seconds": 99999999}, "interval_seconds must be between"),
        ({"cron_expression": "@every 30s"}, "interval_seconds must be at least 60"),
        ({"cron_expression": "@every 99999999d"}, "interval_seconds must be between"),
        ({"frequency": "daily", "starts_at": "2026-11-20T10:30:01Z"}, "starts_at must be a whole minute"),
        ({"frequency": "monthly", "starts_at": "2026-11-30T10:30Z"}, "starts_at must not be day 30"),
        ({"frequency": "daily", "starts_at": "infinity"}, "starts_at must lie in the years"),
        ({"frequency": "daily", "ends_at": "2026-11-20T10:31Z"}, "ends_at leaves the schedule no time"),
        (
            {"frequency": "daily", "starts_at": "2027-01-02T00:00Z", "ends_at": "2027-01-01T00:00Z"},
            "ends_at must be later",
        ),
        ({"run_at": "2027-01-02T00:00Z", "starts_at": "2027-01-03T00:00Z"}, "run_at must lie between"),
        ({"frequency": "daily", "paused_until": "-infinity"}, "paused_until must lie"),
        ({"frequency": "daily", "jitter_seconds": 86401}, "jitter_seconds"),
        ({"frequency": "daily", "jitter_seconds": -1}, "jitter_seconds"),
        ({"frequency": "daily", "jitter_seconds": "x"}, "jitter_seconds has a value of the wrong type"),
        ({"frequency": "daily", "misfire_policy": "never"}, "misfire_policy must be skip, once or all."),
        ({"frequency": "daily", "misfire_policy": "all", "misfire_cap": 101}, "misfire_cap"),
        ({"frequency": "daily", "misfire_cap": 5}, "misfire_cap goes with the misfire_policy all only."),
        (
            {"frequency": "daily", "overlap_policy": "wait"},
            "overlap_policy must be allow, skip, queue or cancel_previous.",
        ),
        ({"frequency": "daily", "max_consecutive_failures": -1}, "max_consecutive_failures"),
        ({"frequency": "daily", "name": " \t"}, "schedule_name"),
        ({"frequency": "daily", "dedupe_key": "x" * 256}, "dedupe_key"),
        ({"frequency": "daily", "misfire_polcy": "all"}, "misfire_polcy is no field"),
        ({"frequency": "daily", "next_run_at": "2027-01-01T00:00Z"}, "next_run_at is no field"),
    ],
)
def test_what_contradicts_itself_or_cannot_be_is_refused_by_the_fields_name(
    fleet: Fleet, fields: dict[str, Any], words: str
) -> None:
    with refused(400, "INVALID_ARGUMENT", words):
        make(fleet, **fields)
    with refused(400, "INVALID_ARGUMENT", words):
        simulate(fleet, **({"name": "x"} | fields))


def test_a_change_of_the_frequency_takes_the_fields_of_the_old_one_away(fleet: Fleet) -> None:
    schedule = make(fleet, frequency="daily", starts_at="2026-11-01T08:00Z")
    weekly = update(fleet, schedule, frequency="weekly", cron_expression=schedule["cron_expression"])
    assert (weekly["cron_expression"], weekly["next_run_at"]) == ("0 8 * * 0", utc(2026, 11, 22, 8))
    later = update(fleet, schedule, starts_at="2026-11-03T09:00Z")
    assert (later["cron_expression"], later["next_run_at"]) == ("0 9 * * 2", utc(2026, 11, 24, 9))
    elsewhere = update(fleet, schedule, timezone="Asia/Tokyo")
    assert (elsewhere["cron_expression"], elsewhere["next_run_at"]) == ("0 18 * * 2", utc(2026, 11, 24, 9))
    every = update(fleet, schedule, interval_seconds=3600)
    assert (every["frequency"], every["cron_expression"], every["interval_seconds"]) == ("interval", None, 3600)
    once = update(fleet, schedule, run_at="2026-12-01T00:00Z")
    assert (once["frequency"], once["interval_seconds"], once["next_run_at"]) == ("once", None, utc(2026, 12, 1))
    cron = update(fleet, schedule, cron_expression="0 7 * * *")
    assert (cron["frequency"], cron["run_at"]) == ("cron", None)
    with refused(400, "INVALID_ARGUMENT", "cron_expression contradicts the frequency daily."):
        update(fleet, schedule, frequency="daily", cron_expression="0 5 * * *")
    open_ended = update(fleet, schedule, starts_at="", name=None)
    assert (open_ended["starts_at"], open_ended["name"]) == (None, "Hourly")


def test_an_interval_counts_real_time_when_clocks_go_back_and_after_an_outage(fleet: Fleet) -> None:
    runs = simulate(
        fleet, count=4, after=utc(2026, 10, 24, 23, 50), timezone="Europe/Berlin",
        cron_expression="@every 30m", starts_at="2026-10-25T00:00Z",
    )  # fmt: skip
    assert [run["run_at"] for run in runs] == [utc(2026, 10, 25, hour, minute) for hour in (0, 1) for minute in (0, 30)]
    schedule = make(fleet, interval_seconds=3600)
    fleet.travel(hours=3, minutes=20)
    fleet.run("fire_due_schedules")
    assert read(fleet, schedule)["next_run_at"] == START + timedelta(hours=4)


def test_nothing_is_due_before_the_start_after_the_end_or_in_a_pause(fleet: Fleet) -> None:
    schedule = make(
        fleet,
        frequency="hourly",
        starts_at="2026-11-21T00:00Z",
        ends_at="2026-11-21T02:00Z",
        paused_until="2026-11-21T00:30Z",
    )
    assert schedule["next_run_at"] == utc(2026, 11, 21, 1)
    fleet.now = utc(2026, 11, 21, 1)
    fleet.travel()
    assert fleet.run("fire_due_schedules") == 1
    assert read(fleet, schedule)["next_run_at"] == utc(2026, 11, 21, 2)
    paused = update(fleet, schedule, paused_until="2026-11-21T03:00Z", ends_at="2026-11-21T04:00Z")
    assert paused["next_run_at"] == utc(2026, 11, 21, 3)
    assert update(fleet, schedule, paused_until="")["next_run_at"] == utc(2026, 11, 21, 2)
    fleet.travel(hours=1)
    assert fleet.run("fire_due_schedules") == 1
    ended = update(fleet, schedule, ends_at="2026-11-21T02:30Z", is_enabled=False)
    assert (ended["next_run_at"], ended["is_enabled"]) == (None, False)
    with refused(400, "INVALID_ARGUMENT", "ends_at leaves"):
        update(fleet, schedule, is_enabled=True)


def test_a_schedule_of_one_run_runs_once(fleet: Fleet) -> None:
    schedule = make(fleet, run_at="2026-11-20T11:00Z")
    fleet.travel(hours=30)
    assert fleet.run("fire_due_schedules") == 1
    assert [fire["outcome"] for fire in fires(fleet, schedule)] == ["caught_up"]
    after = read(fleet, schedule)
    assert (after["next_run_at"], after["is_enabled"], after["run_count"]) == (None, True, 1)
    assert fleet.run("fire_due_schedules") == 0
    assert update(fleet, schedule, name="Done")["next_run_at"] is None


def test_jitter_spreads_schedules_and_is_the_same_at_each_run_of_one(fleet: Fleet) -> None:
    schedules = [make(fleet, frequency="hourly", jitter_seconds=240) for _ in range(40)]
    delays = [(row["next_run_at"] - utc(2026, 11, 20, 11)).total_seconds() for row in schedules]
    assert all(0 <= delay <= 240 for delay in delays)
    assert len({delay // 50 for delay in delays}) == 5
    fleet.now = utc(2026, 11, 20, 11, 4)
    fleet.travel()
    assert fleet.run("fire_due_schedules") == 40
    for schedule, delay in zip(schedules, delays, strict=True):
        [fire] = fires(fleet, schedule)
        assert (fire["fire_time"], fire["outcome"]) == (utc(2026, 11, 20, 11), "enqueued")
        assert read(fleet, schedule)["next_run_at"] == utc(2026, 11, 20, 12) + timedelta(seconds=delay)
    # A change in between keeps what the jitter holds back.
    latest = max(schedules, key=lambda row: row["next_run_at"])
    fleet.now = utc(2026, 11, 20, 12)
    fleet.travel()
    changed = update(fleet, latest, frequency="cron", cron_expression="0 * * * *")
    assert changed["next_run_at"] == read(fleet, latest)["next_run_at"] == latest["next_run_at"] + timedelta(hours=1)


def test_jobs_of_a_schedule_ask_for_its_robot_and_what_it_needs(fleet: Fleet) -> None:
    robot = fleet.robot(capabilities=["excel"])
    schedule = make(
        fleet, frequency="hourly", robot_id=robot.external_id, required_capabilities=["excel"], required_tags=["eu"]
    )
    assert schedule["robot_id"] == robot.robot_id
    call(fleet.member, "trigger_schedule", schedule_id=schedule["schedule_id"])
    row = fleet.member.execute("select * from public.jobs").fetchone()
    assert row is not None
    assert (row["target_robot_id"], row["required_capabilities"], row["required_tags"]) == (
        robot.robot_id, ["excel"], ["eu"],
    )  # fmt: skip
    with refused(404, "ROBOT_NOT_FOUND"):
        update(fleet, schedule, robot_id="nobody")
    with refused(400, "INVALID_ARGUMENT", "required_capabilities"):
        update(fleet, schedule, required_capabilities=[""])
    call(fleet.member, "delete_robot", robot=str(robot.robot_id))
    fleet.travel(hours=1)
    fleet.run("fire_due_schedules")
    assert fires(fleet, schedule)[-1]["outcome"] == "failed"
    assert update(fleet, schedule, robot_id="")["robot_id"] is None
