"""Dates and times."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from casare_cloud.robot.executor.context import NodeRun
from casare_cloud.robot.executor.declarations import anything, flag, integer, number, text
from casare_cloud.robot.executor.errors import NodeInputError
from casare_cloud.robot.executor.registry import node
from casare_cloud.robot.executor.templates import as_text
from casare_cloud.robot.transport import shortened


def read_time(value: Any, written_as: str = "") -> datetime:
    """A time from ISO 8601 text, seconds since 1970, or text of the given strptime form."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        if written_as:
            return datetime.strptime(as_text(value), written_as)
        return datetime.fromisoformat(as_text(value))
    except (ValueError, OverflowError, OSError) as error:
        raise NodeInputError(f"{shortened(as_text(value), 60)!r} is not a time: {error}") from error


PARTS = ("year", "month", "day", "hour", "minute", "second")


@node(
    "GetCurrentDateTimeNode",
    "GetDateTimeNode",
    takes=(text("timezone"), text("format")),
    gives=("datetime", "timestamp", "day_of_week", *PARTS),
)
def current(run: NodeRun) -> Mapping[str, Any]:
    """The time now: of this machine, or in the given time zone."""
    zone = run.text("timezone")
    where: tzinfo | None = None
    if zone and zone.lower() != "local":
        try:
            where = UTC if zone.upper() == "UTC" else ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise NodeInputError(f"{zone} is not a timezone") from error
    now = datetime.now(where)
    written = run.text("format")
    return {
        "datetime": now.strftime(written) if written else now.isoformat(timespec="seconds"),
        "timestamp": now.timestamp(),
        "day_of_week": now.strftime("%A"),
        **{part: getattr(now, part) for part in PARTS},
    }


@node(
    "FormatDateTimeNode",
    takes=(anything("datetime"), text("input_format"), text("format", default="%Y-%m-%d %H:%M:%S")),
    gives=("result",),
    needs=("datetime",),
)
def format_(run: NodeRun) -> Mapping[str, Any]:
    """A time as text."""
    time = read_time(run.need("datetime"), run.text("input_format"))
    return {"result": time.strftime(run.text("format"))}


_USUAL_FORMS = ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y", "%d-%m-%Y", "%Y/%m/%d")


def _usual_form(written: Any) -> str:
    """The first of these forms that a text has, or "" for ISO 8601."""
    for form in _USUAL_FORMS if isinstance(written, str) else ():
        with suppress(ValueError):
            datetime.strptime(written, form)
            return form
    return ""


@node(
    "ParseDateTimeNode",
    takes=(text("datetime_string", "datetime", default=None), text("format")),
    gives=("iso_format", "timestamp", "success", *PARTS),
    needs=("datetime_string",),
)
def parse(run: NodeRun) -> Mapping[str, Any]:
    """A time from text: of the form `format`, else ISO 8601 or one of the usual forms (the day before the month)."""
    written = run.need("datetime_string")
    time = read_time(written, run.text("format") or _usual_form(written))
    whole = {"iso_format": time.isoformat(), "timestamp": time.timestamp(), "success": True}
    return {**whole, **{part: getattr(time, part) for part in PARTS}}


UNITS = ("weeks", "days", "hours", "minutes", "seconds")


@node(
    "DateTimeAddNode",
    takes=(
        anything("datetime"),
        integer("years", default=0),
        integer("months", default=0),
        *(number(unit, default=0) for unit in UNITS),
    ),
    gives=("result", "timestamp"),
    needs=("datetime",),
)
def add(run: NodeRun) -> Mapping[str, Any]:
    """A time that is so much later, or earlier for negative numbers."""
    units = {unit: float(run.number(unit)) for unit in UNITS}
    time = read_time(run.need("datetime"))
    months = time.month - 1 + run.integer("months") + 12 * run.integer("years")
    year, month = time.year + months // 12, months % 12 + 1
    last = (datetime(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    result = time.replace(year=year, month=month, day=min(time.day, last)) + timedelta(**units)
    return {"result": result.isoformat(), "timestamp": result.timestamp()}


TOTALS = ("total_seconds", "total_minutes", "total_hours", "total_days")


@node(
    "DateTimeDiffNode",
    takes=(anything("datetime_1"), anything("datetime_2")),
    gives=(*TOTALS, "days", "hours", "minutes", "seconds"),
    needs=(
        "datetime_1",
        "datetime_2",
    ),
)
def difference(run: NodeRun) -> Mapping[str, Any]:
    """From `datetime_1` to `datetime_2`: in all, and as days, hours, minutes and seconds (days carry the sign)."""
    seconds = (read_time(run.need("datetime_2")) - read_time(run.need("datetime_1"))).total_seconds()
    return {
        "total_seconds": seconds,
        "total_minutes": seconds / 60,
        "total_hours": seconds / 3600,
        "total_days": seconds / 86400,
        "days": int(seconds / 86400),
        "hours": int(abs(seconds) % 86400 // 3600),
        "minutes": int(abs(seconds) % 3600 // 60),
        "seconds": int(abs(seconds) % 60),
    }


@node("GetTimestampNode", takes=(flag("milliseconds"),), gives=("timestamp",))
def timestamp(run: NodeRun) -> Mapping[str, Any]:
    """Seconds since 1970, or milliseconds."""
    now = datetime.now(UTC).timestamp()
    return {"timestamp": int(now * 1000) if run.flag("milliseconds") else int(now)}
