"""iCalendar files become closed days and blackouts, bounded whatever they say."""

from datetime import date
from typing import Any

import pytest

from casare_cloud.domain.calendars.ical import read_ical
from casare_cloud.errors import InvalidArgument

TODAY = date(2026, 11, 20)


def file_of(*events: str) -> bytes:
    """A calendar of events; each is its lines but BEGIN, END and UID."""
    body = "".join(f"BEGIN:VEVENT\r\nUID:{n}\r\n{event}\r\nEND:VEVENT\r\n" for n, event in enumerate(events))
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\n{body}END:VCALENDAR\r\n".encode()


def days(*events: str) -> list[str]:
    return [rule["date"] for rule in read_ical(file_of(*events), "UTC", TODAY).rules]


def spans(*events: str, timezone: str = "UTC") -> list[tuple[str, str]]:
    found: list[dict[str, Any]] = read_ical(file_of(*events), timezone, TODAY).blackouts
    return [(one["starts_at"], one["ends_at"]) for one in found]


def test_an_event_of_whole_days_is_each_of_its_days() -> None:
    event = "SUMMARY:Works  holidays\r\nDTSTART;VALUE=DATE:20261224\r\nDTEND;VALUE=DATE:20261227"
    assert read_ical(file_of(event), "UTC", TODAY).rules == [
        {"type": "date", "date": f"2026-12-{day}", "name": "Works holidays"} for day in (24, 25, 26)
    ]
    assert days("DTSTART;VALUE=DATE:20261231") == ["2026-12-31"]
    assert days("DTSTART;VALUE=DATE:20261231\r\nDURATION:P2D") == ["2026-12-31", "2027-01-01"]


def test_an_event_with_times_is_a_blackout_in_its_zone_or_the_tenants() -> None:
    assert spans("DTSTART:20270101T100000Z\r\nDTEND:20270101T120000Z") == [
        ("2027-01-01T10:00:00+00:00", "2027-01-01T12:00:00+00:00")
    ]
    assert spans("DTSTART;TZID=Europe/Berlin:20270701T100000\r\nDURATION:PT1H") == [
        ("2027-07-01T08:00:00+00:00", "2027-07-01T09:00:00+00:00")
    ]
    assert spans("DTSTART:20270101T100000\r\nDTEND:20270101T110000", timezone="Asia/Tokyo") == [
        ("2027-01-01T01:00:00+00:00", "2027-01-01T02:00:00+00:00")
    ]


def test_events_that_repeat_are_followed_for_some_years_and_keep_their_clock() -> None:
    yearly = "DTSTART;VALUE=DATE:20201224\r\nRRULE:FREQ=YEARLY"
    assert days(yearly) == [f"{year}-12-24" for year in range(2025, 2032)]
    assert days("DTSTART;VALUE=DATE:20270101\r\nRRULE:FREQ=WEEKLY;COUNT=3\r\nEXDATE;VALUE=DATE:20270108") == [
        "2027-01-01",
        "2027-01-15",
    ]
    assert days("DTSTART;VALUE=DATE:20270101\r\nRRULE:FREQ=DAILY;UNTIL=20270103") == [
        "2027-01-01",
        "2027-01-02",
        "2027-01-03",
    ]
    assert days("DTSTART;VALUE=DATE:20270101\r\nRDATE;VALUE=DATE:20270205") == ["2027-01-01", "2027-02-05"]
    monthly = "DTSTART;TZID=Europe/Berlin:20270215T100000\r\nDURATION:PT1H\r\nRRULE:FREQ=MONTHLY;COUNT=3"
    assert [start for start, _ in spans(monthly)] == [
        "2027-02-15T09:00:00+00:00",
        "2027-03-15T09:00:00+00:00",
        "2027-04-15T08:00:00+00:00",
    ]


def test_what_is_past_cancelled_or_beyond_reach_is_left_out_and_what_cannot_be_read_is_counted() -> None:
    assert days("DTSTART;VALUE=DATE:20200101", "DTSTART;VALUE=DATE:20270101\r\nSTATUS:CANCELLED") == []
    assert days("DTSTART;VALUE=DATE:20400101") == []
    for event in (
        "SUMMARY:no start",
        "DTSTART:20270101T000000Z",  # of no length
        "DTSTART;VALUE=DATE:20270102\r\nDTEND;VALUE=DATE:20270101",
        "DTSTART;VALUE=DATE:20270101\r\nDTEND;VALUE=DATE:20400101",
        "DTSTART:20270101T000000Z\r\nDURATION:PT1S\r\nRRULE:FREQ=SECONDLY",
        "DTSTART;VALUE=DATE:09990101\r\nRRULE:FREQ=DAILY",
    ):
        found = read_ical(file_of(event), "UTC", TODAY)
        assert (found.rules, found.blackouts, found.ignored_events) == ([], [], 1), event


def test_a_rule_that_never_comes_or_comes_for_ever_ends() -> None:
    assert days("DTSTART;VALUE=DATE:20270101\r\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30") == ["2027-01-01"]
    assert len(days("DTSTART;VALUE=DATE:19700101\r\nRRULE:FREQ=DAILY")) == 500


@pytest.mark.parametrize("content", [b"", b"hello", b"\xff\xfe", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", b"[]"])
def test_what_is_no_calendar_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidArgument, match="file: must be an iCalendar file"):
        read_ical(content, "UTC", TODAY)


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="1 MB"):
        read_ical(b"x" * 1_000_001, "UTC", TODAY)
    with pytest.raises(InvalidArgument, match="2000 events"):
        read_ical(file_of(*["DTSTART;VALUE=DATE:20270101"] * 2001), "UTC", TODAY)
