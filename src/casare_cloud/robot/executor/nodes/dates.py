"""Dates and times."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from casare_cloud.robot.executor.context import NodeRun
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


@node("GetCurrentDateTimeNode", "GetDateTimeNode")
def current(run: NodeRun) -> Mapping[str, Any]:
    zone = run.text("timezone")
    where: tzinfo | None = None
    if zone and zone.lower() != "local":
        try:
            where = UTC if zone.upper() == "UTC" else ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise NodeInputError(f"{zone} is not a timezone") from error
    now = datetime.now(where)
    written = run.text("format")
    parts = ("year", "month", "day", "hour", "minute", "second")
    return {
        "datetime": now.strftime(written) if written else now.isoformat(timespec="seconds"),
        "timestamp": now.timestamp(),
        "day_of_week": now.strftime("%A"),
        **{part: getattr(now, part) for part in parts},
    }


@node("FormatDateTimeNode")
def format_(run: NodeRun) -> Mapping[str, Any]:
    time = read_time(run.need("datetime"), run.text("input_format"))
    return {"result": time.strftime(run.text("format", default="%Y-%m-%d %H:%M:%S"))}


@node("ParseDateTimeNode")
def parse(run: NodeRun) -> Mapping[str, Any]:
    time = read_time(run.need("datetime_string", "datetime"), run.text("format"))
    parts = ("year", "month", "day", "hour", "minute", "second")
    whole = {"iso_format": time.isoformat(), "timestamp": time.timestamp(), "success": True}
    return {**whole, **{part: getattr(time, part) for part in parts}}


@node("DateTimeAddNode")
def add(run: NodeRun) -> Mapping[str, Any]:
    units = {name: float(run.number(name, default=0)) for name in ("weeks", "days", "hours", "minutes", "seconds")}
    time = read_time(run.need("datetime"))
    months = time.month - 1 + run.integer("months", default=0) + 12 * run.integer("years", default=0)
    year, month = time.year + months // 12, months % 12 + 1
    last = (datetime(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    result = time.replace(year=year, month=month, day=min(time.day, last)) + timedelta(**units)
    return {"result": result.isoformat(), "timestamp": result.timestamp()}


@node("DateTimeDiffNode")
def difference(run: NodeRun) -> Mapping[str, Any]:
    seconds = (read_time(run.need("datetime_2")) - read_time(run.need("datetime_1"))).total_seconds()
    return {
        "total_seconds": seconds,
        "total_minutes": seconds / 60,
        "total_hours": seconds / 3600,
        "total_days": seconds / 86400,
    }


@node("GetTimestampNode")
def timestamp(run: NodeRun) -> Mapping[str, Any]:
    now = datetime.now(UTC).timestamp()
    return {"timestamp": int(now * 1000) if run.flag("milliseconds") else int(now)}
