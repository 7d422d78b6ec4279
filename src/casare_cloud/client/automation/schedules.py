"""Schedules: workflows that run by the clock."""

from casare_cloud.client.automation.calls import Call, Endpoint, Pages, at, delete, get, post, put
from casare_cloud.client.automation.models import Schedule, ScheduleList


class ScheduleCalls:
    """Schedules."""

    @Endpoint
    def list_schedules(
        self, *, page: int = 1, per_page: int = 20, workflow_id: str | None = None, is_enabled: bool | None = None
    ) -> Call[ScheduleList]:
        """Schedules, the newest first."""
        return get(
            ScheduleList, "/schedules", page=page, per_page=per_page, workflow_id=workflow_id, is_enabled=is_enabled
        )

    iterate_schedules = Pages(list_schedules, "items", Schedule)

    @Endpoint
    def create_schedule(
        self, workflow_id: str, name: str, cron_expression: str, timezone: str = "UTC", *, is_enabled: bool = True
    ) -> Call[Schedule]:
        """Make a schedule (five fields of cron): the workflow runs by the clock once it is published."""
        body = {
            "workflow_id": workflow_id,
            "name": name,
            "cron_expression": cron_expression,
            "timezone": timezone,
            "is_enabled": is_enabled,
        }
        return post(Schedule, "/schedules", body, is_creating=True)

    @Endpoint
    def get_schedule(self, schedule_id: str) -> Call[Schedule]:
        """A schedule with its next run."""
        return get(Schedule, at("schedules", schedule_id))

    @Endpoint
    def update_schedule(
        self,
        schedule_id: str,
        *,
        name: str | None = None,
        cron_expression: str | None = None,
        timezone: str | None = None,
        is_enabled: bool | None = None,
    ) -> Call[Schedule]:
        """Change what is given; the next run is reckoned anew."""
        body = {"name": name, "cron_expression": cron_expression, "timezone": timezone, "is_enabled": is_enabled}
        return put(Schedule, at("schedules", schedule_id), body)

    @Endpoint
    def delete_schedule(self, schedule_id: str) -> Call[None]:
        """Delete a schedule; the executions that it began stay."""
        return delete(at("schedules", schedule_id))

    @Endpoint
    def toggle_schedule(self, schedule_id: str) -> Call[Schedule]:
        """Enable a schedule that is not, or the other way round."""
        return post(Schedule, at("schedules", schedule_id, "toggle"), is_repeatable=False)
