"""An event loop in a thread, for clients that wait instead of being awaited."""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any, TypeVar

T = TypeVar("T")


class LoopThread:
    """Runs coroutines for any thread, also for one in which another loop runs."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="client", daemon=True)
        self._thread.start()

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._loop.is_closed()

    def result_of(self, work: Coroutine[Any, Any, T]) -> T:
        """What the work gives, or the error that it raises."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:  # also Ctrl-C: nothing goes on behind its back
            future.cancel()
            raise

    def iterate(self, items: AsyncIterator[T]) -> Iterator[T]:
        """Each item when it is asked for. Whoever stops in the middle ends the work behind it."""
        end = object()

        async def one() -> Any:
            return await anext(items, end)

        try:
            while (item := self.result_of(one())) is not end:
                yield item
        finally:
            if (close := getattr(items, "aclose", None)) is not None and not self.is_closed:
                self.result_of(close())

    def close(self) -> None:
        """Stop the loop and its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
