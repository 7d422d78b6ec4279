"""What every watch has: what its owner allows, a memory on disk, and the errors that end it."""

import json
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Fire = Callable[[Mapping[str, Any], str], Awaitable[None]]
"""Fires the trigger with a payload and the name of what happened: the same name again starts nothing."""


class Refused(Exception):
    """The robot does not watch this, for a reason that its owner is told."""


@dataclass(frozen=True, slots=True)
class MailAccount:
    """The mailbox that the robot's owner lets it read; `url` is `imaps://host[:port]`, or `imap://` for STARTTLS."""

    url: str
    user: str
    password: str

    def __repr__(self) -> str:
        return f"MailAccount({self.url!r}, {self.user!r})"


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the robot's owner lets triggers watch; nothing by default."""

    folders: tuple[Path, ...] = ()
    mail: MailAccount | None = None

    def __bool__(self) -> bool:
        return bool(self.folders) or self.mail is not None


class Memory:
    """What a watch has seen, in a file: another process of the robot goes on from there.

    `subject` is what is watched: what was remembered of another subject is forgotten.
    """

    def __init__(self, path: Path, subject: Any) -> None:
        self._path = path
        self._subject = subject

    def load(self) -> Any:
        """What was kept last, or None when this is the first time."""
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            return kept["seen"] if kept["subject"] == self._subject else None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def save(self, seen: Any) -> None:
        """Keeps it. A full disk is no reason to stop: what is fired twice starts nothing twice."""
        half = self._path.with_suffix(".part")
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            half.write_text(json.dumps({"subject": self._subject, "seen": seen}), encoding="utf-8")
            os.replace(half, self._path)
