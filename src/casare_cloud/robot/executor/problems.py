"""A problem found in a workflow before it runs: its place, the broken rule, and a suggestion."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import Any, Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """`path` leads to the place in the definition: `nodes.mark.config.vlaue`, `connections[3]`.

    An error is a mistake with which the workflow would not do what it says; a warning may be meant.
    """

    path: str
    rule: str
    severity: Severity
    message: str
    did_you_mean: str | None = None
    node_id: str | None = None

    @property
    def sentence(self) -> str:
        """The message with the suggestion."""
        return f"{self.message}; did you mean {self.did_you_mean}?" if self.did_you_mean else self.message

    def to_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "rule": self.rule,
            "severity": self.severity,
            "message": self.message,
            "did_you_mean": self.did_you_mean,
        }


MOST_SUGGESTIONS = 100
MOST_NAMES = 1_000
LONGEST_NAME = 100
MOST_PAIRS = 5_000_000


@dataclass(slots=True)
class _Left:
    suggestions: int = MOST_SUGGESTIONS
    pairs: int = MOST_PAIRS


_left: ContextVar[_Left | None] = ContextVar("suggestions that are left", default=None)


@contextmanager
def few_suggestions() -> Iterator[None]:
    """Lets `nearest` look for 100 names and compare 5,000,000 pairs of letters: a definition may misspell thousands."""
    token = _left.set(_Left())
    try:
        yield
    finally:
        _left.reset(token)


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The one of the names that may be meant, or None: also for a long name, among many, and when enough was sought.

    Nothing is taken of an iterator whose names are not needed.
    """
    left = _left.get()
    if len(name) > LONGEST_NAME or (left is not None and left.suggestions <= 0):
        return None
    every = list(islice(names, MOST_NAMES + 1))
    if left is not None:
        left.suggestions -= 1
        left.pairs -= len(name) * sum(len(other) for other in every if len(other) <= LONGEST_NAME)
    if len(every) > MOST_NAMES or (left is not None and left.pairs < 0):
        return None
    plain = {_plain(other): other for other in every if len(other) <= LONGEST_NAME}
    wanted = _plain(name)
    close = get_close_matches(wanted, plain, 1, 0.7)
    letters = sorted(wanted)
    close = close or [other for other in plain if sorted(other) == letters]  # two letters of a short word
    return plain.get(wanted) or (plain[close[0]] if close else None)


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")


def listed(names: Iterable[str], most: int = 8) -> str:
    """The names in a sentence, the first of them when there are many."""
    every = sorted(set(names))
    shown = [name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…" for name in every[:most]]
    return ", ".join(shown) + (f" and {len(every) - most} more" if len(every) > most else "") or "none"
