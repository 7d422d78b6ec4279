"""The agent: claims jobs up to its slots, runs them, and delivers their outcomes, while it keeps its robot alive."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from casare_cloud.errors import ApiError
from casare_cloud.http import LONGEST_PAUSE_SECONDS, Unreachable, may_pass, retry_after_seconds
from casare_cloud.robot.agent_life import AgentLife
from casare_cloud.robot.job_run import JobRun
from casare_cloud.robot.spool import Outcome
from casare_cloud.robot.transport import ClaimedJob
from casare_cloud.waiting import any_of, first_of, happens_within

CLAIM_PATIENCE_SECONDS = 1.5
CLEANING_SECONDS = 3_600.0
FULL_DISK_SECONDS = 5.0


class KeyRefused(Exception):
    """The service does not accept the robot's key (any more); the agent has stopped."""


class Agent(AgentLife):
    """A robot's life. `run()` returns after `drain()`, and raises `KeyRefused` when the key is not accepted.

    A robot that an operator drains finishes what it runs and stays, idle, until it is resumed or shut down.

    `lease_seconds` is how long a job stays with a robot that says nothing: leases are renewed at a third of it, so
    a dead robot's job is another's after `lease_seconds` and the service's rescue. `grace_seconds` is how long
    running jobs may take to finish when the agent drains; jobs that still run then are released. `allowed` is what
    triggers may watch on this machine; the agent watches nothing while it is paused or drains. `allows_scripts` lets
    workflows run scripts and commands on the machine.
    """

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

    async def _until_leaving(self, task: asyncio.Future[Any], *, cancel: bool = False) -> bool:
        """Waits for `task` or for the robot to leave; whether the task is done. `cancel` ends it when it is not."""
        try:
            await first_of(self._leaving, task)
        finally:
            if cancel and not task.done():
                task.cancel()
        return task.done()


def _named(job: ClaimedJob) -> str:
    return f"“{job.workflow_name}” (job {job.job_id})"


def _key_refused(robot_id: str, error: ApiError) -> str:
    return (
        f"The service refused the key of robot {robot_id}: {error.message} ({error.code}). "
        "The key may be revoked, expired or another robot's; start the robot with one of its own (--api-key): "
        f"`casare-cloud keys create {robot_id} --kind robot --robot-id {robot_id}` makes it."
    )
