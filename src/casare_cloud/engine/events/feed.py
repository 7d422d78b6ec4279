"""What brings the events of the tenant to a bus: those that the orchestrator numbers, and those of nodes."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from casare_cloud.client import Client
from casare_cloud.engine.events.bus import EventBus
from casare_cloud.engine.events.nodes import NodeWatch
from casare_cloud.engine.events.types import CloudEvent, JobEvent, NodeEvent, read_event
from casare_cloud.errors import ApiError
from casare_cloud.http import backoff_delays

logger = logging.getLogger("casare_cloud")

POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Realtime:
    """Where pushes come from."""

    supabase_url: str
    publishable_key: str

    @classmethod
    def of(cls, env: Mapping[str, str]) -> "Realtime | None":
        """What the environment says of it."""
        url, key = env.get("SUPABASE_URL"), env.get("SUPABASE_PUBLISHABLE_KEY")
        return cls(url, key) if url and key else None


class Feed:
    """Publishes what happens in the tenant from `start` on: nothing is missed, and nothing comes twice.

    A user hears of it within half a second, by Realtime; a key, which Realtime does not let in, reads the events every
    second. While the orchestrator is away nothing comes, and all of it when it is back.
    """

    def __init__(
        self,
        client: Client,
        bus: EventBus,
        realtime: Realtime | None = None,
        on_event: Callable[[CloudEvent], None] | None = None,
    ) -> None:
        self._client = client
        self._bus = bus
        self._realtime = realtime if client.is_user else None
        self._on_event = on_event
        self._after: int | None = None

    async def start(self) -> None:
        """Note where the sequence of events is. Raises `ApiError`: needs events.read."""
        self._after = int((await self._client.watch())["after"])

    async def run(self) -> None:
        """Publish until cancelled."""
        delays = backoff_delays(0.5, 30.0)
        async with NodeWatch(self._client, self._bus, self._realtime) as nodes:
            while True:
                try:
                    await self._publish_events(nodes)
                except ApiError as error:
                    logger.warning("events cannot be read now: %s (%s)", error.message, error.code)
                await asyncio.sleep(next(delays))

    async def _publish_events(self, nodes: NodeWatch) -> None:
        places = {}
        if self._realtime is not None:
            places = {
                "supabase_url": self._realtime.supabase_url,
                "publishable_key": self._realtime.publishable_key,
            }
        async for answer in self._client.watch_events(self._after, **places, poll_seconds=POLL_SECONDS):
            event = read_event(answer)
            if isinstance(event, JobEvent) and self._bus.is_wanted(NodeEvent):
                await nodes.follow(event)
            self._bus.publish(event)
            self._after = event.seq
            if self._on_event is not None:
                self._on_event(event)
