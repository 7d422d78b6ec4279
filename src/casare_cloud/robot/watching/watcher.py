"""Asks for the robot's triggers, keeps a watch for each that its owner allows, and fires them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from casare_cloud.errors import ApiError
from casare_cloud.http import LONGEST_PAUSE_SECONDS, backoff_delays, may_pass, retry_after_seconds
from casare_cloud.robot.transport import AssignedTrigger, Transport
from casare_cloud.robot.watching.folder import FolderWatch
from casare_cloud.robot.watching.mailbox import MailWatch
from casare_cloud.robot.watching.watch import Allowed, Refused

ASK_SECONDS = 60.0
MOST_WATCHES = 20
MOST_LISTED = 1_000
KINDS = ("file_watch", "email")
GONE = ("TRIGGER_NOT_FOUND", "TRIGGER_DISABLED")

Emit = Callable[[str, str], None]


class Watcher:
    """Watches between `start()` and `stop()`; nothing that goes wrong here is raised. A robot whose owner allows
    nothing asks once, to say what it does not watch."""

    def __init__(self, transport: Transport, folder: Path, allowed: Allowed, emit: Emit) -> None:
        self._transport = transport
        self._folder = folder
        self._allowed = allowed
        self._emit = emit
        self._task: asyncio.Task[None] | None = None
        self._ended: list[asyncio.Task[None]] = []
        self._watches: dict[str, tuple[AssignedTrigger, asyncio.Task[None]]] = {}
        self._told: dict[str, str] = {}

    def start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        """Ends all watches; what happens from now on fires when they begin again."""
        if self._task is not None:
            self._task.cancel()
            self._ended.append(self._task)
            self._task = None

    async def close(self) -> None:
        """Ends all watches, and waits for their end."""
        self.stop()
        await asyncio.gather(*self._ended, return_exceptions=True)

    async def _run(self) -> None:
        await asyncio.gather(*self._ended, return_exceptions=True)  # two watches of one folder would fire twice
        self._ended.clear()
        try:
            while True:
                try:
                    self._keep(await self._transport.assigned_triggers())
                    self._told.pop("", None)
                except ApiError as error:
                    if not may_pass(error):
                        self._tell("", "warning", f"The robot does not learn its triggers: {error.message}")
                except Exception as error:  # whatever it is, it must not cost a job
                    self._tell("", "warning", f"The robot's triggers: {type(error).__name__}: {error}")
                else:
                    if not self._allowed:
                        return
                await asyncio.sleep(ASK_SECONDS)
        finally:
            tasks = [task for _, task in self._watches.values()]
            self._watches.clear()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _keep(self, assigned: Sequence[AssignedTrigger]) -> None:
        wanted = {trigger.trigger_id: trigger for trigger in assigned if trigger.trigger_type in KINDS}
        if not self._allowed:
            if wanted:
                self._emit("warning", f"{_count(wanted)} for this robot are not watched: {_HOW}")
            return
        before: list[asyncio.Task[None]] = []
        for trigger_id, (trigger, task) in list(self._watches.items()):
            if task.done() or wanted.get(trigger_id) != trigger:
                task.cancel()
                before.append(task)
                del self._watches[trigger_id]
                if trigger_id not in wanted:
                    self._told.pop(trigger_id, None)
                    self._emit("unwatched", f"{_named(trigger)}: disabled, deleted, or another robot's")
        for trigger_id, trigger in wanted.items():
            if trigger_id in self._watches:
                continue
            if len(self._watches) >= MOST_WATCHES:
                self._tell(trigger_id, "unwatched", f"{_named(trigger)}: a robot watches {MOST_WATCHES} at most")
                continue
            self._watches[trigger_id] = (trigger, asyncio.create_task(self._watch(trigger, before)))
        if len(assigned) < MOST_LISTED:
            self._forget_others(wanted)

    def _forget_others(self, wanted: Mapping[str, AssignedTrigger]) -> None:
        """What happens while a trigger is disabled fires nothing when it is enabled again."""
        for path in self._folder.glob("*.json"):
            if path.stem not in wanted:
                with suppress(OSError):
                    path.unlink()

    async def _watch(self, trigger: AssignedTrigger, before: Sequence[asyncio.Task[None]]) -> None:
        await asyncio.gather(*before, return_exceptions=True)
        memory_path = self._folder / f"{trigger.trigger_id}.json"
        fire = partial(self._fire, trigger)
        try:
            watch: FolderWatch | MailWatch
            if trigger.trigger_type == "file_watch":
                watch = FolderWatch(trigger.config, self._allowed.folders, memory_path, fire)
            else:
                watch = MailWatch(trigger.config, self._allowed.mail, memory_path, fire)
            await watch.begin()
            self._tell(trigger.trigger_id, "watching", f"{_named(trigger)}: {watch}")
            await watch.run()
        except Refused as reason:
            self._tell(trigger.trigger_id, "unwatched", f"{_named(trigger)}: {reason}")
        except Exception as error:  # whatever it is, it must not cost a job
            self._tell(trigger.trigger_id, "unwatched", f"{_named(trigger)}: {type(error).__name__}: {error}")

    async def _fire(self, trigger: AssignedTrigger, payload: Mapping[str, Any], name: str) -> None:
        """Fires until the service has answered; raises `Refused` when it does not want this trigger any more."""
        for pause in backoff_delays(1.0, LONGEST_PAUSE_SECONDS):
            try:
                fired = await self._transport.fire_trigger(trigger.trigger_id, payload, name)
            except ApiError as error:
                if error.code in GONE or error.status in (401, 403):
                    raise Refused(f"{error.message} ({error.code})") from error
                if not may_pass(error):
                    self._emit("refused", f"{_named(trigger)}: {error.message} ({error.code})")
                    return
                pause = max(pause, min(retry_after_seconds(error.headers) or 0.0, LONGEST_PAUSE_SECONDS))
            else:
                if fired.outcome != "limited":
                    what = f"job {fired.job_id}" if fired.job_id else "no job"
                    self._emit("fired", f"{_named(trigger)}: {fired.outcome}, {what}")
                    return
                pause = max(pause, fired.cooldown_seconds)
            await asyncio.sleep(pause)

    def _tell(self, about: str, kind: str, message: str) -> None:
        """Says it, but not twice in a row."""
        if self._told.get(about) != kind + message:
            self._told[about] = kind + message
            self._emit(kind, message)


_HOW = (
    "the robot's owner allows it with --watch-folder (file_watch), or ROBOT_MAIL_URL, ROBOT_MAIL_USER and "
    "ROBOT_MAIL_PASSWORD (email)"
)


def _count(wanted: Mapping[str, AssignedTrigger]) -> str:
    return "1 trigger" if len(wanted) == 1 else f"{len(wanted)} triggers"


def _named(trigger: AssignedTrigger) -> str:
    return f"“{trigger.name}” ({trigger.trigger_type} {trigger.trigger_id})"
