"""iCalendar files (RFC 5545): events of whole days become closed days, others become blackouts."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from casare_cloud.domain.calendars.model import Import
from casare_cloud.errors import InvalidArgument

MAX_BYTES = 1_000_000
MAX_EVENTS = 2000
MAX_DAYS = 366  # of one event
MAX_REPEATS = 500
_NAME = 255


def read_ical(content: bytes, timezone: str, today: date, years_ahead: int = 5) -> Import:
    """What a file says of the time from a year ago to some years ahead; times without a zone are of `timezone`.

    Cancelled events do not count; an event that repeats more often than each day, or that cannot be read, is counted as
    ignored. Raises 400 INVALID_ARGUMENT for what is no iCalendar file, or is too large.
    """
    from icalendar import Calendar  # slow to load, and few requests need it

    if len(content) > MAX_BYTES:
        raise InvalidArgument(f"file: must not be larger than {MAX_BYTES // 1_000_000} MB.")
    try:
        calendars = Calendar.from_ical(content, multiple=True)
        components = [event for calendar in calendars for event in calendar.walk("VEVENT")]
    except (ValueError, IndexError, KeyError, AttributeError) as error:
        raise InvalidArgument("file: must be an iCalendar file (BEGIN:VCALENDAR …).") from error
    if not calendars:
        raise InvalidArgument("file: must be an iCalendar file (BEGIN:VCALENDAR …).")
    if len(components) > MAX_EVENTS:
        raise InvalidArgument(f"file: must not have more than {MAX_EVENTS} events.")
    first, last = today - timedelta(days=366), date(today.year + years_ahead, 12, 31)
    rules: dict[str, dict[str, Any]] = {}
    blackouts: dict[tuple[str, str], dict[str, Any]] = {}
    ignored = 0
    for event in components:
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            continue
        try:
            name = " ".join(str(event.get("SUMMARY", "")).split())[:_NAME] or "Closed"
            for starts, ends in _occurrences(event, ZoneInfo(timezone), first, last):
                if isinstance(starts, datetime):
                    span = _iso(starts), _iso(ends)
                    blackouts[span] = {"starts_at": span[0], "ends_at": span[1], "reason": name}
                else:
                    for number in range((ends - starts).days):
                        day = (starts + timedelta(days=number)).isoformat()
                        rules.setdefault(day, {"type": "date", "date": day, "name": name})
        except (ValueError, OverflowError, TypeError, KeyError, AttributeError):
            ignored += 1
    return Import(list(rules.values()), list(blackouts.values()), ignored)


def _occurrences(event: Any, zone: ZoneInfo, first: date, last: date) -> Iterator[tuple[Any, Any]]:
    """(start, end) of each time that an event comes: dates of an event of whole days, else moments."""
    starts = event["DTSTART"].dt
    is_whole_day = not isinstance(starts, datetime)
    starts = starts if is_whole_day else _aware(starts, zone)
    length = _length(event, starts, zone)
    if length <= timedelta(0) or length > timedelta(days=MAX_DAYS):
        raise ValueError("no length that counts")
    for at in _starts(event, starts, first, last):
        begin = at.date() if is_whole_day else at
        if first <= at.date() <= last:
            yield begin, begin + length


def _length(event: Any, starts: Any, zone: ZoneInfo) -> timedelta:
    if "DTEND" in event:
        ends = event["DTEND"].dt
        return (ends if not isinstance(ends, datetime) else _aware(ends, zone)) - starts  # type: ignore[no-any-return]
    if "DURATION" in event:
        return event["DURATION"].dt  # type: ignore[no-any-return]
    return timedelta(days=1) if not isinstance(starts, datetime) else timedelta(0)


def _starts(event: Any, starts: Any, first: date, last: date) -> Iterator[datetime]:
    """The clock times at which an event begins, with those that repeat it and without exceptions."""
    from dateutil.rrule import rruleset, rrulestr

    at = starts if isinstance(starts, datetime) else datetime.combine(starts, time())
    if "RRULE" not in event and "RDATE" not in event:
        yield at
        return
    if at.year < 1970:
        raise ValueError("begins too long ago")
    clock = at.replace(tzinfo=None)
    times = rruleset()
    times.rdate(clock)
    for text in _texts(event.get("RRULE")):
        if not any(f"FREQ={frequency}" in text for frequency in ("YEARLY", "MONTHLY", "WEEKLY", "DAILY")):
            raise ValueError("repeats too often")
        # The end is ours: a day that never comes would be looked for until the year 9999.
        kept = ";".join(part for part in text.split(";") if not part.startswith("UNTIL="))
        until = min(_until(text, at), datetime.combine(last, time.max))
        rule = rrulestr(kept, dtstart=clock)
        times.rrule(rule.replace(until=until) if "COUNT=" not in text else rule)
    for day in _dates(event.get("RDATE")):
        times.rdate(_clock(day, clock))
    for day in _dates(event.get("EXDATE")):
        times.exdate(_clock(day, clock))
    begin, end = datetime.combine(first, time()), datetime.combine(last, time.max)
    for found in islice(times.xafter(begin, inc=True), MAX_REPEATS):
        if found > end:
            return
        yield found.replace(tzinfo=at.tzinfo)


def _until(text: str, at: datetime) -> datetime:
    for part in text.split(";"):
        if part.startswith("UNTIL="):
            digits = part.removeprefix("UNTIL=")
            until = datetime.strptime(digits[:8], "%Y%m%d")
            if "T" not in digits:
                return datetime.combine(until.date(), time.max)
            until = datetime.strptime(digits[:15], "%Y%m%dT%H%M%S")
            if digits.endswith("Z") and at.tzinfo is not None:
                return until.replace(tzinfo=UTC).astimezone(at.tzinfo).replace(tzinfo=None)
            return until
    return datetime.max.replace(microsecond=0)


def _texts(rules: Any) -> Iterator[str]:
    for rule in rules if isinstance(rules, list) else [rules] if rules is not None else []:
        yield rule.to_ical().decode()


def _dates(lists: Any) -> Iterator[Any]:
    for one in lists if isinstance(lists, list) else [lists] if lists is not None else []:
        for item in one.dts:
            yield item.dt


def _clock(day: date, clock: datetime) -> datetime:
    return day.replace(tzinfo=None) if isinstance(day, datetime) else datetime.combine(day, clock.time())


def _aware(moment: Any, zone: ZoneInfo) -> datetime:
    at = moment if isinstance(moment, datetime) else datetime.combine(moment, time())
    return at if at.tzinfo is not None else at.replace(tzinfo=zone)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
