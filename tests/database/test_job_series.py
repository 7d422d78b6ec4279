"""A series of counts: what began and ended in each minute, hour and day, and how much was unfinished then."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.databases import at
from tests.fleets import Fleet, call, call_all, refused

NOON = datetime(2026, 3, 31, 12, 0, 30, tzinfo=UTC)


@pytest.fixture
def fleet(fleet: Fleet) -> Fleet:
    """At noon, two days after the clocks of Europe went forward."""
    fleet.now = NOON
    fleet.travel(seconds=0)
    return fleet


def series(fleet: Fleet, interval: str, **asked: Any) -> list[dict[str, Any]]:
    return call_all(fleet.member, "get_job_series", interval=interval, **asked)


def told(points: list[dict[str, Any]], *names: str) -> list[tuple[int, ...]]:
    return [tuple(point[name] for name in names) for point in points]


def test_each_minute_has_what_began_and_ended_in_it_and_quiet_ones_are_zeros(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=9)
    for _ in range(3):
        fleet.enqueue()
    fleet.travel(minutes=2)
    done, failed, held = fleet.claim(robot, 3)
    fleet.report(robot, "complete_job", done)
    fleet.report(robot, "fail_job", failed, error_message="no", retryable=False)
    fleet.travel(minutes=1)
    waiting = fleet.enqueue()["job_id"]
    call(fleet.member, "cancel_job", job_id=waiting)
    points = series(fleet, "minute", count=5)
    assert [point["starts_at"] for point in points] == [
        fleet.now.replace(second=0) - timedelta(minutes=4 - n) for n in range(5)
    ]
    names = ("created", "completed", "failed", "timed_out", "cancelled", "unfinished")
    assert told(points, *names) == [
        (0, 0, 0, 0, 0, 0), (3, 0, 0, 0, 0, 3), (0, 0, 0, 0, 0, 3), (0, 1, 1, 0, 0, 1), (1, 0, 0, 0, 1, 1),
    ]  # fmt: skip
    assert told(series(fleet, "hour", count=2), *names) == [(0, 0, 0, 0, 0, 0), (4, 1, 1, 0, 1, 1)]
    assert told(series(fleet, "day", count=1), *names) == [(4, 1, 1, 0, 1, 1)]
    assert held["job_id"] != waiting


def test_a_job_that_is_put_back_began_once(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.enqueue()
    fleet.report(robot, "release_job", fleet.claim_one(robot))
    started = fleet.start_one(robot)
    fleet.report(robot, "release_job", started)
    assert told(series(fleet, "minute", count=1), "created", "unfinished") == [(1, 1)]
    fleet.owner.execute("select private.rebuild_job_rollups(%s)", [fleet.tenant.tenant_id])
    assert told(series(fleet, "minute", count=1), "created", "unfinished") == [(1, 1)]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "UTC", "Etc/GMT+3"])
def test_days_are_those_of_the_callers_zone(fleet: Fleet, zone: str) -> None:
    """A job each hour of four days, one of which has 23 hours in Berlin."""
    day = ZoneInfo(zone)
    expected: dict[Any, int] = {}
    for hours in range(96, 0, -1):
        moment = NOON - timedelta(hours=hours)
        at(fleet.member, moment)
        fleet.enqueue()
        date = moment.astimezone(day).date()
        expected[date] = expected.get(date, 0) + 1
    at(fleet.member, NOON)
    points = series(fleet, "day", count=4, timezone=zone)
    found = {point["starts_at"].astimezone(day): point["created"] for point in points}
    assert all(start.hour == start.minute == 0 for start in found)
    assert {start.date(): count for start, count in found.items()} == {
        date: expected.get(date, 0) for date in sorted(expected)[-4:]
    }


def test_the_tenants_zone_is_the_default(fleet: Fleet) -> None:
    call(fleet.member, "update_tenant", name="T", timezone="Asia/Tokyo")
    (today,) = series(fleet, "day", count=1)
    assert today["starts_at"] == datetime(2026, 3, 30, 15, tzinfo=UTC)


def test_a_robots_series_has_its_jobs_and_no_others(fleet: Fleet) -> None:
    robot, other = fleet.robot(), fleet.robot()
    for who in (robot, other, robot):
        fleet.enqueue()
        claimed = fleet.start_one(who)
        fleet.travel(seconds=4)
        fleet.report(who, "complete_job", claimed)
    (point,) = series(fleet, "hour", count=1, robot_id=robot.robot_id)
    assert (point["completed"], point["duration_ms_sum"], point["created"], point["unfinished"]) == (
        2,
        8000,
        None,
        None,
    )
    own = call_all(fleet.robots[robot.robot_id], "get_job_series", interval="day", count=1, robot_id=robot.robot_id)
    assert told(own, "completed") == [(2,)]
    with refused(403, "FORBIDDEN"):
        call_all(fleet.robots[robot.robot_id], "get_job_series", interval="day", robot_id=other.robot_id)


def test_minutes_are_kept_for_two_days(fleet: Fleet) -> None:
    fleet.enqueue()
    series(fleet, "minute")
    fleet.travel(days=2, minutes=2)
    fleet.owner.execute("select private.run_duty('purge_job_rollups')")
    rows = fleet.owner.execute(
        "select level::text from public.job_rollups where tenant_id = %s order by 1", [fleet.tenant.tenant_id]
    ).fetchall()
    assert [row["level"] for row in rows] == ["tenant", "tenant_day", "tenant_hour"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"interval": "week"}, "interval"),
        ({"interval": None}, "interval"),
        ({"interval": "minute", "count": 1441}, "count must lie between 1 and 1440"),
        ({"interval": "hour", "count": 745}, "count"),
        ({"interval": "day", "count": 91}, "count"),
        ({"interval": "day", "count": 0}, "count"),
        ({"interval": "day", "timezone": "Mars/Olympus"}, "timezone"),
        ({"interval": "day", "timezone": "Foo+3"}, "timezone"),
        ({"interval": "day", "timezone": ""}, "timezone"),
    ],
)
def test_what_is_no_series_is_refused(fleet: Fleet, asked: dict[str, Any], words: str) -> None:
    with refused(400, "INVALID_ARGUMENT", words):
        call_all(fleet.member, "get_job_series", **asked)


def test_a_robot_has_no_minutes(fleet: Fleet) -> None:
    with refused(400, "INVALID_ARGUMENT", "interval must be hour or day."):
        call_all(fleet.member, "get_job_series", interval="minute", robot_id=fleet.robot().robot_id)
