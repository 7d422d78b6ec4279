"""Cron expressions in SQL: what they mean, held against croniter, and what clocks that change do to them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import psycopg
import pytest
from croniter import CroniterBadDateError, croniter
from cronsim import CronSim
from tests.databases import Connection

SEED = 20261121  # each run tries the same cases, so that what fails is the change
BATCHES, CASES_AT_ONCE = 100, 200  # 20,000 in all
PARTS = 4  # so that workers share them
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # half an hour of summer time
    "Antarctica/Troll",  # two hours of it
    "Pacific/Chatham",
    "America/Santiago",  # changes at midnight
]
NAMES = {
    3: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
    4: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
}
BOUNDS = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)]


def next_times(connection: Connection, cases: Sequence[tuple[str, str, datetime]]) -> list[datetime | None]:
    """What the function says for (expression, zone, after)."""
    rows = connection.execute(
        "select private.next_cron_time(c.expression, c.zone, c.after) as at "
        "from unnest(%s::text[], %s::text[], %s::timestamptz[]) with ordinality as c (expression, zone, after, n) "
        "order by c.n",
        [list(part) for part in zip(*cases, strict=True)],
    ).fetchall()
    return [row["at"] for row in rows]


def next_time(connection: Connection, expression: str, zone: str, after: str) -> str | None:
    """The next time on the clocks of the zone, with their offset."""
    [at] = next_times(connection, [(expression, zone, datetime.fromisoformat(after).astimezone(UTC))])
    return None if at is None else at.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes")


def problem(connection: Connection, expression: str | None) -> str | None:
    row = connection.execute("select private.find_cron_problem(%s) as p", [expression]).fetchone()
    assert row is not None
    found: str | None = row["p"]
    return found


# -- against croniter


def field(dice: Random, position: int) -> str:
    """A field of a cron expression, of every form that has one meaning."""
    low, high = BOUNDS[position]
    width = high - low + 1

    def word(value: int) -> str:
        if position in NAMES and dice.random() < 0.5:
            name = NAMES[position][value - low]
            return name if dice.random() < 0.5 else name.lower()
        return str(value)

    def item() -> str:
        form = dice.choice(["value", "range", "range/step", "*/step", "value/step"])
        value = dice.choice([low, high, dice.randint(low, high), dice.randint(low, high)])
        step = dice.choice([1, width, dice.randint(1, width), dice.randint(1, width)])
        if form == "value" or (value == high and form.startswith("range")):
            return word(value)
        if form == "*/step":
            return f"*/{step}"
        if form == "value/step":
            return f"{word(value)}/{step}"
        text = f"{word(value)}-{word(dice.randint(value + 1, high))}"
        return f"{text}/{step}" if form == "range/step" else text

    if dice.randrange(3) == 0:
        return "*"
    return ",".join(item() for _ in range(dice.randint(1, 3)))


def is_every(position: int, field: str, whole: int) -> bool:
    """Whether croniter reads in a field all that may stand there."""
    if field == "*":
        return True
    values = croniter.expand(" ".join(["1"] * position + [field] + ["*"] * (4 - position)))[0][position]
    return values == ["*"] or len(values) == whole


def expression_of(dice: Random) -> str:
    """A cron expression that croniter and cron read alike."""
    parts = [field(dice, position) for position in range(5)]
    # Every day of the week, or of the month, written out: croniter takes some of them for a star. Then it shall be one.
    for position, whole in ((2, 31), (4, 7)):
        if is_every(position, parts[position], whole):
            parts[position] = "*"
    return " ".join(parts)


def first_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The rule in other words: the first time at which the clocks show it, or the first minute after the gap."""
    at = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) == local:
        return at
    while (at - timedelta(minutes=1)).astimezone(zone).utcoffset() == at.astimezone(zone).utcoffset():
        at -= timedelta(minutes=1)
    return at


def expected(expression: str, zone_name: str, after: datetime) -> datetime | None:
    """The first of croniter's times, told without any zone, whose instant comes after `after`."""
    fields = expression.split()
    # Where it is another: croniter takes */2 for a given day, so that either day will do; cron, as we do, for a star.
    day_or = not (fields[2].startswith("*") or fields[4].startswith("*"))
    if fields[1].startswith("*") or is_every(1, fields[1], 24):
        return expected_in_real_time(expression, zone_name, after, day_or=day_or)
    zone = ZoneInfo(zone_name)
    local = after.astimezone(zone).replace(tzinfo=None, fold=0) - timedelta(hours=3)
    for naive in naive_times(expression, local, day_or=day_or):
        if (at := first_instant(naive, zone)) > after:
            return at
    return None


def expected_in_real_time(expression: str, zone_name: str, after: datetime, *, day_or: bool) -> datetime | None:
    """The same where the hour is a star: whenever the clocks really show one of croniter's times."""
    zone, skip_until = ZoneInfo(zone_name), after
    edges = [datetime(2023, 12, 1, tzinfo=UTC), *CHANGES[zone_name], datetime(2074, 1, 1, tzinfo=UTC)]
    for begin, end in pairwise(edges):
        if end <= skip_until:
            continue
        offset = begin.astimezone(zone).utcoffset()
        assert offset is not None
        low = max(begin - timedelta(seconds=1), after)
        naive = next(naive_times(expression, (low + offset).replace(tzinfo=None), day_or=day_or), None)
        if naive is None:
            return None
        if (at := naive.replace(tzinfo=UTC) - offset) < end:
            return at
        skip_until = at - timedelta(days=1)  # no other offset brings it sooner than that
    return None


def naive_times(expression: str, after: datetime, *, day_or: bool) -> Iterator[datetime]:
    times = croniter(expression, after, max_years_between_matches=41, day_or=day_or)
    while True:
        try:
            yield times.get_next(datetime)
        except CroniterBadDateError:
            return


def clock_changes(zone_name: str) -> list[datetime]:
    """The first minute of every new offset of a zone, from 2024 to 2073."""
    zone, at, found = ZoneInfo(zone_name), datetime(2024, 1, 1, tzinfo=UTC), []
    while at.year < 2074:
        high = at + timedelta(days=1)
        if at.astimezone(zone).utcoffset() != high.astimezone(zone).utcoffset():
            low = at
            while high - low > timedelta(minutes=1):
                middle = low + (high - low) // 2
                middle -= timedelta(seconds=middle.second, microseconds=middle.microsecond)
                if middle.astimezone(zone).utcoffset() == at.astimezone(zone).utcoffset():
                    low = middle
                else:
                    high = middle
            found.append(high)
        at += timedelta(days=1)
    return found


CHANGES = {name: clock_changes(name) for name in ZONES}


NINE_YEARS = 9 * 365 * 86400
NEAR = [(name, at) for name in ZONES for at in CHANGES[name] if at.year < 2033]


def moment(dice: Random) -> tuple[str, datetime]:
    """A zone and a moment: anywhere in the years, or within two days of a change of its clocks, also to the second."""
    if dice.random() < 0.5:
        return dice.choice(ZONES), datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=dice.randint(0, NINE_YEARS))
    name, at = dice.choice(NEAR)
    seconds = dice.choice([0, -1, 1, 60 * dice.randint(-2880, 1440), *[dice.randint(-2 * 86400, 86400)] * 4])
    return name, at + timedelta(seconds=seconds)


def cases_of(dice: Random) -> list[tuple[str, str, datetime]]:
    """A batch of (expression, zone, after)."""
    return [(expression_of(dice), *moment(dice)) for _ in range(CASES_AT_ONCE)]


@pytest.mark.parametrize("part", range(PARTS))
def test_next_times_are_those_of_croniter_in_every_zone(owner: Connection, part: int) -> None:
    dice = Random(SEED + part)  # noqa: S311 — cases, no secrets
    for _ in range(BATCHES // PARTS):
        cases = cases_of(dice)
        found = zip(cases, next_times(owner, cases), (expected(*case) for case in cases), strict=True)
        wrong = [(case, got, wanted) for case, got, wanted in found if got != wanted]
        assert wrong == [], f"seed {SEED + part}"


# -- against cronsim, which has the rules of Debian's cron, about days and clocks as well


# cronsim counts the hours of these from full hours of UTC, and does not always come to an end.
NO_FULL_HOURS = ("Australia/Lord_Howe", "Pacific/Chatham")


def without_step(item: str) -> str:
    """A day of the week and a step, which ends with the week, written out."""
    day, _, step = item.partition("/")
    if not step or "-" in day or day == "*":
        return item
    first = NAMES[4].index(day) if day in NAMES[4] else int(day)
    return ",".join(str(number) for number in range(first, 7, int(step)))


def simulated(expression: str, zone_name: str, after: datetime) -> datetime | None:
    """cronsim's first time after `after`; a time that came twice makes it begin before that."""
    *fields, weekday = expression.split()
    # It has two numbers for Sunday, so that to it SAT/1 ends on Sunday; to us, a week ends on Saturday.
    weekday = ",".join(without_step(item) for item in weekday.upper().split(","))
    start = (after - timedelta(hours=3)).astimezone(ZoneInfo(zone_name))
    for at in CronSim(" ".join([*fields, weekday]), start):
        if at.astimezone(UTC) > after:
            return at.astimezone(UTC)
    return None


def is_read_otherwise(expression: str) -> bool:
    """Where cronsim and we differ about when hours are chosen, and our rule wins.

    It takes a star in the minute for real time as well (we: the hour decides, so that `*/15 2 * * *` is not lost in
    spring), and the hours 0-23 written out for chosen ones (we: all of them are as good as a star).
    """
    minute, hour, *_ = expression.split()
    return hour.startswith("*") is not minute.startswith("*") or (not hour.startswith("*") and is_every(1, hour, 24))


def test_next_times_are_those_of_cronsim_but_for_what_counts_as_a_chosen_hour(owner: Connection) -> None:
    differing = 0
    for part in range(PARTS):
        dice = Random(SEED + part)  # noqa: S311 — cases, no secrets
        for _ in range(BATCHES // PARTS):
            cases = [(e, "Europe/Berlin" if z in NO_FULL_HOURS else z, after) for e, z, after in cases_of(dice)]
            for case, got in zip(cases, next_times(owner, cases), strict=True):
                if got is None or got - case[2] > timedelta(days=3660):
                    continue  # further ahead than it is asked here
                wanted = simulated(*case)
                if got != wanted:
                    # A midnight that clocks skip is a run to it, whatever the hours: of America/Santiago.
                    assert is_read_otherwise(case[0]) or wanted in CHANGES[case[1]], (case, got, wanted)
                    near = [change for change in CHANGES[case[1]] if abs(change - min(got, wanted)) < timedelta(days=1)]
                    assert near, (case, got, wanted)
                    differing += 1
    assert 0 < differing < 200, "of 20,000"


# -- meanings, one by one


@pytest.mark.parametrize(
    ("expression", "after", "following"),
    [
        ("0 9 * * *", "2025-01-15T10:30:00Z", "2025-01-16T09:00+00:00"),
        ("0 9 * * 1-5", "2025-01-17T09:00:00Z", "2025-01-20T09:00+00:00"),
        ("0 9 * * MON-FRI", "2025-01-17T08:59:59.5Z", "2025-01-17T09:00+00:00"),
        ("0 */2 * * *", "2025-01-15T10:00:00Z", "2025-01-15T12:00+00:00"),
        ("0 0 1 * *", "2025-12-15T00:00:00Z", "2026-01-01T00:00+00:00"),
        ("*/15 * * * *", "2025-01-15T10:59:00Z", "2025-01-15T11:00+00:00"),
        ("  5\t0  * jan Sun  ", "2025-02-01T00:00:00Z", "2026-01-04T00:05+00:00"),
        ("0 0 * * 7", "2025-01-15T00:00:00Z", "2025-01-19T00:00+00:00"),
        ("0 0 * * SAT-SUN", "2025-01-18T00:00:00Z", "2025-01-19T00:00+00:00"),
        ("0 0 * * 5-7", "2025-01-18T00:00:00Z", "2025-01-19T00:00+00:00"),
        ("0 0 13 * FRI", "2025-01-10T00:00:00Z", "2025-01-13T00:00+00:00"),  # either will do
        ("0 0 13 * FRI", "2025-01-13T00:00:00Z", "2025-01-17T00:00+00:00"),
        ("0 0 30 2 MON", "2025-01-15T00:00:00Z", "2025-02-03T00:00+00:00"),
        ("0 0 */2 * MON", "2025-01-15T00:00:00Z", "2025-01-27T00:00+00:00"),  # a Monday of an odd day
        ("0 0 13 * */5", "2025-01-15T00:00:00Z", "2025-04-13T00:00+00:00"),  # a 13th that is a Sunday or Friday
        ("0 0 29 2 */7", "2032-02-29T00:00:00Z", "2060-02-29T00:00+00:00"),
        ("0 0 29 2 *", "2024-02-29T00:00:00Z", "2028-02-29T00:00+00:00"),
        ("0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00+00:00"),  # 2100 is no leap year
        ("@hourly", "2025-01-15T10:30:00Z", "2025-01-15T11:00+00:00"),
        ("@Daily", "2025-01-15T10:30:00Z", "2025-01-16T00:00+00:00"),
        ("@weekly", "2025-01-15T10:30:00Z", "2025-01-19T00:00+00:00"),
        ("0 0 * * 7-7", "2025-01-15T10:30:00Z", "2025-01-19T00:00+00:00"),
        ("0 0 * * 7/2", "2025-01-15T10:30:00Z", "2025-01-16T00:00+00:00"),
        ("0 0 * * 7-2", "2025-01-21T10:30:00Z", "2025-01-26T00:00+00:00"),
        ("@monthly", "2025-01-15T10:30:00Z", "2025-02-01T00:00+00:00"),
        ("@yearly", "2025-01-15T10:30:00Z", "2026-01-01T00:00+00:00"),
    ],
)
def test_an_expression_means_what_cron_says(owner: Connection, expression: str, after: str, following: str) -> None:
    assert problem(owner, expression) is None
    assert next_time(owner, expression, "UTC", after) == following


@pytest.mark.parametrize(
    ("zone", "expression", "after", "following"),
    [
        # 02:00 to 03:00 is skipped in the night to 29 March 2026
        ("Europe/Berlin", "30 2 * * *", "2026-03-28T02:30:00+01:00", "2026-03-29T03:00+02:00"),
        ("Europe/Berlin", "30 2 * * *", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30+02:00"),
        ("Europe/Berlin", "*/15 2-3 29 3 *", "2026-03-29T03:00:00+02:00", "2026-03-29T03:15+02:00"),
        ("Australia/Lord_Howe", "10 2 * * *", "2026-10-03T12:00:00+10:30", "2026-10-04T02:30+11:00"),
        ("Antarctica/Troll", "30 1 * * *", "2026-03-28T12:00:00+00:00", "2026-03-29T03:00+02:00"),
        ("America/Santiago", "0 0 6 9 *", "2026-09-01T00:00:00-04:00", "2026-09-06T01:00-03:00"),
        # 02:00 to 03:00 comes twice in the night to 25 October 2026
        ("Europe/Berlin", "30 2 * * *", "2026-10-24T12:00:00+02:00", "2026-10-25T02:30+02:00"),
        ("Europe/Berlin", "30 2 * * *", "2026-10-25T02:30:00+02:00", "2026-10-26T02:30+01:00"),
        ("Europe/Berlin", "30 2 * * *", "2026-10-25T02:10:00+01:00", "2026-10-26T02:30+01:00"),
        # a day that Samoa never had
        ("Pacific/Apia", "0 12 30 12 *", "2011-12-29T13:00:00-10:00", "2011-12-31T00:00+14:00"),
    ],
)
def test_a_skipped_time_moves_to_the_next_minute_and_a_repeated_one_counts_once(
    owner: Connection, zone: str, expression: str, after: str, following: str
) -> None:
    assert next_time(owner, expression, zone, after) == following


@pytest.mark.parametrize(
    ("zone", "expression", "after", "following"),
    [
        ("Europe/Berlin", "*/15 * * * *", "2026-10-25T02:45:00+02:00", "2026-10-25T02:00+01:00"),
        ("Europe/Berlin", "*/5 * * * *", "2026-10-25T02:55:00+02:00", "2026-10-25T02:00+01:00"),
        ("Europe/Berlin", "0 */2 * * *", "2026-10-25T02:00:00+02:00", "2026-10-25T02:00+01:00"),
        ("Europe/Berlin", "30 0-23 * * *", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30+01:00"),
        ("Europe/Berlin", "45 * * * *", "2026-03-29T01:45:00+01:00", "2026-03-29T03:45+02:00"),
        ("Europe/Berlin", "0 */2 * * *", "2026-03-29T00:00:00+01:00", "2026-03-29T04:00+02:00"),
        ("Australia/Lord_Howe", "*/10 * * * *", "2027-04-04T01:50:00+11:00", "2027-04-04T01:30+10:30"),
        ("America/Santiago", "0 */12 * * *", "2026-09-05T12:00:00-04:00", "2026-09-06T12:00-03:00"),
        # set back at one minute past midnight, so that the day before ends a second time
        ("America/St_Johns", "10 * 6 11 *", "2010-11-06T23:10:00-02:30", "2010-11-06T23:10-03:30"),
        ("America/St_Johns", "0 * * * *", "2010-11-06T23:00:00-02:30", "2010-11-07T00:00-02:30"),
        ("America/St_Johns", "0 * * * *", "2010-11-07T00:00:00-02:30", "2010-11-07T00:00-03:30"),
    ],
)
def test_where_the_hour_is_a_star_real_time_counts(
    owner: Connection, zone: str, expression: str, after: str, following: str
) -> None:
    assert next_time(owner, expression, zone, after) == following


@pytest.mark.parametrize("expression", ["0 0 * * FOO", "", "* * * *", "99 * * * *", "@never", None])
def test_an_expression_that_became_invalid_is_an_error_and_never_a_search_without_end(
    owner: Connection, expression: str | None
) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="invalid cron expression"):
        owner.execute("select private.next_cron_time(%s, 'UTC', now())", [expression])


def test_closed_days_are_left_out(owner: Connection) -> None:
    def day(closed: str, expression: str = "0 9 * * *") -> date | None:
        row = owner.execute(
            "select private.next_cron_time(%s, 'UTC', '2026-12-23T12:00:00Z', %s)::date as day", [expression, closed]
        ).fetchone()
        assert row is not None
        found: date | None = row["day"]
        return found

    assert day("{}") == date(2026, 12, 24)
    assert day("{[2026-12-24,2026-12-27),[2026-12-27,2026-12-28)}") == date(2026, 12, 28)
    assert day("{[2026-12-24,2027-01-02)}", "0 9 25 12 *") == date(2027, 12, 25)
    assert day("{[2020-01-01,2100-01-01)}") is None


@pytest.mark.parametrize("expression", ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "0 0 30 2 */2"])
def test_a_date_that_never_comes_is_found_out_and_never_searched_for_ever(owner: Connection, expression: str) -> None:
    assert "day of month" in (problem(owner, expression) or "")
    assert next_time(owner, expression, "UTC", "2026-01-01T00:00:00Z") is None


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        (None, "1 to 255 characters"),
        (" ", "1 to 255 characters"),
        ("* " * 200, "1 to 255 characters"),
        ("* * * *", "five fields (minute, hour, day of month, month, day of week), it has 4."),
        ("0 0 * * * *", "it has 6."),
        ("@often", "@often is none of"),
        ("@midnight x", "nothing may follow @midnight."),
        ("0 0 * * 7-8", "day of week is wrong: '7-8' must lie between 0 and 7."),
        ("@reboot", "@reboot is none of"),
        ("60 * * * *", "minute is wrong: '60' must lie between 0 and 59."),
        ("-1 * * * *", "minute is wrong"),
        ("1.5 * * * *", "minute is wrong"),
        (", * * * *", "minute is wrong"),
        ("1,,2 * * * *", "minute is wrong"),
        ("0 24 * * *", "hour is wrong: '24' must lie between 0 and 23."),
        ("0 9-5 * * *", "hour is wrong: '9-5' ends before it begins."),
        ("0 */0 * * *", "hour is wrong: '*/0' must have a step between 1 and 24."),
        ("0 */25 * * *", "hour is wrong"),
        ("0 MON * * *", "hour is wrong: 'MON' has a name, and this field knows numbers only."),
        ("0 0 0 * *", "day of month is wrong: '0' must lie between 1 and 31."),
        ("0 0 L * *", "day of month is wrong"),
        ("0 0 ? * *", "day of month is wrong"),
        ("0 0 15W * *", "day of month is wrong"),
        ("0 0 1 13 *", "month is wrong: '13' must lie between 1 and 12."),
        ("0 0 1 MON *", "month is wrong: 'MON' has a name that is none of JAN, FEB"),
        ("0 0 * * 8", "day of week is wrong: '8' must lie between 0 and 7."),
        ("0 0 * * MONDAY", "day of week is wrong"),
        ("0 0 * * FRI#2", "day of week is wrong"),
        ("0 0 * * SAT-MON", "day of week is wrong: 'SAT-MON' ends before it begins."),
        ("9" * 200 + " * * * *", "minute is wrong"),
    ],
)
def test_a_wrong_expression_is_told_by_the_field_that_is_wrong(
    owner: Connection, expression: str | None, words: str
) -> None:
    assert words in (problem(owner, expression) or "")


@pytest.mark.parametrize(
    ("expression", "first", "until", "last"),
    [
        ("* * * * *", "2024-01-01T00:00:00Z", "2026-11-21T10:00:30Z", "2026-11-21T10:00:00Z"),
        ("0 9 * * MON", "2026-11-02T09:00:00Z", "2026-11-16T08:59:59Z", "2026-11-09T09:00:00Z"),
        ("0 9 * * MON", "2026-11-02T09:00:00Z", "2026-11-16T09:00:00Z", "2026-11-16T09:00:00Z"),
        ("0 9 * * MON", "2026-11-02T09:00:00Z", "2026-11-02T09:00:00Z", "2026-11-02T09:00:00Z"),
        ("0 0 29 2 *", "2020-02-29T00:00:00Z", "2026-01-01T00:00:00Z", "2024-02-29T00:00:00Z"),
        ("0,1 0 1 1 *", "2024-01-01T00:00:00Z", "2024-12-31T00:00:00Z", "2024-01-01T00:01:00Z"),
    ],
)
def test_the_newest_due_time_is_found_after_any_silence(
    owner: Connection, expression: str, first: str, until: str, last: str
) -> None:
    row = owner.execute(
        "select private.last_due_time(jsonb_populate_record(null::public.schedules, jsonb_build_object("
        "'frequency', 'cron', 'cron_expression', %s::text, 'timezone', 'UTC')), %s, %s) as at",
        [expression, first, until],
    ).fetchone()
    assert row == {"at": datetime.fromisoformat(last)}
