"""Who wants to hear of what: handlers by the type of event."""

import asyncio
import inspect
import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any, TypeVar, overload
from uuid import UUID

from casare_cloud.engine.events.types import DomainEvent

logger = logging.getLogger("casare_cloud")

MOST_KEPT = 1000
_MOST_REMEMBERED = 10_000

Happening = TypeVar("Happening", bound=DomainEvent)
Handler = Callable[[Any], Any]


class EventBus:
    """Calls handlers for the events that are published here, in the order in which they were subscribed.

    A handler hears of events of its type and of the types that inherit from it. A plain function is called by whoever
    publishes, a coroutine function runs as a task of the event loop in which it was subscribed (or, when that has
    ended, of the one at hand). What a handler raises is logged, and keeps nothing from the others. All methods may be
    called from any thread. An event is delivered once, however many feeds bring it.
    """

    def __init__(self, on_subscribe: "Callable[[EventBus], None] | None" = None) -> None:
        self._on_subscribe = on_subscribe
        self._lock = threading.Lock()
        self._handlers: list[tuple[type[DomainEvent], Handler, asyncio.AbstractEventLoop | None]] = []
        self._history: deque[DomainEvent] = deque(maxlen=MOST_KEPT)
        self._delivered: OrderedDict[UUID, None] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    # --- subscribing ----------------------------------------------------------------------------------------------

    @overload
    def subscribe(
        self, event_type: type[Happening]
    ) -> Callable[[Callable[[Happening], Any]], Callable[[Happening], Any]]: ...

    @overload
    def subscribe(
        self, event_type: type[Happening], handler: Callable[[Happening], Any]
    ) -> Callable[[Happening], Any]: ...

    def subscribe(self, event_type: type[DomainEvent], handler: Handler | None = None) -> Any:
        """Call `handler` for events of this type; without a handler, a decorator that does so."""
        if not (isinstance(event_type, type) and issubclass(event_type, DomainEvent)):
            raise TypeError(f"event_type: {event_type!r} is no type of event.")
        if handler is None:
            return lambda decorated: self.subscribe(event_type, decorated)
        if not callable(handler):
            raise TypeError(f"handler: {handler!r} cannot be called.")
        with self._lock:
            self._handlers.append((event_type, handler, _running_loop()))
        if self._on_subscribe is not None:
            self._on_subscribe(self)
        return handler

    def unsubscribe(self, event_type: type[DomainEvent], handler: Handler) -> None:
        """Call it no more for this type. One that was never subscribed is nothing to end."""
        with self._lock:
            self._handlers = [each for each in self._handlers if each[:2] != (event_type, handler)]

    def subscribe_all(self, handler: Handler) -> None:
        """Call `handler` for every event."""
        self.subscribe(DomainEvent, handler)

    def unsubscribe_all(self, handler: Handler) -> None:
        """Call it no more for every event; what it was subscribed to by type stays."""
        self.unsubscribe(DomainEvent, handler)

    def clear_handlers(self, event_type: type[DomainEvent] | None = None) -> None:
        """Forget the handlers of this type, or all."""
        with self._lock:
            self._handlers = [each for each in self._handlers if event_type not in (None, each[0])]

    def get_handler_count(self, event_type: type[DomainEvent]) -> int:
        """How many handlers were subscribed to this very type."""
        with self._lock:
            return sum(each[0] is event_type for each in self._handlers)

    def is_wanted(self, event_type: type[DomainEvent]) -> bool:
        """Whether somebody hears of events of this type, or of some of those that inherit from it."""
        with self._lock:
            return any(issubclass(each[0], event_type) or issubclass(event_type, each[0]) for each in self._handlers)

    # --- publishing -----------------------------------------------------------------------------------------------

    def publish(self, event: DomainEvent) -> None:
        """Tell the handlers of this process, at once. Other processes hear of what the orchestrator knows only."""
        if not isinstance(event, DomainEvent):
            raise TypeError(f"event: {event!r} is no event.")
        with self._lock:
            if event.event_id in self._delivered:
                return
            self._delivered[event.event_id] = None
            if len(self._delivered) > _MOST_REMEMBERED:
                self._delivered.popitem(last=False)
            self._history.append(event)
            handlers = [each[1:] for each in self._handlers if isinstance(event, each[0])]
        for handler, loop in handlers:
            self._call(handler, loop, event)

    def _call(self, handler: Handler, loop: asyncio.AbstractEventLoop | None, event: DomainEvent) -> None:
        try:
            answer = handler(event)
        except Exception:
            _log_failure(handler, event)
            return
        if not inspect.isawaitable(answer):
            return
        work = _guarded(handler, answer, event)
        here = _running_loop()
        if loop is not None and loop is not here and loop.is_running():
            asyncio.run_coroutine_threadsafe(work, loop)
        elif here is not None:
            task = here.create_task(work)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            asyncio.run(work)

    # --- history --------------------------------------------------------------------------------------------------

    def get_history(self, event_type: type[Happening] | None = None, limit: int | None = None) -> list[DomainEvent]:
        """The last events of this type, or all, the newest first; 1,000 are kept."""
        with self._lock:
            found = [each for each in reversed(self._history) if event_type is None or isinstance(each, event_type)]
        return found[:limit]

    def clear_history(self) -> None:
        """Forget what happened."""
        with self._lock:
            self._history.clear()


async def _guarded(handler: Handler, work: Any, event: DomainEvent) -> None:
    try:
        await work
    except Exception:
        _log_failure(handler, event)


def _log_failure(handler: Handler, event: DomainEvent) -> None:
    name = getattr(handler, "__qualname__", repr(handler))
    logger.exception("the handler %s failed at the event %s %s", name, event.event_type_name, event.event_id)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
