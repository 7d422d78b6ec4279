"""The figures that an engine answers without waiting: kept by a task, read again when something has happened."""

import asyncio
import logging
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from casare_cloud.client import Client
from casare_cloud.engine.models import JobPriority
from casare_cloud.errors import ApiError, InvalidArgument

logger = logging.getLogger("casare_cloud")

PAUSE_SECONDS = 1.0  # between two looks, however much happens
IDLE_SECONDS = 15.0  # between two looks when nothing does
MOST_RUNS = 100


class Statistics:
    """Queue, robots and the next runs of schedules, as they were at the last look."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._changed = asyncio.Event()
        self._fleet: dict[str, Any] = {}
        self._runs: list[dict[str, Any]] = []
        self._as_of = ""

    def touch(self) -> None:
        """Something has happened: look again soon."""
        self._changed.set()

    async def look(self) -> None:
        """Read all of it. Raises `ApiError`: needs analytics.read and schedules.read."""
        as_of = datetime.now(UTC).isoformat()
        fleet = await self._client.get_fleet_metrics()
        runs = await self._client.list_upcoming_runs(limit=MOST_RUNS)
        self._fleet, self._runs, self._as_of = fleet, runs, as_of

    async def run(self) -> None:
        """Look again whenever it is time, until cancelled. What cannot be read stays as it is, with its `as_of`."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(IDLE_SECONDS):
                    await self._changed.wait()
            self._changed.clear()
            try:
                await self.look()
            except ApiError as error:
                logger.warning("the engine's figures are those of %s: %s", self._as_of, error.message)
            await asyncio.sleep(PAUSE_SECONDS)

    def queue(self) -> dict[str, Any]:
        """Jobs that wait for a robot, those that wait for a time, and those in a robot's hands."""
        by_priority = {priority.name.lower(): 0 for priority in reversed(JobPriority)}
        for stored, count in self._fleet["queue_by_priority"].items():
            by_priority[JobPriority.of(int(stored)).name.lower()] += count
        return {
            "queued": self._fleet["queue_depth"],
            "running": self._fleet["active_jobs"],
            "scheduled": self._fleet["scheduled_jobs"],
            "by_priority": by_priority,
            "as_of": self._as_of,
        }

    def robots(self) -> dict[str, Any]:
        """Robots by state, and the jobs in their hands."""
        fleet = self._fleet
        return {
            "total_robots": fleet["total_robots"],
            "online": fleet["idle_robots"],
            "busy": fleet["busy_robots"],
            "offline": fleet["offline_robots"],
            "error": fleet["error_robots"],
            "maintenance": fleet["maintenance_robots"],
            "current_load": fleet["active_jobs"],
            "as_of": self._as_of,
        }

    def upcoming(self, limit: int) -> list[dict[str, Any]]:
        """The next runs of enabled schedules, the soonest first."""
        if not 1 <= limit <= MOST_RUNS:
            raise InvalidArgument(f"limit: must lie between 1 and {MOST_RUNS}.")
        return [
            {**run, "id": run["schedule_id"], "name": run["schedule_name"], "frequency": run["type"], "enabled": True}
            for run in deepcopy(self._runs[:limit])
        ]
