"""What the nodes of one run keep open between them, a browser or a connection: closed with the run, however it ends."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, TypeVar

from casare_cloud.robot.executor.errors import NodeInputError


class Closing(Protocol):
    def close(self) -> object: ...


T = TypeVar("T", bound=Closing)


class Held:
    """Things by name, for the threads of one run."""

    def __init__(self) -> None:
        self._things: dict[str, Closing] = {}
        self._lock = threading.Lock()

    def get(self, name: str, make: Callable[[], T]) -> T:
        """The thing of this name, made when it is not there."""
        with self._lock:
            if name not in self._things:
                self._things[name] = make()
            return self._things[name]  # type: ignore[return-value]  # one name, one kind

    def keep(self, kind: str, thing: Closing, most: int) -> str:
        """Keeps one more thing of a kind; returns the name that it has from now on. Closes it if there are too many."""
        with self._lock:
            names = (f"{kind} {number}" for number in range(1, most + 1))
            if name := next((name for name in names if name not in self._things), ""):
                self._things[name] = thing
                return name
        thing.close()
        raise NodeInputError(f"a job keeps at most {most} of a kind open: close a {kind} before another is opened")

    def find(self, name: str) -> Closing | None:
        return self._things.get(name)

    def take(self, name: str) -> Closing | None:
        """The thing of this name, which is nobody's any more."""
        return self._things.pop(name, None)

    def close(self) -> None:
        """Closes everything, the latest first; what cannot be closed does not keep the others open."""
        while self._things:
            _, thing = self._things.popitem()
            with suppress(Exception):
                thing.close()
