"""Values of the settings domain."""

from dataclasses import dataclass
from typing import Any, Literal

SettingType = Literal["boolean", "integer", "text", "choice"]


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of the tenant; one that is not changeable is decided by its plan."""

    name: str
    type: SettingType
    value: Any
    default_value: Any
    minimum: int | None  # of a number; of the characters of a text
    maximum: int | None
    choices: list[str] | None
    unit: str | None
    is_changeable: bool
    meaning: str


@dataclass(frozen=True, slots=True)
class Quota:
    """What the plan allows of something, and how much there is of it; `most` None: any number."""

    name: str
    used: int
    most: int | None
    meaning: str


@dataclass(frozen=True, slots=True)
class Purge:
    """What a page of a purge did: of `seen` jobs it deleted `purged`; `next_after` is where to go on, None: nowhere."""

    purged: int
    dead_letters: int
    log_entries: int
    seen: int
    next_after: str | None
