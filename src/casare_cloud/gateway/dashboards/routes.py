"""Which path is which dashboard's socket."""

from casare_cloud.domain.jobs.service import JobNotFound
from casare_cloud.domain.names import uuid_of
from casare_cloud.gateway.calls import Call, Handler
from casare_cloud.gateway.dashboards import fleet
from casare_cloud.gateway.dashboards.administration import Admin, Logs, level_of, tenant_of
from casare_cloud.gateway.dashboards.automation import AutomationEvents
from casare_cloud.gateway.dashboards.one_job import OneJob
from casare_cloud.gateway.dashboards.orchestrator import LiveJobs, QueueMetrics, RobotStatus
from casare_cloud.gateway.dashboards.pages import Jobs, QueuePage, Robots
from casare_cloud.gateway.streams import Stream


def _follow(stream: Stream) -> Handler:
    async def serve(call: Call) -> None:
        await call.hub.follow(call, stream)

    return serve


async def _job(call: Call) -> None:
    job_id = uuid_of(call.names["job_id"])
    if job_id is None:
        await call.actor()  # a stranger learns nothing of ids
        raise JobNotFound()
    await call.hub.follow(call, OneJob(job_id=job_id))


async def _logs(call: Call) -> None:
    stream = Logs(
        min_level=level_of(call.query.get("min_level", "")),
        robot=call.names.get("robot_id"),
        only_tenant=tenant_of(call.query.get("tenant_id")),
    )
    await call.hub.follow(call, stream)


SOCKETS: dict[str, Handler] = {
    "/ws/live-jobs": _follow(LiveJobs()),
    "/ws/robot-status": _follow(RobotStatus()),
    "/ws/queue-metrics": _follow(QueueMetrics()),
    "/ws/monitoring/live-jobs": _follow(LiveJobs(is_typed=True)),
    "/ws/monitoring/robot-status": _follow(RobotStatus(is_typed=True)),
    "/ws/monitoring/queue-metrics": _follow(QueueMetrics(is_typed=True)),
    "/ws/jobs/{job_id}": _job,
    "/ws/jobs": _follow(Jobs()),
    "/ws/robots": _follow(Robots()),
    "/ws/queue-depth": _follow(QueuePage()),
    "/ws": _follow(AutomationEvents()),
    "/ws/admin": _follow(Admin()),
    "/ws/logs": _logs,
    "/ws/logs/{robot_id}": _logs,
    "/metrics/stream": fleet.serve,
    "/ws/metrics/stream": fleet.serve,
}
