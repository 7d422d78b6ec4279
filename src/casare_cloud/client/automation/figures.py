"""Figures, the audit log, what happened, what a user is told of, and whole lists as files."""

from typing import Literal

from casare_cloud.client.automation.calls import Sender, at, pages
from casare_cloud.client.automation.models import (
    Actions,
    ActivitySummary,
    ActivityTimeline,
    AnalyticsOverview,
    AuditEntry,
    AuditLog,
    AuditStats,
    DashboardStats,
    ExecutionTimeline,
    NotificationList,
    NotificationRead,
    Performance,
    ResourceTypes,
)

Format = Literal["csv", "json"]


class FigureCalls(Sender):
    """Figures, logs and files. A file is `bytes`, of CSV or JSON; it has at most 50,000 rows."""

    async def get_dashboard_stats(self) -> DashboardStats:
        """Figures of all the organization's life."""
        return await self._get(DashboardStats, "/dashboard/stats")

    async def get_analytics(self, days: int = 7) -> AnalyticsOverview:
        """How the executions that ended in the last days did."""
        return await self._get(AnalyticsOverview, "/analytics/overview", days=days)

    async def get_timeline(self, days: int = 7, interval: Literal["hour", "day", "week"] = "day") -> ExecutionTimeline:
        """How many executions ended in each hour, day or week of UTC."""
        return await self._get(ExecutionTimeline, "/analytics/executions/timeline", days=days, interval=interval)

    async def get_performance(self, days: int = 7, limit: int = 10) -> Performance:
        """The workflows whose executions ended most often in the last days."""
        return await self._get(Performance, "/analytics/workflows/performance", days=days, limit=limit)

    # --- files ----------------------------------------------------------------------------------------------------

    async def report_summary(self, days: int = 30, format: Format = "json") -> bytes:
        """A file: how the executions of each day ended."""
        return await self._get(bytes, "/analytics/export/summary", days=days, format=format)

    async def report_executions(self, days: int = 30, format: Format = "json") -> bytes:
        """A file: the executions of the last days."""
        return await self._get(bytes, "/analytics/export/executions", days=days, format=format)

    async def export_executions(
        self,
        format: Format = "csv",
        *,
        workflow_id: str | None = None,
        status: str | None = None,
        date_from: str | None = None,
        date_to: str | None = None,
        limit: int = 10_000,
    ) -> bytes:
        """A file: the newest executions within the dates (ISO 8601)."""
        return await self._get(
            bytes,
            "/export/executions",
            format=format,
            workflow_id=workflow_id,
            status=status,
            date_from=date_from,
            date_to=date_to,
            limit=limit,
        )

    async def export_audit_logs(
        self,
        format: Format = "csv",
        *,
        resource_type: str | None = None,
        action: str | None = None,
        user_id: str | None = None,
        resource_id: str | None = None,
        search: str | None = None,
        date_from: str | None = None,
        date_to: str | None = None,
        limit: int = 10_000,
    ) -> bytes:
        """A file: the newest changes within the dates (ISO 8601)."""
        return await self._get(
            bytes,
            "/export/audit-logs",
            format=format,
            resource_type=resource_type,
            action=action,
            user_id=user_id,
            resource_id=resource_id,
            search=search,
            date_from=date_from,
            date_to=date_to,
            limit=limit,
        )

    async def export_analytics(self, format: Format = "csv", period_days: int = 30) -> bytes:
        """A file: how the executions of each workflow ended."""
        return await self._get(bytes, "/export/analytics", format=format, period_days=period_days)

    # --- logs -----------------------------------------------------------------------------------------------------

    async def list_audit_logs(
        self,
        *,
        page: int = 1,
        per_page: int = 50,
        resource_type: str | None = None,
        action: str | None = None,
        user_id: str | None = None,
        resource_id: str | None = None,
        search: str | None = None,
        date_from: str | None = None,
        date_to: str | None = None,
    ) -> AuditLog:
        """Who changed what, the newest first; `search` is part of a type, an id or an action.

        Looks through 10,000 changes: send `looked_back_to` of the answer as `date_to` to look further.
        """
        return await self._get(
            AuditLog,
            "/audit-logs",
            page=page,
            per_page=per_page,
            resource_type=resource_type,
            action=action,
            user_id=user_id,
            resource_id=resource_id,
            search=search,
            date_from=date_from,
            date_to=date_to,
        )

    iterate_audit_logs = pages(list_audit_logs, "audit_logs", AuditEntry)

    async def get_audit_stats(self) -> AuditStats:
        """How often what was done to what."""
        return await self._get(AuditStats, "/audit-logs/stats")

    async def list_resource_types(self) -> ResourceTypes:
        """Which kinds of things the audit log tells of."""
        return await self._get(ResourceTypes, "/audit-logs/resource-types")

    async def list_actions(self) -> Actions:
        """Which actions the audit log tells of."""
        return await self._get(Actions, "/audit-logs/actions")

    async def list_activity(
        self, days: int = 7, limit: int = 50, *, actor_id: str | None = None, action_type: str | None = None
    ) -> ActivityTimeline:
        """What executions and agents did and what people changed, the newest first, and grouped by the day (UTC)."""
        return await self._get(
            ActivityTimeline, "/activity", days=days, limit=limit, actor_id=actor_id, action_type=action_type
        )

    async def summarize_activity(self, days: int = 7) -> ActivitySummary:
        """How often what was done."""
        return await self._get(ActivitySummary, "/activity/summary", days=days)

    # --- notifications --------------------------------------------------------------------------------------------

    async def list_notifications(self, *, page: int = 1, per_page: int = 20) -> NotificationList:
        """Executions that ended and agents that disconnected, the newest first."""
        return await self._get(NotificationList, "/notifications", page=page, per_page=per_page)

    async def read_notification(self, notification_id: str) -> NotificationRead:
        """Mark a notification as read by you."""
        return await self._put(NotificationRead, at("notifications", notification_id, "read"))

    async def read_all_notifications(self) -> NotificationRead:
        """Mark all notifications as read by you."""
        return await self._put(NotificationRead, "/notifications/read-all")
