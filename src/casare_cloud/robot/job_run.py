"""One claimed job from its start to its outcome: runs the workflow in a thread, reports progress and logs."""

import asyncio
import threading
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from casare_cloud.errors import ApiError
from casare_cloud.http import backoff_delays, may_pass
from casare_cloud.robot.executor import run_workflow
from casare_cloud.robot.executor.context import storable
from casare_cloud.robot.executor.control import RunCancelled, RunControl
from casare_cloud.robot.executor.errors import JobTimeoutError, ResultTooLarge, WorkflowError
from casare_cloud.robot.executor.sandbox import Sandbox
from casare_cloud.robot.job_logs import JobLogs
from casare_cloud.robot.spool import Outcome
from casare_cloud.robot.transport import ClaimedJob, Failure, NodeEvent, Transport, shortened
from casare_cloud.waiting import happens_within

StopReason = Literal["cancelled", "released", "lease_lost", "timed_out"]

LOG_FLUSH_SECONDS = 1.0
PROGRESS_PAUSE_SECONDS = 0.25
NODE_EVENTS_SECONDS = 1.0
MOST_NODE_EVENTS = 10  # in that time; of more, the newest are shown: Realtime counts every message
STOP_PATIENCE_SECONDS = 0.8
LAST_WORDS_SECONDS = 1.0  # what the last progress and node events may take before the outcome is sent


class JobRun:
    """Runs `job`. `run()` returns the outcome to deliver, after `keep` had it, or None when there is none to report.

    That is so when the lease was lost before the workflow was done, and when the job took longer than it may: then the
    service, whose clock decides, ends the attempt as a timeout, and the outcome is the rest of the log.
    """

    def __init__(
        self,
        job: ClaimedJob,
        transport: Transport,
        folder: Path,
        keep: Callable[[Outcome], None],
        *,
        allows_scripts: bool = False,
    ) -> None:
        self.job = job
        self.stop_reason: StopReason | None = None
        self._transport = transport
        self._folder = folder
        self._control = RunControl(job.timeout_seconds)
        self._loop = asyncio.get_running_loop()
        self._keep = keep
        self._allows_scripts = allows_scripts
        self._logs = JobLogs(job.lease, transport)
        self._progress: tuple[int, str | None, str | None] | None = None
        self._progress_sent: tuple[int, str | None, str | None] | None = None
        self._progress_changed = asyncio.Event()
        self._node_events: deque[NodeEvent] = deque(maxlen=MOST_NODE_EVENTS)
        self._nodes_told_at = -NODE_EVENTS_SECONDS
        self._stopped = asyncio.Event()

    def stop(self, reason: StopReason, explanation: str = "") -> None:
        """Asks the workflow to end; the first reason counts. It does at its next node or wait, within a second."""
        if self.stop_reason is None or reason == "lease_lost":
            self.stop_reason = reason
        self._control.cancel(explanation or reason)
        self._stopped.set()

    async def run(self) -> Outcome | None:
        if not await self._start():
            return self._give_back()
        reporters = [asyncio.create_task(self._report_progress()), asyncio.create_task(self._send_logs())]
        try:
            outcome = self._reportable(await self._execute())
            if outcome is not None:
                self._keep(outcome)  # before anything else is awaited: it survives the end of this process
        finally:
            for task in reporters:
                task.cancel()
            await asyncio.gather(*reporters, return_exceptions=True)
        if outcome is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORDS_SECONDS):
                    await asyncio.gather(self._tell_nodes(is_last=True), self._send_first_progress())
        return outcome

    def _give_back(self) -> Outcome | None:
        """The outcome of a job that was stopped before the service knew of its start."""
        if self.stop_reason == "lease_lost":
            return None
        outcome = Outcome(self.job.lease, "released")
        self._keep(outcome)
        return outcome

    def _reportable(self, outcome: Outcome) -> Outcome | None:
        """The outcome to report, with the rest of the log."""
        if self.stop_reason == "lease_lost" and outcome.kind != "completed":
            return None  # a complete result is sent all the same: it is refused, and kept as a late result
        rest = self._logs.take_rest()
        if self.stop_reason == "timed_out":
            return Outcome(self.job.lease, "logs", log_batches=rest) if rest else None
        return replace(outcome, log_batches=rest)

    async def _start(self) -> bool:
        """Whether the service knows that the job runs now. Without that it would give the job to another robot as one
        that never ran, so until it is heard, nothing is run.
        """
        for pause in backoff_delays(0.25, 5.0):
            try:
                await self._transport.start(self.job.lease)
            except ApiError as error:
                if error.status in (404, 409):
                    self.stop_reason = "lease_lost"
                if self.stop_reason is not None:
                    return False
                if not may_pass(error):
                    raise
                if await happens_within(self._stopped, pause):
                    return False
            else:
                return True
        raise AssertionError("unreachable: the pauses do not end")

    async def _execute(self) -> Outcome:
        done: asyncio.Future[Outcome] = self._loop.create_future()

        def settle(outcome: Outcome) -> None:
            if not done.done():
                done.set_result(outcome)

        def work() -> None:
            outcome = self._run_in_thread()
            try:
                self._loop.call_soon_threadsafe(settle, outcome)
            except RuntimeError:
                return  # the agent ended without waiting for this thread

        # A daemon thread: one that hangs in a system call must not keep the process alive.
        threading.Thread(target=work, name=f"job-{self.job.job_id}", daemon=True).start()
        stopping = asyncio.create_task(self._stopped.wait())
        both: set[asyncio.Future[Any]] = {done, stopping}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not done.done():
            await asyncio.wait({done}, timeout=STOP_PATIENCE_SECONDS)
        if done.done() and (self.stop_reason is None or done.result().kind == "completed"):
            return done.result()
        return Outcome(self.job.lease, "released")

    def _run_in_thread(self) -> Outcome:
        lease = self.job.lease
        try:
            self._control.begin()
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            sandbox = Sandbox(self._folder)
            result = run_workflow(
                self.job.workflow_json,
                self.job.input,
                control=self._control,
                sandbox=sandbox,
                reporter=self,
                facts={"job_id": self.job.job_id, "workflow_name": self.job.workflow_name, "attempt": self.job.attempt},
                allows_scripts=self._allows_scripts,
            )
            return Outcome(lease, "completed", result=result)
        except RunCancelled:
            return Outcome(lease, "released")
        except JobTimeoutError as error:
            self.log("error", str(error), error.node_id)
            self.stop_reason = self.stop_reason or "timed_out"
            return Outcome(lease, "released")
        except WorkflowError as error:
            self.log("error", str(error), error.node_id)
            failure = Failure.of(
                str(error),
                error.error_type,
                stack_trace=error.stack_trace,
                failed_node=error.node_id,
                is_retryable=error.is_retryable,
                retry_at=None if error.retry_at is None else error.retry_at.isoformat(),
                node_executions=error.node_executions,
            )
            return Outcome(lease, "failed", failure=failure)
        except Exception as error:
            self.log("error", f"{type(error).__name__}: {error}")
            trace = traceback.format_exc(limit=20)
            return Outcome(lease, "failed", failure=Failure.of(str(error), type(error).__name__, stack_trace=trace))

    # What the workflow reports, from its own thread.

    def progress(self, percent: int, node_id: str | None, message: str | None) -> None:
        self._progress = (percent, node_id and shortened(node_id, 255), message and shortened(message, 4096))
        self._call(self._progress_changed.set)

    def log(self, level: str, message: str, node_id: str | None = None, extra: Mapping[str, Any] | None = None) -> None:
        entry: dict[str, Any] = {
            "level": level,
            "message": shortened(message, 65536),
            "node_id": None if node_id is None else shortened(node_id, 255),
            "timestamp": _now(),
        }
        if extra:
            try:
                entry["extra"] = storable(extra)
            except ResultTooLarge as error:
                entry["extra"] = {"extra": f"left out: {error}"}
        self._call(self._logs.add, entry)

    def node_started(self, node_id: str, node_type: str) -> None:
        self._tell(NodeEvent("node.started", shortened(node_id, 255), node_type, _now()))

    def node_completed(self, node_id: str, node_type: str, status: str, seconds: float) -> None:
        duration = round(seconds * 1000)
        self._tell(NodeEvent("node.completed", shortened(node_id, 255), node_type, _now(), status, duration))

    def _tell(self, event: NodeEvent) -> None:
        self._node_events.append(event)
        self._call(self._progress_changed.set)

    def _call(self, function: Any, *arguments: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:
            return  # the loop is closed: the agent has gone

    # Sending, in the agent's loop.

    async def _report_progress(self) -> None:
        while True:
            await self._progress_changed.wait()
            self._progress_changed.clear()
            await self._send_progress()
            await self._tell_nodes()
            await asyncio.sleep(PROGRESS_PAUSE_SECONDS)

    async def _send_progress(self) -> None:
        latest = self._progress
        if latest is None or latest == self._progress_sent:
            return
        try:
            if await self._transport.progress(self.job.lease, *latest):
                self.stop("cancelled", "cancel requested")
            self._progress_sent = latest
        except ApiError as error:
            self._lose_lease_on(error)

    async def _send_first_progress(self) -> None:
        """A job that was over before its first report still has one: its timeline would have a gap."""
        if self._progress_sent is None and self.stop_reason is None:
            await self._send_progress()

    async def _tell_nodes(self, *, is_last: bool = False) -> None:
        now = self._loop.time()
        if not self._node_events or (now < self._nodes_told_at + NODE_EVENTS_SECONDS and not is_last):
            return
        self._nodes_told_at = now
        events = tuple(self._node_events)
        self._node_events.clear()
        with suppress(ApiError):  # nobody depends on them
            await self._transport.tell_nodes(self.job, events)

    async def _send_logs(self) -> None:
        while True:
            await asyncio.sleep(LOG_FLUSH_SECONDS)
            try:
                await self._logs.flush()
            except ApiError as error:
                self._lose_lease_on(error)

    def _lose_lease_on(self, error: ApiError) -> None:
        if error.status == 409 and error.code in ("LEASE_LOST", "JOB_ALREADY_FINISHED"):
            self.stop("lease_lost", "the lease was lost")


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
