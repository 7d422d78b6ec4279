"""The words of documents 000 and 002 for the state of a job (api-map, "Job status by face")."""

from typing import Literal

from casare_cloud.domain.jobs.model import JobStatus

JobWord = Literal["pending", "claimed", "running", "completed", "failed", "cancelled", "timeout"]

# A filter word matches a group of states; `queued` is taken for `pending`.
FilterWord = Literal["pending", "queued", "claimed", "running", "completed", "failed", "cancelled", "timeout"]

_GROUPS: dict[FilterWord, list[JobStatus]] = {
    "pending": ["queued"],
    "queued": ["queued"],
    "claimed": ["claimed", "running"],
    "running": ["running"],
    "completed": ["completed"],
    "failed": ["failed", "timeout"],
    "cancelled": ["cancelled"],
    "timeout": ["timeout"],
}


def word_of(status: JobStatus) -> JobWord:
    """The published word for a stored state."""
    return "pending" if status == "queued" else status


def states_of(word: FilterWord | None) -> list[JobStatus] | None:
    """The stored states that a filter word matches; None: all."""
    return None if word is None else _GROUPS[word]
