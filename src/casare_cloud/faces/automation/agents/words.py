"""The words of document 004 for the state of an agent."""

from typing import Literal

from casare_cloud.domain.robots.model import Lifetime

AgentWord = Literal["active", "inactive", "disconnected", "error"]
WORDS: tuple[AgentWord, ...] = ("active", "inactive", "disconnected", "error")


def word_of(state: Lifetime) -> AgentWord:
    """The published word for the state of an agent."""
    if not state.was_heard:
        return "inactive"
    if not state.is_online:
        return "disconnected"
    if not state.is_healthy:
        return "error"
    return "active" if state.is_active or state.is_busy else "inactive"


def states_of(word: str | None) -> list[int] | None:
    """The states, as numbers, that a filter word matches; None: all; none for a word that is none."""
    if word is None:
        return None
    return [number for number in range(32) if word_of(Lifetime.of(number)) == word]
