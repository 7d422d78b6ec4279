"""Figures, the audit log, activity and notifications. Ids are UUIDs, times ISO 8601."""

from typing import Any, TypedDict


class Actions(TypedDict):
    """Which actions the log tells of."""

    actions: list[str]


class ActionCount(TypedDict):
    """How often something was done."""

    action: str
    count: int


class ActivitySummary(TypedDict):
    """How often what was done, of the newest 10,000."""

    summary: list[ActionCount]
    period_days: int
    total: int


class ActivityItem(TypedDict):
    """Something that was done."""

    id: str
    action: str
    resource_type: str
    resource_id: str | None
    actor_id: str | None
    actor_name: str
    description: str
    icon: str
    color: str
    timestamp: str
    metadata: dict[str, Any]


class ActivityTimeline(TypedDict):
    """What was done, the newest first; `grouped` by the day (UTC), `total` as many as are shown."""

    activities: list[ActivityItem]
    grouped: dict[str, list[ActivityItem]]
    total: int
    period_days: int


class AnalyticsOverview(TypedDict):
    """How the executions of the period ended; a cancelled one is neither successful nor failed."""

    total_executions: int
    successful_executions: int
    failed_executions: int
    average_duration_ms: int
    success_rate: float
    period_days: int


class AuditEntry(TypedDict):
    """A change; `user_id` is the user's, the agent's or the key's that made it."""

    id: str
    user_id: str | None
    user_email: str | None
    resource_type: str
    resource_id: str
    action: str
    old_values: dict[str, Any] | None
    new_values: dict[str, Any] | None
    ip_address: str | None
    created_at: str


class AuditLog(TypedDict):
    """Changes, the newest first, of the 10,000 that an answer looks through; `total` counts those that match.

    `looked_back_to` is when the oldest change was made that was looked at; None: all were looked at.
    """

    audit_logs: list[AuditEntry]
    total: int
    page: int
    per_page: int
    looked_back_to: str | None


class AuditStats(TypedDict):
    """How often what was done to what, of the newest 100,000 changes."""

    total: int
    by_action: dict[str, int]
    by_resource_type: dict[str, int]


class DashboardStats(TypedDict):
    """Figures of all the organization's life. `success_rate` is the percentage of those that completed or failed."""

    total_workflows: int
    active_workflows: int
    total_executions: int
    running_executions: int
    completed_executions: int
    failed_executions: int
    pending_executions: int
    avg_duration_ms: int
    success_rate: float
    agents_online: int
    agents_total: int
    schedules_active: int


class TimelinePoint(TypedDict):
    """How many executions ended in an hour, a day or a week of UTC that begins then."""

    timestamp: str
    count: int
    completed: int
    failed: int


class ExecutionTimeline(TypedDict):
    """Executions by hour, day or week; quiet ones as well."""

    interval: str
    period_days: int
    timeline: list[TimelinePoint]


class Notification(TypedDict):
    """Something that happened; the id is the number of its event."""

    id: str
    type: str
    title: str
    message: str
    resource_type: str
    resource_id: str | None
    read: bool
    created_at: str
    metadata: dict[str, Any]


class NotificationList(TypedDict):
    """What happened in the last 30 days, the newest first."""

    notifications: list[Notification]
    total: int


class NotificationRead(TypedDict):
    """It was marked as read."""

    success: bool


class Figures(TypedDict):
    """How the executions of a workflow ended."""

    workflow_id: str
    workflow_name: str
    execution_count: int
    success_count: int
    failure_count: int
    average_duration_ms: int
    success_rate: float
    last_execution: str | None


class Performance(TypedDict):
    """The workflows whose executions ended most often."""

    period_days: int
    limit: int
    workflows: list[Figures]


class ResourceTypes(TypedDict):
    """Which kinds of things the log tells of."""

    resource_types: list[str]
