"""A feed of its own for a program that only listens: a thread that signs in with what the environment says."""

import asyncio
import logging
import threading
from contextlib import suppress

from casare_cloud.client import Client
from casare_cloud.client.signing_in import NotConfigured, client_of
from casare_cloud.engine.events.bus import EventBus
from casare_cloud.engine.events.feed import Feed, Realtime
from casare_cloud.env_file import environment
from casare_cloud.errors import ApiError
from casare_cloud.http import backoff_delays, is_transient

logger = logging.getLogger("casare_cloud")


class Background:
    """Feeds a bus from a daemon thread, until it is stopped. `is_following` is set while the bus hears of the cloud."""

    def __init__(self, bus: EventBus) -> None:
        self.is_following = threading.Event()
        self._bus = bus
        self._has_begun = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="casare-cloud events", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it; nothing more is published afterwards, unless it is a handler of its own that stops it."""
        self._has_begun.wait()
        with suppress(RuntimeError):  # the loop is closed: it has ended by itself
            self._loop.call_soon_threadsafe(self._work.cancel)
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner, suppress(asyncio.CancelledError):
            runner.run(self._start())

    async def _start(self) -> None:
        self._work = asyncio.ensure_future(self._follow())
        self._has_begun.set()
        await self._work

    async def _follow(self) -> None:
        delays = backoff_delays(0.5, 30.0)
        while True:
            try:
                env = environment()
                async with await client_of(Client, env) as client:
                    feed = Feed(client, self._bus, Realtime.of(env))
                    await feed.start()
                    self.is_following.set()
                    await feed.run()
            except NotConfigured as problem:
                logger.warning("the event bus hears of this process only. %s", problem)
                return
            except ApiError as error:
                logger.warning("the event bus cannot follow the orchestrator: %s (%s)", error.message, error.code)
                if not is_transient(error):
                    return
            await asyncio.sleep(next(delays))
