"""The words of document 004 for the state and the cause of a run."""

from casare_cloud.domain.jobs.model import Job, JobStatus
from casare_cloud.faces.kit.state_words import EXECUTION_WORDS, ExecutionWord

_ALSO = {"success": "completed"}
_CAUSES = {"scheduled": "schedule"}


def word_of(status: JobStatus) -> ExecutionWord:
    """The published word for a stored state."""
    return EXECUTION_WORDS[status]


def states_of(word: str | None) -> list[JobStatus] | None:
    """The stored states that a filter word matches; None: all; no state for a word that is none."""
    if word is None:
        return None
    word = _ALSO.get(word, word)
    return [status for status, shown in EXECUTION_WORDS.items() if shown == word]


def cause_of(trigger_type: str) -> str:
    """The published word for what made a run."""
    return _CAUSES.get(trigger_type, trigger_type)


def causes_of(word: str | None) -> list[str] | None:
    """The stored words that a filter word for a cause matches."""
    return None if word is None else sorted({word, *(["schedule", "scheduled"] if "schedule" in word else [])})


def error_of(job: Job) -> str | None:
    """Why a run failed; that it took too long is said in words, as there is no word for the state."""
    if job.status == "timeout":
        return job.error_message or "The execution took too long."
    return job.error_message
