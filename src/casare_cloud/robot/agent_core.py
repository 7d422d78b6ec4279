"""The agent: keeps a robot registered and alive, claims jobs up to its slots, runs them, delivers their outcomes."""

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from casare_cloud.errors import ApiError
from casare_cloud.http import (
    LONGEST_PAUSE_SECONDS,
    Unreachable,
    backoff_delays,
    may_pass,
    retry_after_seconds,
)
from casare_cloud.robot.console import AgentEvent, EventHandler, print_event
from casare_cloud.robot.delivery import Delivery
from casare_cloud.robot.job_folders import JobFolders
from casare_cloud.robot.job_run import JobRun
from casare_cloud.robot.machine import MachineMetrics
from casare_cloud.robot.spool import Outcome
from casare_cloud.robot.transport import ClaimedJob, HeartbeatAnswer, Lease, RobotProfile, Signal, Transport
from casare_cloud.robot.watching.watch import Allowed
from casare_cloud.robot.watching.watcher import Watcher
from casare_cloud.waiting import any_of, first_of, happens_within

DEFAULT_LEASE_SECONDS = 20
DEFAULT_GRACE_SECONDS = 30.0
CLAIM_PATIENCE_SECONDS = 1.5
LEAST_HEARTBEAT_SECONDS = 1.0
CLEANING_SECONDS = 3_600.0
FULL_DISK_SECONDS = 5.0

T = TypeVar("T")


class KeyRefused(Exception):
    """The service does not accept the robot's key (any more); the agent has stopped."""


class Agent:
    """A robot's life. `run()` returns after `drain()`, and raises `KeyRefused` when the key is not accepted.

    A robot that an operator drains finishes what it runs and stays, idle, until it is resumed or shut down.

    `lease_seconds` is how long a job stays with a robot that says nothing: leases are renewed at a third of it, so
    a dead robot's job is another's after `lease_seconds` and the service's rescue. `grace_seconds` is how long
    running jobs may take to finish when the agent drains; jobs that still run then are released. `allowed` is what
    triggers may watch on this machine; the agent watches nothing while it is paused or drains. `allows_scripts` lets
    workflows run scripts and commands on the machine.
    """

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
        self._has_said_goodbye = False

    async def run(self) -> None:
        """Registers, works until `drain()` is called and the running jobs are settled, and says goodbye."""
        self._failed = asyncio.get_running_loop().create_future()
        try:
            await self._register()
            if self._leaving.is_set():
                return
            await self._work()
        except ApiError as error:
            if error.status in (401, 403):
                raise KeyRefused(_key_refused(self._profile.robot_id, error)) from error
            raise
        finally:
            await self._watcher.close()
            await self._transport.close()

    def drain(self) -> None:
        """Claims nothing more; `run()` returns when the running jobs have finished or the grace time is over."""
        if not self._leaving.is_set():
            self._emit("draining", f"no new jobs{self._count_running()}{self._grace()}")
            self._leaving.set()
            self._watcher.stop()

    def _stand_by(self, kind: str) -> None:
        if self._resumed.is_set():
            self._resumed.clear()
            self._watcher.stop()
            self._emit(kind, f"no new jobs until resumed{self._count_running()}")

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

    async def _cleaning(self) -> None:
        """Deletes the folders of jobs that ran long ago, now and from time to time."""
        while True:
            await asyncio.to_thread(self._folders.remove_old, list(self._runs))
            await asyncio.sleep(CLEANING_SECONDS)

    async def _work(self) -> None:
        loops = [
            asyncio.create_task(loop)
            for loop in (self._heartbeats(), self._renewals(), self._signals(), self._redeliveries(), self._cleaning())
        ]
        claims = asyncio.create_task(self._claims())
        assert self._failed is not None
        try:
            await asyncio.wait({claims, self._failed, *loops}, return_when=asyncio.FIRST_COMPLETED)
            for task in (claims, *loops):
                if task.done() and not task.cancelled():
                    task.result()
            if self._failed.done():
                self._failed.result()
            await self._settle()
            self._emit("stopped", "goodbye")
        finally:
            for task in (claims, *loops, *self._tasks.values()):
                task.cancel()
            await asyncio.gather(claims, *loops, *self._tasks.values(), return_exceptions=True)

    # Claiming

    async def _claims(self) -> None:
        while not self._leaving.is_set():
            free = self._profile.max_concurrent_jobs - len(self._runs)
            if free <= 0 or not self._resumed.is_set():
                self._slot_freed.clear()
                await any_of(self._slot_freed, self._leaving, *([] if free <= 0 else [self._resumed]))
                continue
            if not self._can_keep():
                await happens_within(self._leaving, FULL_DISK_SECONDS)
                continue
            try:
                self._claim_id = self._claim_id or str(uuid4())
                jobs = await self._claim(free, self._claim_id)
                self._claim_id = None
                self._note_online()
                for job in jobs:
                    await self._take(job)
                if jobs:
                    continue
            except ApiError as error:
                if not may_pass(error):
                    raise
                self._note_offline(error)
                pause = retry_after_seconds(error.headers) or 0.0
                await happens_within(self._leaving, min(pause, LONGEST_PAUSE_SECONDS))
            await self._until_leaving(asyncio.ensure_future(self._transport.wait_for_doorbell()), cancel=True)
        await self._goodbye()

    def _can_keep(self) -> bool:
        """Whether the disk would keep a result; a robot without one takes nothing more. Says so when that changes."""
        reason = self._delivery.why_full()
        if (reason is not None) is not self._is_full:
            self._is_full = reason is not None
            if reason is None:
                self._emit("resumed", "results can be kept on disk; claiming again")
            else:
                self._emit("paused", f"no new jobs: no result could be kept in {self._work_dir} ({reason})")
        return reason is None

    async def _claim(self, limit: int, claim_id: str) -> Sequence[ClaimedJob]:
        """Jobs, or none when the robot leaves. A claim under way is not just dropped: it may have been given a job."""
        claim = asyncio.ensure_future(self._transport.claim(limit, self._lease_seconds, claim_id))
        if not await self._until_leaving(claim):
            await self._goodbye()
            await asyncio.wait({claim}, timeout=CLAIM_PATIENCE_SECONDS)
        if claim.done():
            return claim.result()
        claim.cancel()
        return ()

    async def _deliver(self, outcome: Outcome) -> bool:
        is_sent = await self._delivery.deliver(outcome)
        if not is_sent:
            self._note_offline(Unreachable("the result could not be sent"))
        return is_sent

    async def _redeliveries(self) -> None:
        await self._delivery.keep_trying(self._note_online)

    async def _take(self, job: ClaimedJob) -> None:
        if self._leaving.is_set():
            await self._deliver(Outcome(job.lease, "released"))
            return
        self._emit("claimed", f"{_named(job)}, attempt {job.attempt} of {job.max_attempts}", job.job_id)
        folder, keep = self._folders.of(job.lease), self._delivery.keep
        run = JobRun(job, self._transport, folder, keep, allows_scripts=self._allows_scripts)
        self._runs[job.lease] = run
        self._tasks[job.lease] = asyncio.create_task(self._run_job(run))

    async def _run_job(self, run: JobRun) -> None:
        """The slot is free when the outcome has been sent; the rest of the log is sent after it."""
        try:
            outcome = await self._run_to_its_outcome(run)
        finally:
            self._runs.pop(run.job.lease, None)
            self._slot_freed.set()
        if outcome is not None:
            await self._delivery.send_last_logs(outcome)
        self._tasks.pop(run.job.lease, None)

    async def _run_to_its_outcome(self, run: JobRun) -> Outcome | None:
        """Runs the job and delivers its outcome; returns the outcome when only the rest of its log is left to send."""
        job = run.job
        try:
            outcome = await run.run()
            if outcome is None or outcome.kind == "logs":
                self._describe_nothing(run)
                return outcome
            self._describe(run, outcome)
            return outcome if await self._deliver(outcome) else None
        except Exception as error:  # the lease runs out, and the job is handed out again
            if isinstance(error, ApiError) and error.status in (401, 403):  # nothing will be answered to this robot
                if self._failed is not None and not self._failed.done():
                    self._failed.set_exception(error)
                return None
            reason = f"{type(error).__name__}: {error}"
            self._emit("failed", f"{_named(job)}: given up without an outcome: {reason}", job.job_id)
        return None

    def _describe_nothing(self, run: JobRun) -> None:
        if run.stop_reason == "timed_out":
            self._emit("timeout", f"{_named(run.job)}: longer than {run.job.timeout_seconds} seconds", run.job.job_id)
        else:
            text = f"{_named(run.job)}: another robot may have it; the result is discarded"
            self._emit("lease_lost", text, run.job.job_id)

    def _describe(self, run: JobRun, outcome: Outcome) -> None:
        job = run.job
        if outcome.kind == "released":
            self._emit("cancelled" if run.stop_reason == "cancelled" else "released", _named(job), job.job_id)
        elif outcome.failure is not None:
            self._emit(
                "failed", f"{_named(job)}: {outcome.failure.error_type}: {outcome.failure.error_message}", job.job_id
            )
        else:
            self._emit("completed", f"{_named(job)}", job.job_id)

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
        metrics = {**self._metrics.read(), "active_jobs": len(self._runs), "active_job_ids": self.running_job_ids}
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

    async def _settle(self) -> None:
        """Lets running jobs finish within the grace time, then releases them."""
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=self._grace_seconds)
        for run in self._runs.values():
            run.stop("released", "the robot is shutting down")
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=10)
        await self._goodbye()

    async def _goodbye(self) -> None:
        """Signs off as soon as it is leaving: a long poll that is under way is then given nothing any more."""
        if self._has_said_goodbye:
            return
        self._has_said_goodbye = True
        with suppress(ApiError):  # the service notices by itself when heartbeats stay away
            if self._heard:
                await self._beat()
            await self._transport.say_goodbye()

    # Helpers

    async def _until_leaving(self, task: asyncio.Future[Any], *, cancel: bool = False) -> bool:
        """Waits for `task` or for the robot to leave; whether the task is done. `cancel` ends it when it is not."""
        try:
            await first_of(self._leaving, task)
        finally:
            if cancel and not task.done():
                task.cancel()
        return task.done()

    def _note_offline(self, error: ApiError) -> None:
        if not self._is_offline:
            self._is_offline = True
            self._emit("offline", f"{error.message.removesuffix('.')}; trying again")

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


def _named(job: ClaimedJob) -> str:
    return f"“{job.workflow_name}” (job {job.job_id})"


def _key_refused(robot_id: str, error: ApiError) -> str:
    return (
        f"The service refused the key of robot {robot_id}: {error.message} ({error.code}). "
        "The key may be revoked, expired or another robot's; create a new one and start the robot with it."
    )
