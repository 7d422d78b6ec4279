"""The words of the documents for states of jobs and robots, as REST has them (api-decisions#job-states)."""

from collections.abc import Mapping
from typing import Any

_STATES_OF_004 = {"queued": "pending", "claimed": "running", "timeout": "failed"}


def job_word(status: str) -> str:
    """Documents 000 and 002: the stored word, but for a job that waits."""
    return "pending" if status == "queued" else status


def execution_word(status: str) -> str:
    """Document 004, which knows no claim and no timeout."""
    return _STATES_OF_004.get(status, status)


def robot_word(facts: Mapping[str, Any]) -> str:
    """Document 002: the first that holds."""
    if not facts["is_online"]:
        return "offline"
    if not facts["is_active"]:
        return "maintenance"
    if not facts["is_healthy"]:
        return "error"
    return "busy" if facts["is_busy"] else "idle"
