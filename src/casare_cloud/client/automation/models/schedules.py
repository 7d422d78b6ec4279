"""Schedules. Ids are UUIDs, times ISO 8601."""

from typing import TypedDict


class Schedule(TypedDict):
    """A schedule; `next_run_at` is null while it is not enabled."""

    id: str
    workflow_id: str
    workflow_name: str
    name: str
    cron_expression: str | None
    timezone: str
    is_enabled: bool
    next_run_at: str | None
    last_run_at: str | None
    created_at: str
    updated_at: str


class ScheduleList(TypedDict):
    """A page of schedules, the newest first."""

    items: list[Schedule]
    total: int
    page: int
    per_page: int
    pages: int
