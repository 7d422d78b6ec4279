"""Every row of a list, page after page: `async for job in cloud.jobs(status="failed")`."""

from collections.abc import AsyncIterator
from typing import Unpack

from casare_cloud.client.fleet import FleetCalls, RobotFilters
from casare_cloud.client.jobs import DeadLetterFilters, JobFilters
from casare_cloud.client.session import Answer
from casare_cloud.client.watching import WatchCalls
from casare_cloud.client.workflows import ScheduleFilters, WorkflowCalls, WorkflowFilters


class PageCalls(WorkflowCalls, WatchCalls, FleetCalls):
    """Lists as iterators; `limit` is how many rows a request brings."""

    async def jobs(self, **filters: Unpack[JobFilters]) -> AsyncIterator[Answer]:
        """Every job that the filters of `list_jobs` let through, the newest first; none twice and none missing."""
        while True:
            answer = await self.list_jobs(**filters)
            for job in answer["jobs"]:
                yield job
            if answer["next"] is None:
                return
            filters["before"] = answer["next"]

    async def workflows(self, **filters: Unpack[WorkflowFilters]) -> AsyncIterator[Answer]:
        """Every workflow that the filters of `list_workflows` let through."""
        async for workflow in self.iterate(self.list_workflows, **filters):
            yield workflow

    async def schedules(self, **filters: Unpack[ScheduleFilters]) -> AsyncIterator[Answer]:
        """Every schedule that the filters of `list_schedules` let through, the newest first."""
        async for schedule in self.iterate(self.list_schedules, **filters):
            yield schedule

    async def robots(self, **filters: Unpack[RobotFilters]) -> AsyncIterator[Answer]:
        """Every robot that the filters of `list_robots` let through."""
        async for robot in self.iterate(self.list_robots, **filters):
            yield robot

    async def dead_letters(self, **filters: Unpack[DeadLetterFilters]) -> AsyncIterator[Answer]:
        """Every dead letter that the filters of `list_dead_letters` let through."""
        async for letter in self.iterate(self.list_dead_letters, **filters):
            yield letter
