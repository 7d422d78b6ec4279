"""The bells of robots that poll over REST or hold a socket of the gateway: this process hears them on Realtime, as a
robot in direct mode does itself.

A bell hangs until its robot has not asked for a minute, and while somebody listens to it; with the last one on a socket
the socket is closed. Where no
bell can be had (no signing key, Realtime away) the robot's long poll looks for jobs again and again.
"""

import asyncio
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from casare_cloud.config import Settings
from casare_cloud.identity import mint_robot_token

if TYPE_CHECKING:
    from casare_cloud.realtime import RealtimeClient

BELLS_OF_A_SOCKET = 90  # the platform lets a connection join 100 topics
LINGER_SECONDS = 60.0

Listener = Callable[[str, Mapping[str, Any]], None]
"""Takes the event and payload of what is pushed to a robot; `joined` each time that pushes begin to arrive."""


@dataclass(eq=False, slots=True)
class _Line:
    """One socket, the task that keeps it, and how many bells are on it."""

    client: "RealtimeClient"
    task: "asyncio.Task[None]"
    bells: int = 0


@dataclass(eq=False, slots=True)
class Doorbell:
    """One robot's bell: `rung` is set when there is a job for it."""

    topic: str
    line: _Line
    used_at: float
    rung: asyncio.Event = field(default_factory=asyncio.Event)
    listeners: list[Listener] = field(default_factory=list)

    @property
    def is_heard(self) -> bool:
        """Whether a ring would reach it now."""
        return self.line.client.has_joined(self.topic)

    async def heard_within(self, seconds: float) -> bool:
        """Whether a ring would reach it, after so many seconds at most."""
        return await self.line.client.join_within(self.topic, seconds)

    def on_push(self, event: str, payload: Mapping[str, Any]) -> None:
        """Hears what is pushed to the robot. Of one that polls, the rest comes with its heartbeats."""
        if event == "job_available":
            self.rung.set()
        for listener in self.listeners:
            listener(event, payload)

    def on_join(self) -> None:
        """What was pushed before was not heard."""
        for listener in self.listeners:
            listener("joined", {})


@dataclass(eq=False, slots=True)
class _Hall:
    """What one event loop has."""

    bells: dict[bytes, Doorbell] = field(default_factory=dict)
    lines: list[_Line] = field(default_factory=list)
    sweeper: "asyncio.Task[None] | None" = None


class Doorbells:
    """The bells of one process, by the hash of the robot's key."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._halls: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Hall] = weakref.WeakKeyDictionary()

    def find(self, key_hash: bytes | None) -> Doorbell | None:
        """The bell of the robot with this key, if it hangs and Realtime has not refused it."""
        bell = None if key_hash is None else self._hall().bells.get(key_hash)
        return bell if bell is not None and bell.line.client.wants(bell.topic) else None

    def hang(self, key_hash: bytes | None, caller: Mapping[str, Any]) -> Doorbell | None:
        """A bell for the robot that the database has verified (`public.whoami`); None where there can be none."""
        is_robot = caller["principal"] == "robot" and caller["robot_id"] is not None
        if key_hash is None or not is_robot or not self._settings.signing_key:
            return None
        hall, settings = self._hall(), self._settings
        ids = UUID(caller["tenant_id"]), UUID(caller["robot_id"]), UUID(caller["api_key_id"])

        async def token() -> tuple[str, float]:
            minted, seconds = mint_robot_token(settings, *ids)
            return minted, seconds / 2

        bell = hall.bells.get(key_hash)
        if bell is None:
            line = next((line for line in hall.lines if line.bells < BELLS_OF_A_SOCKET), None) or self._new_line(hall)
            line.bells += 1
            bell = Doorbell(f"robot:{ids[1]}", line, asyncio.get_running_loop().time())
            hall.bells[key_hash] = bell
        if not bell.line.client.wants(bell.topic):
            bell.line.client.subscribe(bell.topic, bell.on_push, on_join=bell.on_join, token=token, is_extra=True)
        if hall.sweeper is None:
            hall.sweeper = asyncio.create_task(_sweep(hall))
        return bell

    async def close(self) -> None:
        """Close the sockets of this event loop."""
        hall = self._halls.pop(asyncio.get_running_loop(), None)
        if hall is not None:
            tasks = [line.task for line in hall.lines] + ([hall.sweeper] if hall.sweeper is not None else [])
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _hall(self) -> _Hall:
        return self._halls.setdefault(asyncio.get_running_loop(), _Hall())

    def _new_line(self, hall: _Hall) -> _Line:
        from casare_cloud.realtime import RealtimeClient

        async def no_token() -> tuple[str, float]:
            raise AssertionError("every bell has a token of its own")

        client = RealtimeClient(self._settings.supabase_url, self._settings.supabase_publishable_key, no_token)
        line = _Line(client, asyncio.create_task(client.run()))
        hall.lines.append(line)
        return line


async def _sweep(hall: _Hall) -> None:
    """Takes down the bells of robots that ask no more."""
    now = asyncio.get_running_loop().time
    while hall.bells:
        await asyncio.sleep(LINGER_SECONDS / 2)
        for key_hash, bell in list(hall.bells.items()):
            if bell.used_at < now() - LINGER_SECONDS and not bell.listeners:
                del hall.bells[key_hash]
                bell.line.bells -= 1
                if bell.line.bells == 0:
                    hall.lines.remove(bell.line)
                    bell.line.task.cancel()
                else:
                    await bell.line.client.unsubscribe(bell.topic)
    hall.sweeper = None
