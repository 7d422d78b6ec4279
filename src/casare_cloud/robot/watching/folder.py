"""Triggers of type `file_watch`: what appears, changes or goes in a folder."""

import asyncio
import json
import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from fnmatch import fnmatch
from hashlib import sha256
from pathlib import Path
from typing import Any

from casare_cloud.http import backoff_delays
from casare_cloud.robot.transport import clean_text
from casare_cloud.robot.watching.watch import Fire, Memory, Refused

MOST_FILES = 10_000
SETTLE_SECONDS = 1.0
MOST_SETTLE_SECONDS = 5.0
LOOK_SECONDS = 10  # also without a sign of the system: folders of a network give none

Files = dict[str, tuple[int, int, int]]
"""The files of a folder by relative path: when changed, size, and when their entry changed (nanoseconds)."""


class FolderWatch:
    """Fires for each change since the last look, once the file has not changed for a second.

    What the folder held when it was first watched fires nothing; what happened while the robot was off, or while the
    service was not reached, fires afterwards. Symbolic links are no files here.
    """

    def __init__(self, config: Mapping[str, Any], roots: Sequence[Path], memory_path: Path, fire: Fire) -> None:
        self._folder = _allowed_folder(str(config["path"]), roots)
        self._roots = roots
        self._patterns = [str(pattern) for pattern in config.get("patterns") or ("*",)]
        self._events = set(config.get("events") or ("created",))
        self._is_recursive = bool(config.get("recursive", False))
        own = memory_path.parent.parent.resolve()
        if self._folder.is_relative_to(own) or (self._is_recursive and own.is_relative_to(self._folder)):
            raise Refused(f"{self._folder} holds what the robot itself writes ({own})")
        self._memory = Memory(memory_path, [str(self._folder), self._patterns, self._is_recursive])
        self._fire = fire
        self._known: Files = {}

    def __str__(self) -> str:
        return f"{self._folder} ({', '.join(sorted(self._events))}: {' '.join(self._patterns)})"

    async def begin(self) -> None:
        """Takes the first look; raises `Refused` when the folder cannot be watched."""
        found = await asyncio.to_thread(self._look)
        kept = self._memory.load()
        if kept is None:
            self._known = found
            self._memory.save(found)
        else:
            self._known = {str(name): (int(at), int(size), int(entry)) for name, (at, size, entry) in kept.items()}

    async def run(self) -> None:
        """Watches until it is cancelled, or the folder is gone."""
        try:
            from watchfiles import awatch
        except ImportError:
            raise Refused("the package watchfiles is not installed (pip install 'casare-cloud[watch]')") from None
        await self._catch_up()
        signs = awatch(
            self._folder,
            watch_filter=None,
            recursive=self._is_recursive,
            rust_timeout=LOOK_SECONDS * 1000,
            yield_on_timeout=True,
            ignore_permission_denied=True,
        )
        async with aclosing(signs):
            async for _ in signs:
                await self._catch_up()

    async def _catch_up(self) -> None:
        before: Files | None = None
        for pause in backoff_delays(SETTLE_SECONDS, MOST_SETTLE_SECONDS):
            found = await asyncio.to_thread(self._look)
            changed = [name for name in found.keys() | self._known.keys() if _differs(found, self._known, name)]
            if not changed:
                return
            if before is not None:
                settled = [name for name in sorted(changed) if found.get(name) == before.get(name)]
                try:
                    for name in settled:
                        await self._settle(name, found.get(name))
                finally:
                    if settled:
                        self._memory.save(self._known)
                if len(settled) == len(changed):
                    return
            before = found
            await asyncio.sleep(pause)

    async def _settle(self, name: str, now: tuple[int, int, int] | None) -> None:
        event = "deleted" if now is None else "modified" if name in self._known else "created"
        facts = now or self._known[name]
        if event in self._events:
            key = sha256(json.dumps([event, name, *facts]).encode()).hexdigest()
            await self._fire(
                {
                    "event": event,
                    "path": clean_text(str(self._folder / name)),
                    "name": clean_text(Path(name).name),
                    "relative_path": clean_text(name),
                    "folder": clean_text(str(self._folder)),
                    "size_bytes": facts[1],
                    "modified_at": datetime.fromtimestamp(facts[0] / 1e9, UTC).isoformat(),
                },
                f"file:{key}",
            )
        if now is None:
            self._known.pop(name, None)
        else:
            self._known[name] = now

    def _look(self) -> Files:
        # Whoever may write there could have put a link in the place of a folder since the last look.
        if _allowed_folder(str(self._folder), self._roots) != self._folder:
            raise Refused(f"{self._folder} is a link to another folder now")
        found: Files = {}
        for folder, folders, names in os.walk(self._folder, onerror=self._on_error):
            if not self._is_recursive:
                folders.clear()
            for name in names:
                path = Path(folder) / name
                relative = path.relative_to(self._folder).as_posix()
                if not any(fnmatch(relative if "/" in pattern else name, pattern) for pattern in self._patterns):
                    continue
                try:
                    facts = path.lstat()
                except OSError:  # gone again
                    continue
                if stat.S_ISREG(facts.st_mode):
                    found[relative] = (facts.st_mtime_ns, facts.st_size, facts.st_ctime_ns)
                if len(found) > MOST_FILES:
                    raise Refused(f"{self._folder} holds more than {MOST_FILES:,} such files; name narrower patterns")
        return found

    def _on_error(self, error: OSError) -> None:
        """Of a folder that cannot be read nothing is known: that is no deletion."""
        if not isinstance(error, FileNotFoundError) or Path(error.filename) == self._folder:
            raise Refused(f"{error.filename} cannot be read: {error.strerror}") from error


def _differs(found: Files, known: Files, name: str) -> bool:
    one, other = found.get(name), known.get(name)
    return one is None or other is None or one[:2] != other[:2]


def _allowed_folder(path: str, roots: Sequence[Path]) -> Path:
    if "\0" in path or not Path(path).is_absolute():
        raise Refused(f"path must be an absolute path on the robot's machine, and {path!r} is none")
    try:
        folder = Path(path).resolve()
        allowed = [root.resolve() for root in roots]
        if not any(folder.is_relative_to(root) for root in allowed):
            names = ", ".join(map(str, allowed)) or "no folder"
            raise Refused(f"{path} is outside of what the robot's owner allows ({names}; --watch-folder)")
        if not folder.is_dir():
            raise Refused(f"there is no folder {path}")
    except (OSError, RuntimeError) as error:
        raise Refused(f"{path} cannot be read: {error}") from error
    return folder
