"""Business calendars: what they come to, which times they move, and who may see and change them."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice, takewhile
from random import Random
from typing import Any

import pytest
from croniter import croniter
from dateutil.easter import easter
from tests.database.scheduling import create, described, fires, read, simulate, start_on_a_friday, update
from tests.databases import at
from tests.fleets import Fleet, Row, call, call_all, refused

DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
OFFICE = {day: ["09:00", "17:00"] for day in DAYS[:5]}


@pytest.fixture(autouse=True)
def on_a_friday(fleet: Fleet) -> None:
    start_on_a_friday(fleet)


def make_calendar(fleet: Fleet, **fields: Any) -> Row:
    answer = call(fleet.member, "create_calendar", calendar={"name": "Calendar"} | fields)["create_calendar"]
    return dict(answer)


def change_calendar(fleet: Fleet, calendar: Row, **changes: Any) -> Row:
    answer = call(fleet.member, "update_calendar", calendar_id=calendar["calendar_id"], changes=changes)
    return dict(answer["update_calendar"])


def closed(day: str, name: str = "Closed") -> Row:
    return {"type": "date", "date": day, "name": name}


def days_of(fleet: Fleet, calendar: Row, year: int) -> dict[str, str]:
    rows = fleet.member.execute(
        "select day, name from public.calendar_days where calendar_id = %s and day between %s and %s order by day",
        [calendar["calendar_id"], date(year, 1, 1), date(year, 12, 31)],
    ).fetchall()
    return {row["day"].isoformat(): row["name"] for row in rows}


# -- what a calendar comes to


def test_easter_is_when_dateutil_has_it(fleet: Fleet) -> None:
    rows = fleet.owner.execute(
        "select y, private.easter_sunday(y) as day from generate_series(1583, 2400) as y"
    ).fetchall()
    assert [row["day"] for row in rows] == [easter(row["y"]) for row in rows]


def test_own_rules_come_to_days_for_years_ahead(fleet: Fleet) -> None:
    calendar = make_calendar(
        fleet,
        rules=[
            {"type": "fixed", "month": 2, "day": 29, "name": "Leap day"},
            {"type": "fixed", "month": 12, "day": 24, "name": "Christmas Eve"},
            {"type": "nth_weekday", "month": 11, "weekday": "thu", "nth": 4, "name": "Thanksgiving"},
            {"type": "nth_weekday", "month": 5, "weekday": "MON", "nth": -1, "name": "Memorial Day"},
            {"type": "nth_weekday", "month": 2, "weekday": "tue", "nth": 5, "name": "A fifth Tuesday"},
            {"type": "easter", "offset": -2, "name": "Good Friday"},
            closed("2027-06-18", "Inventory"),
        ],
    )
    assert days_of(fleet, calendar, 2027) == {
        "2027-03-26": "Good Friday",
        "2027-05-31": "Memorial Day",
        "2027-06-18": "Inventory",
        "2027-11-25": "Thanksgiving",
        "2027-12-24": "Christmas Eve",
    }
    assert days_of(fleet, calendar, 2028)["2028-02-29"] in ("Leap day", "A fifth Tuesday")
    assert len(days_of(fleet, calendar, 2031)) == 4
    assert days_of(fleet, calendar, 2032) == {}
    assert len(days_of(fleet, change_calendar(fleet, calendar, rules=[]), 2027)) == 0


def test_a_duty_writes_the_days_of_later_years_down_and_tells_when_holidays_end(fleet: Fleet) -> None:
    calendar = make_calendar(
        fleet,
        rules=[{"type": "fixed", "month": 12, "day": 24, "name": "Christmas Eve"}],
        country="DE",
        holidays=[{"day": "2026-12-25", "name": "Christmas Day"}],
        holidays_until="2028-12-31",
    )
    assert calendar["needs_refresh"] is False
    fleet.run("extend_calendars")
    assert days_of(fleet, calendar, 2032) == {}
    fleet.now = datetime(2028, 2, 1, tzinfo=UTC)
    fleet.travel()
    fleet.run("extend_calendars")
    assert list(days_of(fleet, calendar, 2033)) == ["2033-12-24"]
    assert fleet.run("extend_calendars") == 0  # it tells once
    [listed] = call_all(fleet.member, "list_calendars")
    assert listed["list_calendars"]["needs_refresh"] is True
    rows = fleet.owner.execute(
        "select data from private.event_inbox where event_type = 'calendar.expiring' and tenant_id = %s",
        [fleet.tenant.tenant_id],
    ).fetchall()
    assert [row["data"]["holidays_until"] for row in rows] == ["2028-12-31"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": " "}, "name must have"),
        ({"nmae": "x"}, "nmae is no field"),
        ({"working_hours": {}}, "working_hours leave no working day."),
        ({"working_hours": {"mon": ["17:00", "09:00"]}}, "working_hours: mon must end later"),
        ({"working_hours": {"mon": ["9:00", "17:00"]}}, "working_hours: mon must be two times"),
        ({"working_hours": {"monday": ["09:00", "17:00"]}}, "working_hours: 'monday' is none of"),
        ({"working_hours": [1]}, "working_hours must be an object"),
        ({"rules": [{"type": "fixed", "month": 2, "day": 30, "name": "x"}]}, "day 30 does not exist in month 2"),
        ({"rules": [{"type": "fixed", "month": 13, "day": 1, "name": "x"}]}, "month must be between 1 and 12"),
        ({"rules": [{"type": "fixed", "month": 1, "name": "x"}]}, "day must be a whole number"),
        ({"rules": [{"type": "fixed", "month": 1, "day": 1}]}, "rule 1 must have a name"),
        ({"rules": [{"type": "fixed", "month": 1, "day": 1, "name": "x", "nth": 1}]}, "has no field nth"),
        ({"rules": [{"type": "moon", "name": "x"}]}, "rule 1 must be an object whose type is"),
        ({"rules": [closed("2027-02-30")]}, "2027-02-30 is no date that exists"),
        ({"rules": [closed("1066-01-01")]}, "between 1970 and 2199"),
        ({"rules": [{"type": "nth_weekday", "month": 1, "weekday": "x", "nth": 1, "name": "x"}]}, "weekday must be"),
        ({"rules": [{"type": "nth_weekday", "month": 1, "weekday": "mon", "nth": 6, "name": "x"}]}, "nth must be"),
        ({"rules": [{"type": "easter", "offset": 300, "name": "x"}]}, "offset must be"),
        ({"rules": "x"}, "rules must be a list"),
        ({"country": "Germany", "holidays": []}, "country must be a code"),
        ({"country": "DE"}, "holidays must be given"),
        ({"subdivision": "BY"}, "subdivision needs a country"),
        ({"country": "DE", "holidays": [{"day": "2027-02-30", "name": "x"}]}, "holidays: holiday 1"),
        ({"country": "DE", "holidays": [{"day": "2027-02-01"}]}, "holidays: holiday 1 must be {day, name}"),
        ({"blackouts": [{"starts_at": "2027-01-01", "ends_at": "2027-01-01", "reason": "x"}]}, "blackouts: blackout 1"),
        ({"blackouts": [{"starts_at": "2027-02-30", "ends_at": "2027-03-01", "reason": "x"}]}, "does not exist"),
        ({"blackouts": [{"starts_at": "2027-02-01", "ends_at": "infinity", "reason": "x"}]}, "in the years"),
        ({"blackouts": [{"starts_at": "2027-02-01", "reason": "x"}]}, "must be {starts_at, ends_at, reason}"),
        (
            {
                "working_hours": {"mon": ["09:00", "17:00"]},
                "rules": [closed((date(2026, 11, 23) + timedelta(weeks=week)).isoformat()) for week in range(60)],
            },
            "working_hours and rules leave no working day",
        ),
    ],
)
def test_a_calendar_that_cannot_be_is_refused_by_the_fields_name(
    fleet: Fleet, fields: dict[str, Any], words: str
) -> None:
    with refused(400, "INVALID_ARGUMENT", words):
        make_calendar(fleet, **fields)
    calendar = make_calendar(fleet)
    with refused(400, "INVALID_ARGUMENT", words):
        change_calendar(fleet, calendar, **fields)


def test_an_extra_working_day_wins_over_a_holiday_and_a_rule_over_the_country(fleet: Fleet) -> None:
    calendar = make_calendar(
        fleet,
        country="DE",
        holidays=[{"day": "2026-12-25", "name": "Christmas Day"}, {"day": "2026-12-26", "name": "Boxing Day"}],
        rules=[{"type": "working_date", "date": "2026-12-25", "name": "We deliver"}],
        working_hours=OFFICE,
    )
    runs = simulate(fleet, cron_expression="0 10 * * *", after=datetime(2026, 12, 24, tzinfo=UTC), count=3,
                    calendar_id=calendar["calendar_id"])  # fmt: skip
    assert [run["verdict"] for run in runs] == ["run", "run", "holiday"]
    assert runs[2]["reason"] == "Saturday, 26 December 2026 is Boxing Day."


# -- what schedules make of it


def test_a_fire_on_a_closed_day_at_a_closed_hour_or_in_a_blackout_is_skipped_and_says_why(fleet: Fleet) -> None:
    calendar = make_calendar(
        fleet,
        working_hours=OFFICE,
        rules=[closed("2026-11-23", "Repentance Day")],
        blackouts=[{"starts_at": "2026-11-24T10:00Z", "ends_at": "2026-11-24T12:00Z", "reason": "Migration."}],
    )
    schedule = create(fleet, cron_expression="0 8,11 * * *", calendar_id=calendar["calendar_id"])
    for _ in range(10):
        fleet.now = read(fleet, schedule)["next_run_at"]
        fleet.travel()
        assert fleet.run("fire_due_schedules") == 1
    told = [(f"{fire['fire_time']:%a %H}", fire["outcome"], fire["reason"]) for fire in fires(fleet, schedule)]
    assert told[:3] == [
        ("Fri 11", "enqueued", None),
        ("Sat 08", "skipped_holiday", "Saturday, 21 November 2026 is no working day."),
        ("Sat 11", "skipped_holiday", "Saturday, 21 November 2026 is no working day."),
    ]
    assert told[5:] == [
        ("Mon 08", "skipped_holiday", "Monday, 23 November 2026 is Repentance Day."),
        ("Mon 11", "skipped_holiday", "Monday, 23 November 2026 is Repentance Day."),
        ("Tue 08", "skipped_holiday", "08:00 is outside of the working hours, 09:00 to 17:00."),
        ("Tue 11", "skipped_blackout", "Nothing runs until 2026-11-24T12:00:00.000000Z: Migration."),
        ("Wed 08", "skipped_holiday", "08:00 is outside of the working hours, 09:00 to 17:00."),
    ]
    assert read(fleet, schedule)["run_count"] == 1
    runs = simulate(fleet, count=2, after=datetime(2026, 11, 24, 9, tzinfo=UTC), cron_expression="0 8,11 * * *",
                    calendar_id=calendar["calendar_id"])  # fmt: skip
    assert [run["verdict"] for run in runs] == ["blackout", "holiday"]


def test_a_fire_on_a_closed_day_moves_and_two_that_meet_are_one(fleet: Fleet) -> None:
    calendar = make_calendar(fleet, rules=[closed("2026-11-23")])
    daily = {"cron_expression": "0 9 * * *", "calendar_id": calendar["calendar_id"]}
    later = create(fleet, on_closed_day="next", **daily)
    earlier = create(fleet, on_closed_day="previous", **daily)
    assert later["next_run_at"] == datetime(2026, 11, 24, 9, tzinfo=UTC)  # Saturday's to Tuesday's
    assert earlier["next_run_at"] == datetime(2026, 11, 24, 9, tzinfo=UTC)
    saturdays = create(fleet, on_closed_day="previous", **daily | {"cron_expression": "0 9 * * SAT"})
    assert saturdays["next_run_at"] == datetime(2026, 11, 27, 9, tzinfo=UTC)
    update(fleet, saturdays, on_closed_day="next")
    assert read(fleet, saturdays)["next_run_at"] == datetime(2026, 11, 24, 9, tzinfo=UTC)
    change_calendar(fleet, calendar, rules=[])
    assert read(fleet, saturdays)["next_run_at"] == datetime(2026, 11, 23, 9, tzinfo=UTC)
    [run] = simulate(fleet, count=1, on_closed_day="next", **daily | {"cron_expression": "0 9 * * SAT"})
    assert (run["verdict"], run["run_at"]) == ("moved", datetime(2026, 11, 23, 9, tzinfo=UTC))
    fleet.now = datetime(2026, 11, 23, 9, tzinfo=UTC)
    fleet.travel()
    fleet.run("fire_due_schedules")
    assert [fire["outcome"] for fire in fires(fleet, saturdays)] == ["enqueued"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"on_closed_day": "next", "cron_expression": "0 9 * * *"}, "on_closed_day needs a calendar_id."),
        ({"on_closed_day": "later"}, "on_closed_day must be skip, next or previous."),
        ({"on_closed_day": "next", "calendar": True, "cron_expression": "*/5 * * * *"}, "whose hour is fixed"),
        ({"on_closed_day": "next", "calendar": True, "interval_seconds": 60}, "whose hour is fixed"),
        ({"on_closed_day": "next", "calendar": True, "frequency": "hourly"}, "whose hour is fixed"),
    ],
)
def test_what_contradicts_a_calendar_is_refused(fleet: Fleet, fields: dict[str, Any], words: str) -> None:
    if fields.pop("calendar", False):
        fields = fields | {"calendar_id": make_calendar(fleet)["calendar_id"]}
    with refused(400, "INVALID_ARGUMENT", words):
        create(fleet, **{"cron_expression": None} | fields)


def expected_times(
    expression: str, hours: dict[str, list[str]], holidays: set[date], mode: str, after: datetime
) -> Iterator[datetime]:
    """Where each planned time goes, one by one; sorted, and each time once."""

    def span(day: date) -> tuple[datetime, datetime] | None:
        if day in holidays or DAYS[day.weekday()] not in hours:
            return None
        low, high = hours[DAYS[day.weekday()]]
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)

        def moment(text: str) -> datetime:
            return midnight + timedelta(hours=int(text[:2]), minutes=int(text[3:]))

        return moment(low), moment(high)

    def working_day(day: date, step: int) -> date:
        day += timedelta(days=step)
        while span(day) is None:
            day += timedelta(days=step)
        return day

    def moved(planned: datetime) -> datetime:
        step = 1 if mode == "next" else -1
        own = span(planned.date())
        if own is None:
            target = working_day(planned.date(), step)
            same = datetime.combine(target, planned.timetz())
        elif own[0] <= planned < own[1]:
            return planned
        elif (planned < own[0]) == (mode == "next"):  # to this day's opening
            return own[0]
        else:
            return span(working_day(planned.date(), step))[0]  # type: ignore[index]
        opens, closes = span(target)  # type: ignore[misc]
        return same if opens <= same < closes else opens

    fields = expression.split()
    day_or = not (fields[2].startswith("*") or fields[4].startswith("*"))
    planned = croniter(expression, after - timedelta(days=60), ret_type=datetime, day_or=day_or)
    until = after + timedelta(days=500)
    times = {
        moved(time) for time in takewhile(lambda time: time < until, iter(lambda: planned.get_next(datetime), None))
    }
    return iter(sorted(time for time in times if time > after))


def test_moved_times_are_those_that_each_planned_time_goes_to(fleet: Fleet) -> None:
    dice = Random(20261121)  # noqa: S311 — cases, no secrets
    cases = 0
    for number in range(24):
        hours = {
            day: dice.choice([["00:00", "24:00"], ["09:00", "17:00"], ["10:30", "24:00"], ["00:00", "12:00"]])
            for day in dice.sample(DAYS, dice.randint(1, 6))
        }
        holidays = {date(2026, 11, 1) + timedelta(days=dice.randint(0, 200)) for _ in range(dice.randint(0, 30))}
        calendar = make_calendar(
            fleet, name=str(number), working_hours=hours, rules=[closed(day.isoformat()) for day in holidays]
        )
        for mode in ("next", "previous"):
            for _ in range(3):
                expression = " ".join([
                    dice.choice(["0", "30", "0,30"]), dice.choice(["8", "11", "9,16", "0,12,23", "7-18/3"]),
                    dice.choice(["*", "*", "1", "*/3"]), "*", dice.choice(["*", "*", "SAT", "MON,SAT", "1-5"]),
                ])  # fmt: skip
                schedule = {
                    "frequency": "cron", "cron_expression": expression, "timezone": "UTC", "on_closed_day": mode,
                    "tenant_id": str(fleet.tenant.tenant_id), "calendar_id": calendar["calendar_id"],
                }  # fmt: skip
                after = datetime(2026, 11, 20, tzinfo=UTC) + timedelta(minutes=dice.randint(0, 60 * 24 * 60))
                rows = fleet.owner.execute(
                    """
                    with recursive given as (select jsonb_populate_record(null::public.schedules, %s) as schedule),
                    times (at, n) as (
                        select %s::timestamptz, 0
                        union all
                        select private.next_due_time(g.schedule, t.at), t.n + 1
                        from times as t, given as g
                        where t.n < 12
                    )
                    select at from times where n > 0 order by n
                    """,
                    [json.dumps(schedule), after],
                ).fetchall()
                wanted = expected_times(expression, hours, holidays, mode, after)
                case = (hours, holidays, expression, mode, after)
                known = list(islice(wanted, 12))
                assert [row["at"] for row in rows][: len(known)] == known, case
                cases += 1
        call(fleet.member, "delete_calendar", calendar_id=calendar["calendar_id"])
    assert cases == 144


# -- explanations and what comes next


def explain(fleet: Fleet, schedule: Row, when: str) -> Row:
    answer = call(fleet.member, "explain_schedule", schedule_id=schedule["schedule_id"], at=when)["explain_schedule"]
    return dict(answer)


def test_why_a_schedule_did_not_run_is_told_for_any_time(fleet: Fleet) -> None:
    calendar = make_calendar(fleet, rules=[closed("2026-11-24", "Stocktaking")])
    schedule = create(
        fleet, cron_expression="0 9 * * *", calendar_id=calendar["calendar_id"], starts_at="2026-11-21T00:00Z",
        ends_at="2026-12-31T00:00Z", overlap_policy="skip",
    )  # fmt: skip
    for day in (21, 22, 23, 24, 25):
        fleet.now = datetime(2026, 11, day, 9, tzinfo=UTC)
        fleet.travel()
        fleet.run("fire_due_schedules")
    for when, verdict, words in (
        ("2026-11-19T09:00Z", "not_made", "made later"),
        ("2026-11-20T12:00Z", "not_due", "starts later, 2026-11-21"),
        ("2026-11-21T09:00Z", "skipped_holiday", "Saturday, 21 November 2026 is no working day."),
        ("2026-11-23T09:00Z", "enqueued", "It ran."),
        ("2026-11-23T10:00Z", "not_due", "2026-11-23 10:00 is none of the times of the schedule: 0 9 * * *,"),
        ("2026-11-24T09:00Z", "skipped_holiday", "Stocktaking"),
        ("2026-11-25T09:00Z", "skipped_overlap", "was not finished"),
        ("2026-11-28T09:00Z", "holiday", "Saturday, 28 November 2026 is no working day."),
        ("2026-11-30T09:00Z", "run", "It will run."),
        ("2027-02-01T09:00Z", "not_due", "had ended"),
    ):
        answer = explain(fleet, schedule, when)
        assert (answer["verdict"], words in answer["reason"]) == (verdict, True), answer
    assert explain(fleet, schedule, "2026-11-23T09:00Z")["job_id"] is not None
    update(fleet, schedule, paused_until="2026-12-02T00:00Z")
    assert explain(fleet, schedule, "2026-12-01T09:00Z")["verdict"] == "paused"
    fleet.now = datetime(2026, 12, 4, 10, tzinfo=UTC)
    fleet.travel()
    assert explain(fleet, schedule, "2026-12-02T09:00Z")["verdict"] == "late"
    fleet.run("fire_due_schedules")
    assert explain(fleet, schedule, "2026-12-03T09:00Z")["verdict"] == "missed"
    assert explain(fleet, schedule, "2026-12-04T09:00Z")["verdict"] == "skipped_overlap"
    assert explain(fleet, schedule, "2026-11-26T09:00Z")["verdict"] == "unknown"
    update(fleet, schedule, is_enabled=False)
    assert explain(fleet, schedule, "2026-12-07T09:00Z")["verdict"] == "disabled"
    moving = create(fleet, cron_expression="0 9 * * SUN", calendar_id=calendar["calendar_id"], on_closed_day="next")
    answer = explain(fleet, moving, "2026-12-06T09:00Z")
    assert (answer["verdict"], "It runs 2026-12-07T09:00" in answer["reason"]) == ("moved", True)
    assert explain(fleet, moving, "2026-12-07T09:00Z")["verdict"] == "moved"
    backwards = update(fleet, moving, on_closed_day="previous")
    assert "It runs 2026-12-11T09:00" in explain(fleet, backwards, "2026-12-13T09:00Z")["reason"]


def test_what_comes_next_of_all_schedules_is_merged_without_closed_days(fleet: Fleet) -> None:
    calendar = make_calendar(fleet)
    daily = create(fleet, cron_expression="0 12 * * *", calendar_id=calendar["calendar_id"])
    often = create(fleet, cron_expression="0 */8 * * *")
    create(fleet, cron_expression="0 12 * * *", is_enabled=False)
    rows = call_all(fleet.member, "list_upcoming_runs", limit=12)
    names = {daily["schedule_id"]: "daily", often["schedule_id"]: "often"}
    told = [(names[row["schedule_id"]], f"{row['run_at']:%a %H}") for row in rows]
    assert told == [
        ("daily", "Fri 12"), ("often", "Fri 16"), ("often", "Sat 00"), ("often", "Sat 08"), ("often", "Sat 16"),
        ("often", "Sun 00"), ("often", "Sun 08"), ("often", "Sun 16"), ("often", "Mon 00"), ("often", "Mon 08"),
        ("daily", "Mon 12"), ("often", "Mon 16"),
    ]  # fmt: skip
    other = call(fleet.member, "submit_workflow", name="Other", definition={"nodes": []})["workflow_id"]
    assert call_all(fleet.member, "list_upcoming_runs", workflow_id=other) == []
    with refused(400, "INVALID_ARGUMENT", "limit"):
        call_all(fleet.member, "list_upcoming_runs", limit=0)


# -- rights and bounds


def test_a_calendar_that_schedules_heed_stays_and_numbers_are_bounded(fleet: Fleet) -> None:
    calendar = make_calendar(fleet)
    with refused(409, "CALENDAR_EXISTS"):
        make_calendar(fleet)
    schedule = create(fleet, calendar_id=calendar["calendar_id"], on_closed_day="skip")
    with refused(409, "CALENDAR_IN_USE", schedule["name"]):
        call(fleet.member, "delete_calendar", calendar_id=calendar["calendar_id"])
    assert call_all(fleet.member, "list_calendars")[0]["list_calendars"]["schedules"] == 1
    assert update(fleet, schedule, calendar_id="")["calendar_id"] is None
    update(fleet, schedule, calendar_id=calendar["calendar_id"])
    call(fleet.member, "delete_schedule", schedule_id=schedule["schedule_id"])
    call(fleet.member, "delete_calendar", calendar_id=calendar["calendar_id"])
    with refused(404, "CALENDAR_NOT_FOUND"):
        create(fleet, calendar_id=calendar["calendar_id"])
    for number in range(5):
        make_calendar(fleet, name=str(number))
    with refused(409, "TOO_MANY_CALENDARS", "at most 5"):
        make_calendar(fleet, name="6")


def test_another_tenants_calendar_is_not_there_and_viewers_change_none(fleet: Fleet, stranger: Fleet) -> None:
    at(stranger.member, fleet.now)
    calendar = make_calendar(fleet, rules=[closed("2026-12-24")])
    calendar_id = calendar["calendar_id"]
    for table in ("calendars", "calendar_days", "calendar_blackouts"):
        assert stranger.member.execute(f"select * from public.{table}").fetchall() == []
    with refused(404, "CALENDAR_NOT_FOUND"):
        change_calendar(stranger, calendar, name="x")
    with refused(404, "CALENDAR_NOT_FOUND"):
        call(stranger.member, "delete_calendar", calendar_id=calendar_id)
    with refused(404, "CALENDAR_NOT_FOUND"):
        call_all(stranger.member, "list_calendars", calendar_id=calendar_id)
    with refused(404, "CALENDAR_NOT_FOUND"):
        create(stranger, calendar_id=calendar_id)
    with refused(404, "CALENDAR_NOT_FOUND"):
        call_all(
            stranger.member, "simulate_schedule",
            schedule=described({"cron_expression": "@daily", "calendar_id": calendar_id}),
        )  # fmt: skip


def test_changes_of_calendars_and_their_blackouts_are_audited(fleet: Fleet) -> None:
    blackouts = [
        {"starts_at": f"2027-01-0{day}T00:00Z", "ends_at": f"2027-01-0{day}T12:00Z", "reason": "x"} for day in (1, 2)
    ]
    calendar = make_calendar(fleet, blackouts=blackouts)
    change_calendar(fleet, calendar, blackouts=blackouts[1:], name="Other")
    rows = fleet.owner.execute(
        "select resource_type, action from public.audit_log where resource_id like %s order by audit_id",
        [calendar["calendar_id"] + "%"],
    ).fetchall()
    assert [(row["resource_type"], row["action"]) for row in rows] == [
        ("calendars", "create"),
        ("calendar_blackouts", "create"),
        ("calendar_blackouts", "create"),
        ("calendars", "update"),
        ("calendar_blackouts", "delete"),
    ]
