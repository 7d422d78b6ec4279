"""Schedules: workflows that run by the clock."""

from casare_cloud.client.automation.calls import Sender, at, pages
from casare_cloud.client.automation.models import Schedule, ScheduleList


class ScheduleCalls(Sender):
    """Schedules."""

    async def list_schedules(
        self, *, page: int = 1, per_page: int = 20, workflow_id: str | None = None, is_enabled: bool | None = None
    ) -> ScheduleList:
        """Schedules, the newest first."""
        return await self._get(
            ScheduleList, "/schedules", page=page, per_page=per_page, workflow_id=workflow_id, is_enabled=is_enabled
        )

    iterate_schedules = pages(list_schedules, "items", Schedule)

    async def create_schedule(
        self, workflow_id: str, name: str, cron_expression: str, timezone: str = "UTC", *, is_enabled: bool = True
    ) -> Schedule:
        """Make a schedule (five fields of cron): the workflow runs by the clock once it is published."""
        body = {
            "workflow_id": workflow_id,
            "name": name,
            "cron_expression": cron_expression,
            "timezone": timezone,
            "is_enabled": is_enabled,
        }
        return await self._post(Schedule, "/schedules", body, is_creating=True)

    async def get_schedule(self, schedule_id: str) -> Schedule:
        """A schedule with its next run."""
        return await self._get(Schedule, at("schedules", schedule_id))

    async def update_schedule(
        self,
        schedule_id: str,
        *,
        name: str | None = None,
        cron_expression: str | None = None,
        timezone: str | None = None,
        is_enabled: bool | None = None,
    ) -> Schedule:
        """Change what is given; the next run is reckoned anew."""
        body = {"name": name, "cron_expression": cron_expression, "timezone": timezone, "is_enabled": is_enabled}
        return await self._put(Schedule, at("schedules", schedule_id), body)

    async def delete_schedule(self, schedule_id: str) -> None:
        """Delete a schedule; the executions that it began stay."""
        await self._delete(at("schedules", schedule_id))

    async def toggle_schedule(self, schedule_id: str) -> Schedule:
        """Enable a schedule that is not, or the other way round."""
        return await self._post(Schedule, at("schedules", schedule_id, "toggle"), is_repeatable=False)
