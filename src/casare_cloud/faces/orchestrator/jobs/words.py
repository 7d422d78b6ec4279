"""The words of documents 000 and 002 for the state of a job (api-decisions#job-states)."""

from typing import Literal

from casare_cloud.domain.jobs.model import Cancellation, JobStatus

# A filter word matches a group of states; `queued` is taken for `pending`, and `assigned` for `claimed`.
FilterWord = Literal[
    "pending", "queued", "assigned", "claimed", "running", "completed", "failed", "cancelled", "timeout"
]

_GROUPS: dict[FilterWord, list[JobStatus]] = {
    "pending": ["queued"],
    "queued": ["queued"],
    "assigned": ["claimed", "running"],
    "claimed": ["claimed", "running"],
    "running": ["running"],
    "completed": ["completed"],
    "failed": ["failed", "timeout"],
    "cancelled": ["cancelled"],
    "timeout": ["timeout"],
}


def states_of(word: FilterWord | None) -> list[JobStatus] | None:
    """The stored states that a filter word matches; None: all."""
    return None if word is None else _GROUPS[word]


def sentence_of(cancellation: Cancellation) -> str:
    """What documents 000 and 002 say of a request to cancel."""
    if cancellation.is_forced:
        return "Job cancelled by force; its robot may still be at it, and its result will be refused"
    if cancellation.cancelled:
        return "Job cancelled successfully"
    if cancellation.cancel_requested:
        return "Cancellation requested; the robot has been told"
    ended = "timed out" if cancellation.previous_status == "timeout" else cancellation.previous_status
    return f"Job already {ended}, cannot cancel"
