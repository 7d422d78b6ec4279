"""A schedule of CasareRPA as one of ours."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from casare_cloud.engine.models import JobPriority
from casare_cloud.errors import InvalidArgument


class NotTaken(ValueError):
    """A schedule that cannot run here; the sentence says why."""


@dataclass
class Translated:
    """The fields of a schedule, as the orchestrator takes them, and what is different from how it ran there."""

    fields: dict[str, Any]
    remarks: list[str] = field(default_factory=list)


def translate(data: Mapping[str, Any], now: datetime) -> Translated:
    """The schedule as ours. Raises `NotTaken`."""
    remarks: list[str] = []
    zone = str(data.get("timezone") or "UTC")
    frequency = str(data.get("frequency") or "daily")
    try:
        priority = JobPriority.read(data.get("priority", JobPriority.NORMAL)).stored
    except InvalidArgument as error:
        raise NotTaken(error.message) from error
    fields: dict[str, Any] = {
        "timezone": zone,
        "priority": priority,
        "enabled": bool(data.get("enabled", True)),
        "robot_id": data.get("robot_id") or None,
    }
    due = _time(data.get("next_run"), zone)
    if frequency == "cron":
        fields["cron_expression"] = _cron(str(data.get("cron_expression") or ""), remarks)
    elif frequency == "once":
        if due is None:
            raise NotTaken("it says no time (next_run)")
        if due <= now:
            raise NotTaken(f"its time has passed ({due.isoformat()})")
        fields |= {"frequency": "once", "run_at": due.isoformat()}
    elif frequency in ("hourly", "daily", "weekly", "monthly"):
        fields["frequency"] = frequency
        if due is not None:
            minute = due.replace(second=0, microsecond=0)
            fields["starts_at"] = minute.isoformat()
            if minute != due:
                remarks.append(f"it ran at {due:%H:%M:%S} UTC, and runs at the full minute here")
        else:
            remarks.append("it says no next run, so it runs when its hour, day, week or month begins")
        if frequency == "monthly":
            remarks.append("it ran every 30 days, and runs on the same day of each month here")
    else:
        raise NotTaken(f"its frequency is {frequency!r}")
    return Translated(fields, remarks)


def _cron(expression: str, remarks: list[str]) -> str:
    parts = expression.split()
    if len(parts) == 6:
        if parts[0] != "0":
            raise NotTaken(f"its cron expression names seconds ({expression}), and a schedule has none here")
        parts = parts[1:]
    if len(parts) == 5 and re.search(r"\d", parts[4].split("/")[0].partition("#")[0]):
        remarks.append(
            f"its days of the week ({parts[4]}) count from Sunday = 0 here; where it ran they may have counted from "
            "Monday = 0: look at its next runs"
        )
    return " ".join(parts)


def _time(text: Any, zone: str) -> datetime | None:
    """A time of the installation; one without a zone is on the clocks of the schedule's."""
    if not text:
        return None
    try:
        time = datetime.fromisoformat(str(text))
        return (time.replace(tzinfo=ZoneInfo(zone)) if time.tzinfo is None else time).astimezone(UTC)
    except (ValueError, KeyError, OSError) as error:  # no time, or no such zone
        raise NotTaken(f"its next run cannot be read: {error}") from error
