"""The words of the documents for states of jobs and robots, for every door (api-decisions#job-states)."""

from collections.abc import Mapping
from typing import Any, Literal

from casare_cloud.domain.jobs.model import JobStatus
from casare_cloud.domain.robots.model import Filter, Robot, RobotState

JobWord = Literal["pending", "claimed", "running", "completed", "failed", "cancelled", "timeout"]
ExecutionWord = Literal["pending", "running", "completed", "failed", "cancelled", "paused"]
RobotWord = Literal["idle", "busy", "offline", "error", "maintenance"]

# Document 004 knows no claim and no timeout.
EXECUTION_WORDS: dict[JobStatus, ExecutionWord] = {
    "queued": "pending",
    "claimed": "running",
    "running": "running",
    "completed": "completed",
    "failed": "failed",
    "timeout": "failed",
    "cancelled": "cancelled",
}

# Document 002. The first one that holds is the word: what each says of a robot, once those before it did not hold.
ROBOT_WORDS: dict[RobotWord, Filter] = {
    "offline": Filter(is_online=False),
    "maintenance": Filter(is_online=True, is_active=False),
    "error": Filter(is_online=True, is_active=True, is_healthy=False),
    "busy": Filter(is_online=True, is_active=True, is_healthy=True, is_busy=True),
    "idle": Filter(is_online=True, is_active=True, is_healthy=True, is_busy=False),
}
ROBOT_FACTS = ("is_online", "is_active", "is_healthy", "is_busy")


def job_word(status: JobStatus) -> JobWord:
    """Documents 000 and 002: the stored word, but for a job that waits."""
    return "pending" if status == "queued" else status


def robot_word_of(state: Robot | RobotState) -> RobotWord:
    """The word for the state of a robot."""
    return robot_word({name: getattr(state, name) for name in ROBOT_FACTS})


def count_robot_words(robots: Mapping[RobotState, int]) -> dict[RobotWord, int]:
    """How many robots each word stands for; every word is there."""
    counts: dict[RobotWord, int] = dict.fromkeys(ROBOT_WORDS, 0)
    for state, count in robots.items():
        counts[robot_word_of(state)] += count
    return counts


def robot_word(facts: Mapping[str, Any]) -> RobotWord:
    """The word for the facts of a robot, all of ROBOT_FACTS."""
    return next(
        word
        for word, wanted in ROBOT_WORDS.items()
        if all(getattr(wanted, name) in (None, facts[name]) for name in ROBOT_FACTS)
    )
