"""What the nodes of a job do, sent by its robot on the job's topic while somebody watches the job."""

import time
from collections.abc import Sequence

from casare_cloud.realtime import RealtimeClient
from casare_cloud.robot.transport import ClaimedJob, NodeEvent

WATCHED_SECONDS = 60.0


class WatchedJobs:
    """The jobs of a robot that somebody watches, and the topics that it has joined for them."""

    def __init__(self, robot_external_id: str) -> None:
        self._robot_external_id = robot_external_id
        self._robot_uuid = ""
        self._realtime: RealtimeClient | None = None
        self._until: dict[str, float] = {}  # job id → until when somebody watches it

    def send_by(self, realtime: RealtimeClient, robot_uuid: str) -> None:
        """Sends over this socket from now on; before, nobody is told anything."""
        self._realtime, self._robot_uuid = realtime, robot_uuid

    def note(self, job_id: str) -> None:
        """Joins the topic of a job that is watched, ahead of what its nodes will do."""
        if self._realtime is not None:
            if not self._realtime.wants(f"job:{job_id}"):
                self._realtime.subscribe(f"job:{job_id}", None, is_extra=True)
            self._until[job_id] = time.monotonic() + WATCHED_SECONDS

    async def end(self, job_id: str) -> None:
        """Leaves the topic of a job that has ended, or that nobody watches any more."""
        if self._until.pop(job_id, None) is not None and self._realtime is not None:
            await self._realtime.unsubscribe(f"job:{job_id}")

    async def tell_nodes(self, job: ClaimedJob, events: Sequence[NodeEvent]) -> None:
        """Broadcasts on `job:<id>`, which the robot that holds the job may do, while somebody watches."""
        if self._realtime is None or self._until.get(job.job_id, 0.0) < time.monotonic():
            await self.end(job.job_id)
            return
        common = {
            "job_id": job.job_id,
            "workflow_id": job.workflow_id,
            "workflow_name": job.workflow_name,
            "status": "running",
            "robot_id": self._robot_uuid,
            "robot_external_id": self._robot_external_id,
            "attempt": job.attempt,
        }
        for event in events:
            payload = {
                **common,
                "current_node": event.node_id,
                "node_id": event.node_id,
                "node_type": event.node_type,
                "timestamp": event.timestamp,
                **({} if event.status is None else {"node_status": event.status}),
                **({} if event.duration_ms is None else {"execution_time_ms": event.duration_ms}),
            }
            if not await self._realtime.send(f"job:{job.job_id}", event.kind, payload):
                return
