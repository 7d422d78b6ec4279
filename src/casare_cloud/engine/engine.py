"""`OrchestratorEngine`, the Python API of document 001."""

import asyncio
import hashlib
import json
import logging
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from casare_cloud.client import Client
from casare_cloud.client.signing_in import client_of
from casare_cloud.engine.balancing import RobotPicker
from casare_cloud.engine.events import EventBus, engine_begins, engine_ends, get_event_bus
from casare_cloud.engine.events.feed import Feed, Realtime
from casare_cloud.engine.models import Job, JobPriority, Robot, Schedule, ScheduleFrequency
from casare_cloud.engine.server import GatewayServer
from casare_cloud.engine.statistics import Statistics
from casare_cloud.engine.stored_workflows import StoredWorkflows, read_definition
from casare_cloud.env_file import environment
from casare_cloud.errors import ApiError, InvalidArgument

logger = logging.getLogger("casare_cloud")


@dataclass
class _Parts:
    """What an engine has while it runs."""

    client: Client
    statistics: Statistics
    workflows: StoredWorkflows
    tasks: "list[asyncio.Task[None]]"


class OrchestratorEngine:
    """Submits jobs, registers robots, makes schedules and counts, over the orchestrator's REST face.

    Who calls is said by `url` and `api_key` (a service key), or by the environment: `ORCHESTRATOR_URL`,
    `CASARE_API_KEY`, or the demo user of a local stack (`.casare/env` here or in a folder above). The database hands
    out jobs as soon as a robot asks, so there is nothing to dispatch in this process: `dispatch_interval` is accepted,
    and has no effect. What `load_balancing` means is said in `casare_cloud.engine.balancing`. `default_job_timeout` is
    the seconds that a job may take when `submit_job` is not told.

    Times without a zone are UTC. What the orchestrator refuses is raised as `ApiError`.
    """

    def __init__(
        self,
        load_balancing: str = "least_loaded",
        dispatch_interval: float = 5,
        default_job_timeout: int = 3600,
        *,
        url: str | None = None,
        api_key: str | None = None,
        bus: EventBus | None = None,
    ) -> None:
        if dispatch_interval <= 0:
            raise InvalidArgument("dispatch_interval: must be greater than 0.")
        self._picker = RobotPicker(load_balancing)
        self._dispatch_interval = dispatch_interval
        self._default_job_timeout = default_job_timeout
        self._given = {"ORCHESTRATOR_URL": url, "CASARE_API_KEY": api_key}
        self.events = bus or get_event_bus()
        self._parts: _Parts | None = None
        self._server: GatewayServer | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # --- life -----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Sign in, follow the tenant's events (`events`), and keep the figures that need no waiting.

        Needs events.read, analytics.read and schedules.read, besides what the calls need. Raises `NotConfigured` when
        nothing says where the orchestrator is or who calls.
        """
        if self._parts is not None:
            return
        env = {**environment(), **{name: value for name, value in self._given.items() if value}}
        client = await client_of(Client, env)
        statistics = Statistics(client)
        feed = Feed(client, self.events, Realtime.of(env), lambda _: statistics.touch())
        try:
            await feed.start()
            await statistics.look()
        except BaseException:
            await client.close()
            raise
        engine_begins(self.events)
        tasks = [_lasting(feed.run()), _lasting(statistics.run())]
        self._parts = _Parts(client, statistics, StoredWorkflows(client), tasks)

    async def start_server(self, host: str = "0.0.0.0", port: int = 8765) -> None:  # noqa: S104 - document 001
        """Serve the WebSockets of documents 000, 001 and 003 in this process: robots connect to it.

        The server talks to the database itself, so the environment must hold its settings (docs/configuration.md), as
        for the deployed gateway. Not needed where that one runs.
        """
        if self._server is not None:
            raise RuntimeError("The engine serves already.")
        server = GatewayServer(environment(), host, port)
        await server.start()
        self._server = server

    async def stop(self) -> None:
        """End what `start` and `start_server` began. Jobs, schedules and robots go on without this engine."""
        if self._server is not None:
            await self._server.stop()
            self._server = None
        parts, self._parts = self._parts, None
        if parts is None:
            return
        for task in parts.tasks:
            task.cancel()
        await asyncio.gather(*parts.tasks, return_exceptions=True)
        engine_ends(self.events)
        await parts.client.close()

    @property
    def client(self) -> Client:
        """The client that calls, for all that document 001 has no method for."""
        return self._started.client

    # --- jobs -----------------------------------------------------------------------------------------------------

    async def submit_job(
        self,
        workflow_id: str,
        workflow_name: str,
        workflow_json: str | Mapping[str, Any] = "",
        robot_id: str | None = None,
        priority: JobPriority | int | str = JobPriority.NORMAL,
        scheduled_time: datetime | None = None,
        params: Mapping[str, Any] | None = None,
        check_duplicate: bool = True,
        *,
        environment: str | None = None,
        timeout_seconds: int | None = None,
        pick_robot: bool = False,
    ) -> Job:
        """Queue a job of a workflow, which is stored first when it is not, or when its definition has changed.

        `workflow_id` is the orchestrator's id of the workflow, or any text of your own, which is kept with it. Without
        `workflow_json` the stored workflow runs. `robot_id` is the one robot that may run it; with `pick_robot` the
        strategy names one. With `check_duplicate`, an unfinished job of the same workflow, robot, time and `params` is
        the answer, and nothing is queued.
        """
        urgency = JobPriority.read(priority).stored
        if pick_robot and robot_id is not None:
            raise InvalidArgument("pick_robot: cannot be true when robot_id names a robot.")
        definition = read_definition(workflow_json) if workflow_json else None
        run_at = None if scheduled_time is None else _aware(scheduled_time).isoformat()
        asked = json.dumps([workflow_id, robot_id, run_at, params or {}], sort_keys=True, default=str)
        key = f"engine:{hashlib.sha256(asked.encode()).hexdigest()}" if check_duplicate else None
        options: dict[str, Any] = {
            "priority": urgency,
            "environment": environment,
            "run_at": run_at,
            "dedupe_key": key,
            "timeout_seconds": timeout_seconds or self._default_job_timeout,
        }
        while True:
            stored = await self._stored_id(workflow_id, workflow_name, definition)
            if pick_robot:
                robot_id = await self._picker.pick(self.client, stored, environment)
            try:
                answer = await self.client.create_job(stored, params, **options, robot_id=robot_id)
                break
            except ApiError as error:  # it was deleted since it was stored from here
                is_gone = error.code == "WORKFLOW_NOT_FOUND" and definition is not None
                if not (is_gone and self._started.workflows.forget(workflow_id)):
                    raise
        self._started.statistics.touch()
        return Job.of(answer, "" if definition is None else json.dumps(definition))

    async def get_job(self, job_id: str) -> Job:
        """A job as it is now, with the lines that its robots logged."""
        answer = await self.client.get_job(job_id)
        lines = [line async for line in self.client.iterate(self.client.get_job_logs, job_id)]
        logs = "\n".join(f"{line['timestamp']} {line['level'].upper()} {line['message']}" for line in lines)
        return Job.of(answer, logs=logs)

    async def wait_for_job(self, job_id: str, timeout: float | None = None) -> Job:
        """The job, once it is finished. Raises `TimeoutError` after `timeout` seconds."""
        return Job.of(await self.client.wait_for_job(job_id, timeout))

    async def cancel_job(self, job_id: str, reason: str = "Cancelled by user") -> bool:
        """Cancel a job that waits, or ask the robot of a running one to stop; false when it has ended already."""
        answer = await self.client.cancel_job(job_id, reason)
        self._started.statistics.touch()
        return bool(answer["cancelled"] or answer["cancel_requested"])

    async def retry_job(self, job_id: str) -> Job:
        """Run a failed, cancelled or timed-out job again: the new job."""
        answer = await self.client.retry_job(job_id)
        self._started.statistics.touch()
        return Job.of(await self.client.get_job(answer["new_job_id"]))

    # --- robots and schedules -------------------------------------------------------------------------------------

    async def register_robot(
        self,
        robot_id: str,
        name: str,
        environment: str = "default",
        max_concurrent_jobs: int = 1,
        tags: Sequence[str] | None = None,
        *,
        hostname: str = "unknown",
    ) -> Robot:
        """Make a robot, or give one that is there these settings. It is online when its program signs in."""
        settings: dict[str, Any] = {"environment": environment, "max_concurrent_jobs": max_concurrent_jobs}
        try:
            answer = await self.client.update_robot(robot_id, name=name, **settings, tags=list(tags or ()))
        except ApiError as error:
            if error.code != "ROBOT_NOT_FOUND":
                raise
            answer = await self.client.register_robot(robot_id, name, hostname, **settings, tags=list(tags or ()))
        self._started.statistics.touch()
        return Robot.of(answer)

    async def create_schedule(
        self,
        name: str,
        workflow_id: str,
        workflow_name: str,
        frequency: ScheduleFrequency | str,
        cron_expression: str = "",
        robot_id: str | None = None,
        priority: JobPriority | int | str = JobPriority.NORMAL,
        timezone: str | None = None,
        enabled: bool = True,
        *,
        tz_name: str | None = None,
        run_at: datetime | None = None,
        starts_at: datetime | None = None,
        interval_seconds: int | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> Schedule:
        """Run a stored workflow by the clock. `timezone` and `tz_name` are two names of one thing; default: UTC.

        `cron` needs `cron_expression`, `once` `run_at`, `interval` `interval_seconds`; the others take their minute,
        hour and day from `starts_at`. `robot_id` is the one robot that may run the jobs, `params` their input.
        """
        zones = {zone for zone in (timezone, tz_name) if zone}
        if len(zones) > 1:
            raise InvalidArgument(f"timezone: {timezone} contradicts tz_name: {tz_name}.")
        times = {"run_at": run_at, "starts_at": starts_at}
        said: dict[str, Any] = {name: _aware(time).isoformat() for name, time in times.items() if time is not None}
        answer = await self.client.create_schedule(
            await self._stored_id(workflow_id, workflow_name, None),
            name,
            cron_expression or None,
            **said,
            frequency=_frequency(frequency),
            interval_seconds=interval_seconds,
            timezone=next(iter(zones), "UTC"),
            priority=JobPriority.read(priority).stored,
            robot_id=robot_id,
            enabled=enabled,
            input=params or {},
        )
        self._started.statistics.touch()
        return Schedule.of(answer)

    # --- figures --------------------------------------------------------------------------------------------------

    def get_queue_stats(self) -> dict[str, Any]:
        """`{queued, running, scheduled, by_priority, as_of}`; `by_priority` has critical, high, normal and low.

        They are at most about a second old when the engine signed in as a user and Realtime can be reached, and about
        two with a key; `as_of` says when they were read (this machine's clock), and is older while the orchestrator is
        away.
        """
        return self._started.statistics.queue()

    def get_dispatcher_stats(self) -> dict[str, Any]:
        """Robots by state, the jobs in their hands, and the strategy; as old as `get_queue_stats` says."""
        figures = self._started.statistics.robots()
        return {**figures, "strategy": self._picker.strategy, "dispatch_interval": self._dispatch_interval}

    def get_upcoming_schedules(self, limit: int = 10) -> list[dict[str, Any]]:
        """The next 1 to 100 runs of enabled schedules, the soonest first; as old as `get_queue_stats` says.

        Somebody else's new or changed schedule is seen after 15 seconds at the latest.
        """
        return self._started.statistics.upcoming(limit)

    # --------------------------------------------------------------------------------------------------------------

    async def _stored_id(self, workflow_id: str, name: str, definition: Mapping[str, Any] | None) -> str:
        workflows = self._started.workflows
        if definition is None:
            return await workflows.id_of(workflow_id, name)
        return await workflows.store(workflow_id, name, definition)

    @property
    def _started(self) -> "_Parts":
        if self._parts is None:
            raise RuntimeError("The engine has not been started: await engine.start().")
        return self._parts


def _frequency(given: ScheduleFrequency | str) -> Any:
    try:
        return ScheduleFrequency(given).value
    except ValueError:
        words = ", ".join(each.value for each in ScheduleFrequency)
        raise InvalidArgument(f"frequency: must be one of {words}.") from None


def _aware(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


def _lasting(work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
    task = asyncio.create_task(work)
    task.add_done_callback(_tell_failure)
    return task


def _tell_failure(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("a task of the engine has ended", exc_info=error)
