"""Staying alive: a robot registers, sends heartbeats, renews its leases, obeys orders and says goodbye."""

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from casare_cloud.errors import ApiError
from casare_cloud.http import SCHEMA_CACHE, Unreachable, backoff_delays, may_pass, retry_after_seconds
from casare_cloud.http_errors import Refused
from casare_cloud.robot.console import AgentEvent, EventHandler, print_event
from casare_cloud.robot.delivery import Delivery
from casare_cloud.robot.job_folders import JobFolders
from casare_cloud.robot.job_run import JobRun
from casare_cloud.robot.machine import MachineMetrics
from casare_cloud.robot.transport import HeartbeatAnswer, Lease, RobotProfile, Signal, Transport
from casare_cloud.robot.watching.watch import Allowed
from casare_cloud.robot.watching.watcher import Watcher
from casare_cloud.waiting import any_of, happens_within

DEFAULT_LEASE_SECONDS = 20
DEFAULT_GRACE_SECONDS = 30.0
LEAST_HEARTBEAT_SECONDS = 1.0
LAST_BEAT_SECONDS = 3.0  # for which a goodbye waits for the heartbeat that is under way

T = TypeVar("T")


class AgentLife:
    """What an agent does beside its jobs, and the state that both halves share."""

    def __init__(
        self,
        transport: Transport,
        profile: RobotProfile,
        work_dir: Path,
        *,
        lease_seconds: int = DEFAULT_LEASE_SECONDS,
        grace_seconds: float = DEFAULT_GRACE_SECONDS,
        allowed: Allowed = Allowed(),
        allows_scripts: bool = False,
        on_event: EventHandler = print_event,
    ) -> None:
        self._transport = transport
        self._profile = profile
        self._work_dir = work_dir
        self._lease_seconds = lease_seconds
        self._grace_seconds = grace_seconds
        self._allows_scripts = allows_scripts
        self._on_event = on_event
        self._delivery = Delivery(transport, work_dir / "spool", self._emit)
        self._watcher = Watcher(transport, work_dir / "triggers", allowed, self._emit)
        self._folders = JobFolders(work_dir / "jobs")
        self._metrics = MachineMetrics(work_dir)
        # By lease, not by job: a robot may be given its own job again while it still ends the attempt before.
        self._runs: dict[Lease, JobRun] = {}
        self._tasks: dict[Lease, asyncio.Task[None]] = {}
        self._slot_freed = asyncio.Event()
        self._leaving = asyncio.Event()  # nothing more is claimed, and the grace time runs
        self._resumed = asyncio.Event()  # neither paused nor drained by an operator
        self._resumed.set()
        self._claim_id: str | None = None  # of the claim whose answer has not come
        self._is_warned = False
        self._failed: asyncio.Future[None] | None = None
        self._is_offline = False
        self._is_full = False
        self._heard: list[str] = []  # commands that the service does not know yet to have reached this robot
        self._has_heard = asyncio.Event()
        self._beating = asyncio.Lock()  # held while a heartbeat is under way
        self._has_said_goodbye = False

    def drain(self) -> None:
        """Claims nothing more; `run()` returns when the running jobs have finished or the grace time is over."""
        if not self._leaving.is_set():
            self._emit("draining", f"no new jobs{self._count_running()}{self._grace()}")
            self._leaving.set()
            self._watcher.stop()

    def _stand_by(self, kind: str, way_back: str = "resume", reason: str | None = None) -> None:
        if self._resumed.is_set():
            self._resumed.clear()
            self._watcher.stop()
            why = f" ({reason.rstrip('.')})" if reason else ""
            how = f"casare-cloud robot tell {self._profile.robot_id} {way_back}"
            self._emit(kind, f"no new jobs until `{how}`{why}{self._count_running()}")

    def _count_running(self) -> str:
        return f"; {len(self._runs)} running" if self._runs else ""

    def _grace(self) -> str:
        return f", given back after {self._grace_seconds:g} s; a second signal ends at once" if self._runs else ""

    @property
    def running_job_ids(self) -> list[str]:
        return list(dict.fromkeys(lease.job_id for lease in self._runs))

    async def _register(self) -> None:
        held_leases = self._delivery.unsent()
        for pause in backoff_delays(0.5, 15.0):
            try:
                answer = await self._transport.register(self._profile, held_leases)
            except ApiError as error:
                is_missing = error.code == "DIRECT_MODE_UNAVAILABLE"  # a 503, but nothing that comes by itself
                if is_missing or not may_pass(error):
                    raise
                self._note_offline(error)
                if await happens_within(self._leaving, pause):
                    return
            else:
                break
        self._note_online()
        self._emit(
            "registered",
            f"{self._profile.robot_id} ({self._profile.name}), {self._profile.max_concurrent_jobs} at a time",
        )
        state, word, does = answer.get("mode") or "active", "resume", "resumes"
        if state == "active" and answer.get("quarantined_at"):
            state, word, does = "in quarantine", "release", "releases"
        if state != "active":
            how = f"casare-cloud robot tell {self._profile.robot_id} {word}"
            self._emit("warning", f"The robot is {state}: it gets no jobs until somebody {does} it (`{how}`).")
        elif not self._leaving.is_set():
            self._watcher.start()
        self._warn(answer.get("warnings") or ())

    # Staying alive

    async def _in_time(self, call: Awaitable[T]) -> T:
        """The answer of a call that is useless when it is late: it may take a third of the lease."""
        try:
            async with asyncio.timeout(self._lease_seconds / 3):
                return await call
        except TimeoutError as error:
            raise Unreachable("the service does not answer in time") from error

    def _retries(self, most: float) -> Iterator[float]:
        """Pauses before such a call is tried again: the first is so short that the lease still lives."""
        return backoff_delays(min(1.0, self._lease_seconds / 20), most)

    async def _heartbeats(self) -> None:
        interval = 30.0
        retries = self._retries(interval)
        while not self._leaving.is_set():
            self._has_heard.clear()
            try:
                async with self._beating:
                    answer = await self._beat()
                pause = interval = max(LEAST_HEARTBEAT_SECONDS, answer.interval_seconds)
                retries = self._retries(interval)
                self._warn(answer.warnings)
                for order in answer.signals:
                    self._obey(order)
            except ApiError as error:
                if not may_pass(error):
                    raise
                self._note_offline(error)
                pause = max(next(retries), min(retry_after_seconds(error.headers) or 0.0, interval))
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await any_of(self._leaving, self._has_heard)
        await asyncio.Event().wait()

    async def _beat(self) -> HeartbeatAnswer:
        """One heartbeat, with the commands that were heard since the last one."""
        heard = list(self._heard)
        measured = await asyncio.to_thread(self._metrics.read)  # it may ask other programs
        metrics = {**measured, "active_jobs": len(self._runs), "active_job_ids": self.running_job_ids}
        claims = [] if self._claim_id is None else [self._claim_id]
        answer = await self._in_time(self._transport.heartbeat(metrics, heard, claims))
        self._heard = [command for command in self._heard if command not in heard]
        return answer

    async def _renewals(self) -> None:
        pause = third = self._lease_seconds / 3
        retries = self._retries(third)
        while True:
            await asyncio.sleep(pause)
            pause = third
            leases = [*self._runs, *self._delivery.waiting]
            if not leases:
                continue
            try:
                renewals = await self._in_time(self._transport.renew(leases, self._lease_seconds))
            except ApiError as error:
                if not may_pass(error):
                    raise
                self._note_offline(error)
                pause = max(next(retries), min(retry_after_seconds(error.headers) or 0.0, third))
                continue
            retries = self._retries(third)
            for renewal in renewals:
                run = self._runs.get(renewal.lease)
                if not renewal.renewed:
                    self._delivery.waiting.discard(renewal.lease)
                    if run is not None:
                        run.stop("lease_lost", "the lease was lost")
                elif renewal.cancel_requested and run is not None:
                    run.stop("cancelled", "cancel requested")

    async def _signals(self) -> None:
        while True:
            self._obey(await self._transport.next_signal())

    def _obey(self, order: Signal) -> None:
        if order.command_id is not None and order.command_id not in self._heard:
            self._heard.append(order.command_id)
            self._has_heard.set()
        match order.kind:
            case "cancel_job":
                for lease, run in self._runs.items():
                    if lease.job_id == order.job_id:
                        run.stop("cancelled", order.reason or "cancel requested")
            case "pause":
                self._stand_by("paused")
            case "quarantine":
                self._stand_by("quarantined", "release", order.reason)
            case "resume":
                if not self._leaving.is_set():
                    self._watcher.start()
                if not self._resumed.is_set():
                    self._resumed.set()
                    self._slot_freed.set()
                    self._emit("resumed", "claiming again")
            case "drain":
                self._stand_by("draining")
            case "shutdown":
                self.drain()
            case "status_request":
                pass  # the heartbeat that acknowledges it says all

    # Leaving

    async def _goodbye(self) -> None:
        """Signs off as soon as it is leaving: a long poll that is under way is then given nothing any more."""
        if self._has_said_goodbye:
            return
        self._has_said_goodbye = True
        with suppress(TimeoutError):  # one that came after the goodbye would bring the robot back
            async with asyncio.timeout(LAST_BEAT_SECONDS), self._beating:
                pass
        with suppress(ApiError):  # the service notices by itself when heartbeats stay away
            if self._heard:
                await self._beat()
            await self._transport.say_goodbye()

    # What is told

    def _note_offline(self, error: ApiError) -> None:
        if not self._is_offline:
            self._is_offline = True
            hint = f". {error.hint}" if isinstance(error, Refused) and error.code.startswith(SCHEMA_CACHE) else ""
            self._emit("offline", f"{error.message.removesuffix('.')}; trying again{hint}")

    def _note_online(self) -> None:
        if self._is_offline:
            self._is_offline = False
            self._emit("online", "connected again")

    def _warn(self, warnings: Sequence[str]) -> None:
        """Says what the service finds wrong with this robot, once for as long as something is."""
        for warning in () if self._is_warned else warnings:
            self._emit("warning", warning)
        self._is_warned = bool(warnings)

    def _emit(self, kind: str, message: str, job_id: str | None = None) -> None:
        with suppress(Exception):  # of whoever shows events: it must not cost a job
            self._on_event(AgentEvent(kind, message, {} if job_id is None else {"job_id": job_id}))
