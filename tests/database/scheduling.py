"""A fleet's schedules, for the tests of schedules: made, changed and read as its member does."""

from datetime import UTC, datetime
from typing import Any

from tests.fleets import Fleet, Row, call, call_all

START = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)  # a Friday


def start_on_a_friday(fleet: Fleet) -> None:
    """Time stands still on Friday, 20 November 2026, 10:30 UTC; nothing that other tests left is due."""
    fleet.owner.execute("update public.schedules set next_run_at = null")
    fleet.owner.execute("delete from private.schedule_news")
    fleet.now = START
    fleet.travel()


def create(fleet: Fleet, **fields: Any) -> Row:
    """A schedule of the fleet's workflow, every hour unless the fields say otherwise."""
    defaults = {"workflow_id": fleet.workflow.workflow_id, "name": "Hourly", "cron_expression": "0 * * * *"}
    return call(fleet.member, "create_schedule", schedule=described(defaults | fields))


def described(fields: Row) -> Row:
    """Fields of a schedule as they travel in JSON."""
    return {
        name: value if isinstance(value, bool | int | float | dict | list | None) else str(value)
        for name, value in fields.items()
    }


def simulate(fleet: Fleet, count: int = 10, after: datetime | None = None, **fields: Any) -> list[Row]:
    """What a schedule with these fields would do."""
    return call_all(fleet.member, "simulate_schedule", schedule=described(fields), count=count, after=after)


def update(fleet: Fleet, schedule: Row, **changes: Any) -> Row:
    return call(fleet.member, "update_schedule", schedule_id=schedule["schedule_id"], changes=described(changes))


def read(fleet: Fleet, schedule: Row) -> Row:
    row = fleet.member.execute(
        "select * from public.schedules where schedule_id = %s", [schedule["schedule_id"]]
    ).fetchone()
    assert row is not None
    return row


def fires(fleet: Fleet, schedule: Row) -> list[Row]:
    return fleet.member.execute(
        "select * from public.schedule_fires where schedule_id = %s order by fire_time", [schedule["schedule_id"]]
    ).fetchall()


def jobs(fleet: Fleet) -> list[Row]:
    return fleet.member.execute("select * from public.live_jobs order by job_id").fetchall()


def all_schedules(fleet: Fleet) -> list[Row]:
    return fleet.member.execute("select * from public.schedules order by schedule_id").fetchall()
