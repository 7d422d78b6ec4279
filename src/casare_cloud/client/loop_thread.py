"""Clients that wait instead of being awaited: an event loop in a thread, and what stands on it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import CancelledError
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar

from casare_cloud.client.connection import Connection

P = ParamSpec("P")
T = TypeVar("T")
Kind = TypeVar("Kind", bound=Connection)


class LoopThread:
    """Runs coroutines for any thread, also for one in which another loop runs."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="client", daemon=True)
        self._is_closed = False
        self._handing_over = threading.RLock()  # what is handed to the loop before it is closed gets an end
        self._thread.start()

    def result_of(self, work: Coroutine[Any, Any, T]) -> T:
        """What the work gives, or the error that it raises. Raises `RuntimeError` when the client is or gets closed."""
        with self._handing_over:
            if self._is_closed:
                work.close()
                raise RuntimeError("The client is closed.")
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except CancelledError:
            if self._is_closed:
                raise RuntimeError("The client was closed while this call waited for its answer.") from None
            raise
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
            if (close := getattr(items, "aclose", None)) is not None and not self._is_closed:
                # Where the garbage collector ends it in the loop's own thread, waiting would be for ever.
                if threading.current_thread() is self._thread:
                    asyncio.run_coroutine_threadsafe(close(), self._loop)
                else:
                    self.result_of(close())

    def close(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """End the calls of other threads, which get an error, do this last, and stop the loop and its thread."""
        with self._handing_over:
            if self._is_closed:
                return
            self._is_closed = True
            ending = asyncio.run_coroutine_threadsafe(_end(last), self._loop)
        try:
            ending.result()
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()


async def _end(last: Callable[[], Coroutine[Any, Any, None]]) -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()
    await last()


class ThatWaits(Generic[Kind]):
    """A client whose calls wait, around one that is awaited. Leaving its `with` block closes it."""

    def __init__(self, client: Kind) -> None:
        self._client = client
        self._thread = LoopThread()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; the client is of no use afterwards. Calls that wait in other threads get an error."""
        self._thread.close(self._client.close)


def waits(
    method: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[ThatWaits[Any], P], T]:
    """The method that waits for what this one of the client gives when it is awaited."""

    @wraps(method)
    def waiting(self: ThatWaits[Any], /, *arguments: P.args, **options: P.kwargs) -> T:
        return self._thread.result_of(method(self._client, *arguments, **options))

    return waiting


def iterates(
    method: Callable[Concatenate[Any, P], AsyncIterator[T]],
) -> Callable[Concatenate[ThatWaits[Any], P], Iterator[T]]:
    """The method whose iterator waits for each item."""

    @wraps(method)
    def iterating(self: ThatWaits[Any], /, *arguments: P.args, **options: P.kwargs) -> Iterator[T]:
        return self._thread.iterate(method(self._client, *arguments, **options))

    return iterating
