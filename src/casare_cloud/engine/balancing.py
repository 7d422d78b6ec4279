"""Which robot gets a job, for those who want to choose: the strategies of document 001.

The database hands out jobs to robots that ask, the most urgent first; a robot asks when it has a place free. So a job
that names no robot goes to one that has a place, whatever the strategy is, and no strategy can do better at keeping
robots busy. A strategy says which robot a job is *meant for*, when `submit_job` is asked to pick one (`pick_robot`):
then that robot alone runs it, and the job waits for it.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from casare_cloud.client import Client
from casare_cloud.errors import InvalidArgument

Strategy = Literal["round_robin", "least_loaded", "random", "affinity"]


class RobotPicker:
    """Picks a robot by a strategy among those that are idle or busy, and of the job's environment if it names one.

    `round_robin` takes turns by id, `least_loaded` the one with the smallest part of its places taken, `random` any,
    `affinity` the one that completed this workflow last, and the least loaded when that one is not there.
    """

    def __init__(self, strategy: str) -> None:
        if strategy not in get_args(Strategy):
            raise InvalidArgument(f"load_balancing: must be one of {', '.join(get_args(Strategy))}.")
        self.strategy = strategy
        self._last = ""

    async def pick(self, client: Client, workflow_id: str, environment: str | None) -> str | None:
        """The external id of the robot, or None when none of them is there."""
        filters: dict[str, Any] = {"environment": environment} if environment else {}
        robots = [
            robot
            async for robot in client.iterate(client.list_robots, **filters)
            if robot["status"] in ("idle", "busy")
        ]
        if not robots:
            return None
        if self.strategy == "affinity":
            done = await client.list_jobs(workflow_id=workflow_id, status="completed", limit=1)
            known = {job["robot_id"] for job in done["jobs"]}
            robots = [robot for robot in robots if robot["robot_id"] in known] or robots
        return self._choose(robots)

    def _choose(self, robots: Sequence[Mapping[str, Any]]) -> str:
        ids = sorted(str(robot["robot_id"]) for robot in robots)
        if self.strategy == "random":
            return random.choice(ids)  # noqa: S311 - sharing out work, not a secret
        if self.strategy == "round_robin":
            self._last = next((robot_id for robot_id in ids if robot_id > self._last), ids[0])
            return self._last
        return str(min(robots, key=lambda robot: (_load(robot), robot["robot_id"]))["robot_id"])


def _load(robot: Mapping[str, Any]) -> float:
    return len(robot["current_job_ids"]) / int(robot["max_concurrent_jobs"])
