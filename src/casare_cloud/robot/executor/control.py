"""How a running workflow learns that it must end: cancelled from outside, or out of time."""

import threading
import time

from casare_cloud.robot.executor.errors import JobTimeoutError, NodeError


class RunCancelled(BaseException):
    """The run was asked to stop. Not an `Exception`, so that no node and no TryNode catches it by accident."""


class RunControl:
    """Shared by the thread that runs a workflow and the one that may stop it. Every node asks before it begins."""

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        self._deadline = time.monotonic() + timeout_seconds
        self._cancelled = threading.Event()
        self._reason = ""

    def begin(self) -> None:
        """The time counts from now: the service counts a job's from its start, not from its claim."""
        self._deadline = time.monotonic() + self._timeout_seconds

    def cancel(self, reason: str) -> None:
        """Asks the run to stop; safe from any thread, more than once."""
        self._reason = self._reason or reason
        self._cancelled.set()

    @property
    def must_stop(self) -> bool:
        return self._cancelled.is_set() or time.monotonic() >= self._deadline

    @property
    def remaining_seconds(self) -> float:
        return max(0.0, self._deadline - time.monotonic())

    def check(self) -> None:
        """Raises `RunCancelled` when the run was asked to stop, `JobTimeoutError` when its time is over."""
        if self._cancelled.is_set():
            raise RunCancelled(self._reason)
        if time.monotonic() >= self._deadline:
            raise JobTimeoutError(f"the job ran longer than its timeout of {self._timeout_seconds:g} seconds")

    def sleep(self, seconds: float) -> None:
        """Waits, but ends at once when the run must stop."""
        self._cancelled.wait(min(seconds, self.remaining_seconds))
        self.check()


class StepControl(RunControl):
    """The time of one step, within that of its run: when it is over, the step fails as `StepTimeout`."""

    def __init__(self, run: RunControl, timeout_seconds: float) -> None:
        super().__init__(timeout_seconds)
        self._run = run
        self._cancelled = run._cancelled

    @property
    def must_stop(self) -> bool:
        return self._run.must_stop or time.monotonic() >= self._deadline

    @property
    def remaining_seconds(self) -> float:
        return min(self._run.remaining_seconds, super().remaining_seconds)

    def check(self) -> None:
        """As the run's, and raises a `NodeError` when the step's time is over."""
        self._run.check()
        if time.monotonic() >= self._deadline:
            message = f"the step ran longer than its timeout of {self._timeout_seconds:g} seconds"
            raise NodeError(message, error_type="StepTimeout")
