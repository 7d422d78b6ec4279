"""The words of document 004 for the state of an execution."""

from typing import Literal

from casare_cloud.domain.jobs.model import JobStatus

ExecutionWord = Literal["pending", "running", "completed", "failed", "cancelled", "paused"]

# A filter word matches a group of states; `success` is taken for `completed`, and nothing pauses an execution yet.
FilterWord = Literal["pending", "running", "completed", "success", "failed", "cancelled", "paused"]

_GROUPS: dict[FilterWord, list[JobStatus]] = {
    "pending": ["queued"],
    "running": ["claimed", "running"],
    "completed": ["completed"],
    "success": ["completed"],
    "failed": ["failed", "timeout"],
    "cancelled": ["cancelled"],
    "paused": [],
}
_WORDS: dict[JobStatus, ExecutionWord] = {
    "queued": "pending",
    "claimed": "running",
    "running": "running",
    "completed": "completed",
    "failed": "failed",
    "timeout": "failed",
    "cancelled": "cancelled",
}


def word_of(status: JobStatus) -> ExecutionWord:
    """The published word for a stored state."""
    return _WORDS[status]


def states_of(word: FilterWord | None) -> list[JobStatus] | None:
    """The stored states that a filter word matches; None: all; an empty list: none."""
    return None if word is None else _GROUPS[word]
