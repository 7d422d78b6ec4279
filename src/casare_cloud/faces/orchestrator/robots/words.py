"""The words of document 002 for the state of a robot, and its warnings."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

from casare_cloud.domain.robots.model import Filter, Robot, RobotState

RobotWord = Literal["idle", "busy", "offline", "error", "maintenance"]
RobotFilterWord = Literal["idle", "busy", "offline", "error", "maintenance", "online"]  # online: not offline


# The first one that holds is the word: what each says of a robot, once those before it did not hold.
_FACTS: dict[RobotWord, Filter] = {
    "offline": Filter(is_online=False),
    "maintenance": Filter(is_online=True, is_active=False),
    "error": Filter(is_online=True, is_active=True, is_healthy=False),
    "busy": Filter(is_online=True, is_active=True, is_healthy=True, is_busy=True),
    "idle": Filter(is_online=True, is_active=True, is_healthy=True, is_busy=False),
}
_NAMES = ("is_online", "is_active", "is_healthy", "is_busy")


def word_of(state: Robot | RobotState) -> RobotWord:
    """The published word for the state of a robot."""
    return _word({name: getattr(state, name) for name in _NAMES})


def count_words(robots: Mapping[RobotState, int]) -> dict[RobotWord, int]:
    """How many robots each word stands for; every word is there."""
    counts: dict[RobotWord, int] = dict.fromkeys(_FACTS, 0)
    for state, count in robots.items():
        counts[word_of(state)] += count
    return counts


def filter_of(word: RobotFilterWord | None, environment: str | None = None) -> Filter:
    """Which robots a filter word matches; None: all."""
    if word == "online":
        return Filter(is_online=True, environment=environment)
    return replace(Filter() if word is None else _FACTS[word], environment=environment)


def with_word(data: Mapping[str, Any], key: str = "status") -> dict[str, Any]:
    """The data with the word, under `key`, in the place of the facts of a robot; as they are when they hold none."""
    if not all(name in data for name in _NAMES):
        return dict(data)
    return {name: value for name, value in data.items() if name not in _NAMES} | {key: _word(data)}


def _word(facts: Mapping[str, Any]) -> RobotWord:
    return next(
        word for word, wanted in _FACTS.items() if all(getattr(wanted, name) in (None, facts[name]) for name in _NAMES)
    )


def warnings_of(external_id: str, other_session_at: datetime | None) -> list[str]:
    """What a robot and the people who see it are warned of."""
    if other_session_at is None:
        return []
    at = other_session_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    process = f"Another process with the key of robot {external_id}"
    return [f"{process} was alive at {at}. If it still runs, end one of the two."]
