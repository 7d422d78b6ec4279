"""The bells of robots that poll over REST or hold a socket of the gateway: this process hears them on Realtime, as a
robot in direct mode does itself.

A bell hangs until its robot has not asked for a minute, and while somebody listens to it. Where no bell can be had (no
signing key, Realtime away) the robot's long poll looks for jobs again and again.
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
    from casare_cloud.realtime_lines import Channel, Lines

LINGER_SECONDS = 60.0

Listener = Callable[[str, Mapping[str, Any]], None]
"""Takes the event and payload of what is pushed to a robot; `joined` each time that pushes begin to arrive, `lost`
when they do so no more."""


@dataclass(eq=False, slots=True)
class Doorbell:
    """One robot's bell: `rung` is set when there is a job for it."""

    topic: str
    used_at: float
    channel: "Channel" = field(init=False)
    rung: asyncio.Event = field(default_factory=asyncio.Event)
    listeners: list[Listener] = field(default_factory=list)

    @property
    def is_heard(self) -> bool:
        """Whether a ring would reach it now."""
        return self.channel.is_heard

    async def heard_within(self, seconds: float) -> bool:
        """Whether a ring would reach it, after so many seconds at most."""
        return await self.channel.heard_within(seconds)

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

    def on_loss(self) -> None:
        """What is pushed now is not heard."""
        for listener in self.listeners:
            listener("lost", {})


@dataclass(eq=False, slots=True)
class _Hall:
    """What one event loop has."""

    lines: "Lines"
    bells: dict[bytes, Doorbell] = field(default_factory=dict)
    sweeper: "asyncio.Task[None] | None" = None


class Doorbells:
    """The bells of one process, by the hash of the robot's key."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._halls: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Hall] = weakref.WeakKeyDictionary()

    def find(self, key_hash: bytes | None) -> Doorbell | None:
        """The bell of the robot with this key, if it hangs and Realtime has not refused it."""
        hall = self._halls.get(asyncio.get_running_loop())
        bell = None if key_hash is None or hall is None else hall.bells.get(key_hash)
        return bell if bell is not None and not bell.channel.is_refused else None

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
            bell = hall.bells[key_hash] = Doorbell(f"robot:{ids[1]}", asyncio.get_running_loop().time())
            bell.channel = hall.lines.join(bell.topic, bell.on_push, bell.on_join, bell.on_loss, token)
        elif bell.channel.is_refused:
            bell.channel.listen(bell.on_push, bell.on_join, bell.on_loss, token)
        if hall.sweeper is None:
            hall.sweeper = asyncio.create_task(_sweep(hall))
        return bell

    async def close(self) -> None:
        """Close the sockets of this event loop."""
        hall = self._halls.pop(asyncio.get_running_loop(), None)
        if hall is not None:
            if hall.sweeper is not None:
                hall.sweeper.cancel()
                await asyncio.gather(hall.sweeper, return_exceptions=True)
            await hall.lines.close()

    def _hall(self) -> _Hall:
        loop = asyncio.get_running_loop()
        if (hall := self._halls.get(loop)) is None:
            from casare_cloud.realtime_lines import Lines

            hall = self._halls[loop] = _Hall(Lines(self._settings))
        return hall


async def _sweep(hall: _Hall) -> None:
    """Takes down the bells of robots that ask no more."""
    now = asyncio.get_running_loop().time
    while hall.bells:
        await asyncio.sleep(LINGER_SECONDS / 2)
        for key_hash, bell in list(hall.bells.items()):
            if bell.used_at < now() - LINGER_SECONDS and not bell.listeners:
                del hall.bells[key_hash]
                await hall.lines.leave(bell.channel)
    hall.sweeper = None
