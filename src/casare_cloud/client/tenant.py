"""What holds for the whole tenant: limits, shares, metrics, health."""

from typing import Literal, Unpack

from casare_cloud.client.fleet import RobotStatus
from casare_cloud.client.jobs import JobWord
from casare_cloud.client.session import Answer, Paging, Session, quoted
from casare_cloud.errors import ApiError

LimitScope = Literal["tenant", "workflow", "key"]
OnCollision = Literal["queue", "cancel_newest", "cancel_running"]
Schema = Literal["1", "2"]
Interval = Literal["minute", "hour", "day"]


class TenantCalls(Session):
    """Limits, shares, metrics and health."""

    async def list_limits(self, **page: Unpack[Paging]) -> Answer:
        """`{limits, limit, offset}`: how many jobs of something may run at once, and how many do."""
        return await self._get("/limits", page)

    async def set_limit(
        self,
        scope: LimitScope,
        max_running: int,
        *,
        workflow_id: str | None = None,
        concurrency_key: str | None = None,
        on_collision: OnCollision = "queue",
    ) -> Answer:
        """Set how many jobs of the tenant, of a workflow or of a concurrency key may run at once; 0 pauses."""
        body = {
            "scope": scope,
            "workflow_id": workflow_id,
            "concurrency_key": concurrency_key,
            "max_running": max_running,
            "on_collision": on_collision,
        }
        return await self._call("PUT", "/limits", json=body)

    async def remove_limit(
        self, scope: LimitScope, *, workflow_id: str | None = None, concurrency_key: str | None = None
    ) -> Answer:
        """Remove a limit; jobs that it held back may run at once."""
        named = {"scope": scope, "workflow_id": workflow_id, "concurrency_key": concurrency_key}
        return await self._call("DELETE", "/limits", params={name: value for name, value in named.items() if value})

    async def list_shares(self, **page: Unpack[Paging]) -> Answer:
        """`{shares, limit, offset}`: what workflows have had of the robots lately, and their weights."""
        return await self._get("/shares", page)

    async def set_share(self, workflow_id: str, weight: int) -> Answer:
        """Set the weight (1 to 100) of a workflow; it counts where the tenant's settings turn fair share on."""
        return await self._call("PUT", f"/shares/{quoted(workflow_id)}", json={"weight": weight})

    # --- metrics --------------------------------------------------------------------------------------------------

    async def get_fleet_metrics(self, schema: Schema | None = None) -> Answer:
        """Robots by state, jobs in hand and waiting, and the day so far; `schema` "1" as document 000 has it."""
        return await self._get("/metrics/fleet", {"schema": schema})

    async def list_robot_metrics(self, status: RobotStatus | None = None) -> list[Answer]:
        """The robots with what each last measured of its machine."""
        return await self._list("/metrics/robots", {"status": status})

    async def get_robot_metrics(self, robot_id: str) -> Answer:
        """A robot, what it last measured, and its jobs of today."""
        return await self._get(f"/metrics/robots/{quoted(robot_id)}")

    async def get_series(
        self, interval: Interval = "hour", count: int | None = None, timezone: str | None = None
    ) -> Answer:
        """`{interval, points}`: how many jobs began and ended in each of the last minutes, hours or days."""
        return await self._get("/metrics/series", {"interval": interval, "count": count, "timezone": timezone})

    async def get_robot_series(
        self,
        robot_id: str,
        interval: Literal["hour", "day"] = "hour",
        count: int | None = None,
        timezone: str | None = None,
    ) -> Answer:
        """`{interval, points}`: how the jobs that a robot had ended in each of the last hours or days."""
        asked = {"interval": interval, "count": count, "timezone": timezone}
        return await self._get(f"/metrics/robots/{quoted(robot_id)}/series", asked)

    async def get_robot_measurements(
        self, robot_id: str, *, since: str | None = None, until: str | None = None, step_minutes: int | None = None
    ) -> Answer:
        """`{since, until, step_minutes, points}`: a robot's processor, memory and disk, by default of 24 hours.

        A figure is null in a step in which no heartbeat said it. Times are ISO 8601; steps multiples of 5 minutes.
        """
        asked = {"since": since, "until": until, "step_minutes": step_minutes}
        return await self._get(f"/metrics/robots/{quoted(robot_id)}/measurements", asked)

    async def list_job_metrics(
        self,
        *,
        limit: int | None = None,
        status: JobWord | None = None,
        workflow_id: str | None = None,
        robot_id: str | None = None,
    ) -> list[Answer]:
        """The newest jobs, `limit` (1 to 500) of them."""
        filters = {"limit": limit, "status": status, "workflow_id": workflow_id, "robot_id": robot_id}
        return await self._list("/metrics/jobs", filters)

    async def get_job_metrics(self, job_id: str) -> Answer:
        """A job with the `node_executions` of its newest attempt."""
        return await self._get(f"/metrics/jobs/{quoted(job_id)}")

    async def get_analytics(self, days: int = 7, schema: Schema | None = None) -> Answer:
        """How the jobs of the last `days` (1 to 90) ended: rates, durations in ms, errors, the slowest workflows."""
        return await self._get("/metrics/analytics", {"days": days, "schema": schema})

    async def list_activity(
        self, *, limit: int | None = None, since: str | None = None, event_type: str | None = None
    ) -> Answer:
        """`{events, total}`, newest first: the last `limit` (1 to 200), or the next after `since`, of a type.

        `since` is the newest `timestamp` that was read.
        """
        return await self._get("/metrics/activity", {"limit": limit, "since": since, "event_type": event_type})

    async def get_prometheus_metrics(self, environment: str | None = None) -> str:
        """The tenant's figures in the exposition format of Prometheus; `environment` is a label of each."""
        params = {"environment": environment} if environment else None
        text: str = await self._send("GET", "/metrics/prometheus", params=params, as_text=True)
        return text

    # --- health ---------------------------------------------------------------------------------------------------

    async def get_health(self) -> Answer:
        """`{status, service}`: the orchestrator answers."""
        return await self._probe("/health")

    async def get_detailed_health(self) -> Answer:
        """The orchestrator and what it depends on; `status` is `degraded` when its database is away."""
        return await self._probe("/health/detailed")

    async def is_ready(self) -> bool:
        """Whether requests can be served now; False also when there is no answer."""
        return await self._says_yes("/health/ready", "ready")

    async def is_live(self) -> bool:
        """Whether the orchestrator runs; False also when there is no answer."""
        return await self._says_yes("/health/live", "alive")

    async def _says_yes(self, path: str, word: str) -> bool:
        try:
            return bool((await self._probe(path))[word])
        except ApiError as error:
            if error.status == 503:
                return False
            raise
