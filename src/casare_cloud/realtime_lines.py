"""The connections to Realtime of this process: one channel for each topic, whoever hears it here."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from casare_cloud.config import Settings
from casare_cloud.realtime import PushHandler, RealtimeClient, TokenSource

TOPICS_OF_A_LINE = 90  # the platform lets a connection join 100


@dataclass(eq=False, slots=True)
class Line:
    """One connection, the task that keeps it, and how many topics are on it."""

    client: RealtimeClient
    task: "asyncio.Task[None]"
    topics: int = 0


@dataclass(frozen=True, slots=True)
class Channel:
    """A topic that this process listens to."""

    topic: str
    line: Line

    @property
    def is_heard(self) -> bool:
        """Whether a push would arrive now."""
        return self.line.client.has_joined(self.topic)

    @property
    def is_refused(self) -> bool:
        """Whether Realtime refused it, or closed it: it is not tried again."""
        return not self.line.client.wants(self.topic)

    async def heard_within(self, seconds: float) -> bool:
        """Whether a push would arrive, after so many seconds at most."""
        return await self.line.client.join_within(self.topic, seconds)

    def listen(
        self, on_push: PushHandler, on_join: Callable[[], None], on_loss: Callable[[], None], token: TokenSource
    ) -> None:
        """Ask for it, also once more after a refusal, with the tokens of `token`, which must not raise."""
        self.line.client.subscribe(self.topic, on_push, on_join=on_join, on_loss=on_loss, token=token, is_extra=True)

    def renew_token(self) -> None:
        """Somebody else listens now."""
        self.line.client.renew_token(self.topic)


class Lines:
    """The connections of one event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lines: list[Line] = []

    def join(
        self,
        topic: str,
        on_push: PushHandler,
        on_join: Callable[[], None],
        on_loss: Callable[[], None],
        token: TokenSource,
    ) -> Channel:
        """Listen to a private topic: see `Channel.listen`."""
        line = next((line for line in self._lines if line.topics < TOPICS_OF_A_LINE), None) or self._new_line()
        line.topics += 1
        channel = Channel(topic, line)
        channel.listen(on_push, on_join, on_loss, token)
        return channel

    async def leave(self, channel: Channel) -> None:
        """Listen to it no more; the last topic's connection is closed."""
        line = channel.line
        line.topics -= 1
        if line.topics == 0 and line in self._lines:
            self._lines.remove(line)
            line.task.cancel()
            await asyncio.gather(line.task, return_exceptions=True)
        else:
            await line.client.unsubscribe(channel.topic)

    async def close(self) -> None:
        """Close all connections."""
        lines, self._lines = self._lines, []
        for line in lines:
            line.task.cancel()
        await asyncio.gather(*(line.task for line in lines), return_exceptions=True)

    def _new_line(self) -> Line:
        async def no_token() -> tuple[str, float]:
            raise AssertionError("every topic has tokens of its own")

        client = RealtimeClient(self._settings.supabase_url, self._settings.supabase_publishable_key, no_token)
        line = Line(client, asyncio.create_task(client.run()))
        self._lines.append(line)
        return line
