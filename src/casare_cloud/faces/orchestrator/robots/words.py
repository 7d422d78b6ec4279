"""The words of document 002 for the state of a robot, and its warnings."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

from casare_cloud.domain.robots.model import Filter
from casare_cloud.faces.kit.state_words import ROBOT_FACTS, ROBOT_WORDS, robot_word

RobotFilterWord = Literal["idle", "busy", "offline", "error", "maintenance", "online"]  # online: not offline


def filter_of(word: RobotFilterWord | None, environment: str | None = None) -> Filter:
    """Which robots a filter word matches; None: all."""
    if word == "online":
        return Filter(is_online=True, environment=environment)
    return replace(Filter() if word is None else ROBOT_WORDS[word], environment=environment)


def with_word(data: Mapping[str, Any], key: str = "status") -> dict[str, Any]:
    """The data with the word, under `key`, in the place of the facts of a robot; as they are when they hold none."""
    if not all(name in data for name in ROBOT_FACTS):
        return dict(data)
    return {name: value for name, value in data.items() if name not in ROBOT_FACTS} | {key: robot_word(data)}


def warnings_of(external_id: str, other_session_at: datetime | None) -> list[str]:
    """What a robot and the people who see it are warned of."""
    if other_session_at is None:
        return []
    at = other_session_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    process = f"Another process with the key of robot {external_id}"
    return [f"{process} was alive at {at}. If it still runs, end one of the two."]
