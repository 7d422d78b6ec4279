"""/ws/admin, and /ws/logs of all robots or of one, as CasareRPA's own programs open them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.domain.metrics import service as metrics
from casare_cloud.domain.robots import service as robots
from casare_cloud.domain.users.service import whoami
from casare_cloud.errors import Forbidden, InvalidArgument
from casare_cloud.gateway.news import RobotNews, all_robots, news_of
from casare_cloud.gateway.streams import ENDS, LogLine, Message, Stream, Told, now

LEVELS = ("debug", "info", "warning", "error", "critical")


@dataclass(frozen=True)
class Admin(Stream):
    """`initial_state`, then robots as they come, go and are heard of, and jobs as they go back or end."""

    permissions = ("jobs.read", "robots.read", "analytics.read")
    sources = frozenset({"robots", "robot_rows"})

    async def first(self, tx: Transaction) -> tuple[list[Message], int]:
        """The robots that are connected, and how many jobs wait."""
        connected = [
            {
                "robot_id": robot.external_id,
                "robot_name": robot.name,
                "status": news_of(robot).word,
                "capabilities": robot.capabilities,
            }
            for robot in await all_robots(tx)
            if robot.is_online
        ]
        waiting = (await metrics.get_queue_depth(tx)).waiting
        return [{"type": "initial_state", "robots": connected, "pending_jobs": waiting, "timestamp": now()}], 0

    def of_event(self, told: Told) -> Iterable[Message]:
        """robot_connected, robot_disconnected, job_requeued, job_completed. A job's result is not among its events."""
        event, robot = told.event, told.robot
        named = {"robot_id": event.robot_external_id or event.data.get("external_id"), "timestamp": event.occurred_at}
        if event.event_type == "robot.online":
            known = {} if robot is None else {"robot_name": robot.name, "capabilities": robot.capabilities}
            return [{"type": "robot_connected", **named, **known, "tenant_id": self.tenant_id}]
        if event.event_type == "robot.offline":
            held = {} if robot is None else {"orphaned_jobs": robot.current_job_ids}
            return [{"type": "robot_disconnected", **named, **held}]
        if event.event_type in ENDS:
            success = event.event_type == "job.completed"
            return [{"type": "job_completed", "job_id": event.job_id, "success": success, **named}]
        reason = event.data.get("message") or event.data.get("error_message")
        if event.event_type == "job.retrying" or (event.event_type == "job.queued" and reason):
            by = {"rejected_by": named["robot_id"], "reason": reason, "timestamp": event.occurred_at}
            return [{"type": "job_requeued", "job_id": event.job_id, **by}]
        return ()

    def of_robot(self, news: RobotNews) -> Iterable[Message]:
        """robot_heartbeat."""
        told = {"robot_id": news.external_id, "status": news.word, "metrics": news.metrics}
        return [{"type": "robot_heartbeat", **told, "timestamp": news.heard_at}]


@dataclass(frozen=True)
class Logs(Stream):
    """Lines of at least a level that robots log of jobs and of themselves, of one robot or of all."""

    permissions = ("jobs.read", "robots.read", "logs.read")
    sources = frozenset({"logs", "robot_logs"})

    min_level: str = "debug"
    robot: str | None = None  # its external id; what a client names may be its id
    only_tenant: str | None = None  # that the client believes to be its own

    async def named(self, tx: Transaction) -> "Logs":
        """404 ROBOT_NOT_FOUND; 403 for another tenant."""
        if self.only_tenant is not None and self.only_tenant != str((await whoami(tx)).tenant_id):
            raise Forbidden("The tenant is not yours.")
        return self if self.robot is None else replace(self, robot=(await robots.get(tx, self.robot)).external_id)

    def of_log(self, line: LogLine) -> Iterable[Message]:
        """log_entry, with the job if it is of one."""
        if LEVELS.index(line.level) < LEVELS.index(self.min_level) or self.robot not in (None, line.robot):
            return ()
        return [
            {
                "type": "log_entry",
                "robot_id": line.robot,
                "timestamp": line.logged_at,
                "level": line.level.upper(),
                "message": line.message,
                "source": line.source,
                "job_id": line.job_id,
            }
        ]


def level_of(text: str) -> str:
    """The level that a client names, in any letter case."""
    level = {"warn": "warning", "": "debug"}.get(text.lower(), text.lower())
    if level not in LEVELS:
        raise InvalidArgument(f"min_level (query): must be one of {', '.join(LEVELS)}.")
    return level


def tenant_of(text: str | None) -> str | None:
    """The tenant that a client names; `Forbidden` for what is none."""
    try:
        return str(UUID(text)) if text else None
    except ValueError:
        raise Forbidden("The tenant is not yours.") from None
