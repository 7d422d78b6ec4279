"""How often a step is tried, how long each try may take, and how long it waits in between."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from casare_cloud.robot.executor.context import to_number
from casare_cloud.robot.executor.errors import FATAL, InvalidWorkflowError, WorkflowError
from casare_cloud.robot.executor.step_form import Step

MOST_ATTEMPTS = 100
BACKOFFS = ("none", "fixed", "linear", "exponential")


@dataclass(frozen=True, slots=True)
class Retries:
    """A step's `retry`: `max_attempts` tries in all, or `max_retries` besides the first; seconds between them.

    Tried again is what another try may mend; with `retryable_errors`, what is named there.
    """

    attempts: int = 1
    backoff: str = "exponential"
    base_seconds: float = 1.0
    most_seconds: float = 60.0
    jitter: float = 0.0
    errors: tuple[str, ...] = ()

    @classmethod
    def of(cls, step: Step) -> "Retries":
        """What the step says; raises `InvalidWorkflowError` for what cannot be meant."""
        given = step.written.get("retry") or step.node.config.get("retry") or _of_the_editor(step.node.config)
        if not given:
            return cls()
        where = f"retry of step {step.node.id}"
        if not isinstance(given, dict):
            given = {"max_retries": given}
        backoff = str(given.get("backoff") or given.get("policy") or given.get("strategy") or "exponential").lower()
        if backoff not in BACKOFFS:
            raise InvalidWorkflowError(f"{where}: {backoff} is none of {', '.join(BACKOFFS)}", node_id=step.node.id)
        retries = _number(given, ("max_retries", "retries"), where)
        attempts = _number(given, ("max_attempts", "attempts"), where)
        if attempts is None:
            attempts = 1 if retries is None else retries + 1
        base = _number(given, ("base_delay", "delay", "initial_delay", "delay_seconds", "base_delay_seconds"), where)
        most = _number(given, ("max_delay", "max_delay_seconds"), where)
        jitter = _number(given, ("jitter_range",), where) if given.get("jitter") else 0.0
        return cls(
            1 if backoff == "none" else max(1, min(int(attempts), MOST_ATTEMPTS)),
            backoff,
            1.0 if base is None else max(0.0, base),
            60.0 if most is None else max(0.0, most),
            0.5 if jitter is None else max(0.0, min(jitter, 1.0)),
            tuple(str(name) for name in given.get("retryable_errors") or ()),
        )

    def covers(self, error: WorkflowError) -> bool:
        """Whether the step is tried again after this error."""
        if isinstance(error, FATAL):
            return False
        return error.error_type in self.errors if self.errors else error.is_retryable

    def pause_after(self, attempt: int) -> float:
        """Seconds to wait after this try."""
        factor = {"fixed": 1, "linear": attempt}.get(self.backoff, 2 ** min(attempt - 1, 30))
        seconds = min(self.base_seconds * factor, self.most_seconds)
        return float(seconds * (1 + random.uniform(-self.jitter, self.jitter)))  # noqa: S311 - no secret


def timeout_of(step: Step) -> float | None:
    """The seconds that each try of a step may take, or None; raises `InvalidWorkflowError` for what cannot be meant."""
    if (given := step.written.get("timeout")) is None:
        return None
    where = f"timeout of step {step.node.id}"
    seconds = _number({"timeout": given}, ("timeout",), where)
    if seconds is None or not 0 < seconds < math.inf:
        raise InvalidWorkflowError(f"{where} is no number of seconds: {given!r}", node_id=step.node.id)
    return seconds


def _of_the_editor(config: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the editor of document 004's web client writes into a step's configuration."""
    if not (policy := config.get("_retry_policy")):
        return None
    return {"backoff": policy, "max_attempts": config.get("_retry_max_attempts", 3)}


def _number(given: dict[str, Any], names: tuple[str, ...], where: str) -> float | None:
    found = next((given[name] for name in names if given.get(name) is not None), None)
    return None if found is None else float(to_number(found, f"{where}: {names[0]}"))
