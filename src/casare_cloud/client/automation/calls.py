"""What every method of the client is made of: a `Call`, which says what to send and what comes back.

Each endpoint is written once. On `AutomationClient` it is a method to await, on `SyncAutomationClient` one that waits:
`Endpoint` and `Pages` are descriptors that give the call to the client on which they are asked for.
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from functools import wraps
from types import MethodType
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from casare_cloud.client.connection import quoted

T = TypeVar("T")
P = ParamSpec("P")
Item = TypeVar("Item")

PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A request and what its answer is: `answers` is a `TypedDict`, a list of one, `bytes` of a file, `str` or None."""

    method: str
    path: str  # under /api/v1, or from the root
    answers: type[T]
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    is_creating: bool = False  # carries an Idempotency-Key, so that another try makes nothing twice
    is_repeatable: bool = True  # whether another try does no harm when an answer was lost
    is_public: bool = False  # needs no token
    is_at_root: bool = False
    gives_tokens: bool = False


def get(answers: type[T], path: str, **query: Any) -> Call[T]:
    """Something to read. A value that is None is left out."""
    return Call("GET", path, answers, query=given(query))


def post(answers: type[T], path: str, body: Mapping[str, Any] | None = None, **more: Any) -> Call[T]:
    """Something to do. Fields that are None are left out, which the service reads alike."""
    return Call("POST", path, answers, body=None if body is None else given(body), **more)


def put(answers: type[T], path: str, body: Mapping[str, Any] | None = None, **more: Any) -> Call[T]:
    """A change of the fields that the body has."""
    return Call("PUT", path, answers, body=None if body is None else given(body), **more)


def delete(path: str) -> Call[None]:
    """Something to take away."""
    return Call("DELETE", path, type(None))


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def at(*parts: str | int) -> str:
    """A path of these segments, each quoted: `at("workflows", workflow_id, "publish")`."""
    return "".join(f"/{quoted(str(part))}" for part in parts)


class AsyncCaller:
    """Whoever sends calls and is awaited."""

    async def send(self, call: Call[T]) -> T:
        """The answer to a call."""
        raise NotImplementedError


class SyncCaller:
    """Whoever sends calls and waits."""

    def send(self, call: Call[T]) -> T:
        """The answer to a call."""
        raise NotImplementedError


class Endpoint(Generic[P, T]):
    """Decorates a method that makes a call: on a client it sends the call, and gives its answer."""

    def __init__(self, make: Callable[Concatenate[Any, P], Call[T]]) -> None:
        self.make = make
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, client: AsyncCaller, kind: type) -> Callable[P, Coroutine[Any, Any, T]]: ...

    @overload
    def __get__(self, client: SyncCaller, kind: type) -> Callable[P, T]: ...

    @overload
    def __get__(self, client: None, kind: type) -> Self: ...

    def __get__(self, client: AsyncCaller | SyncCaller | None, kind: type) -> Any:
        if client is None:
            return self

        @wraps(MethodType(self.make, client))
        def method(*arguments: P.args, **options: P.kwargs) -> Any:
            return client.send(self.make(client, *arguments, **options))

        return method


class Pages(Generic[P, Item]):
    """Every item of a list, page after page, as an iterator (or one for `async for`).

    It takes what the list takes; `page` is the first to be read, `per_page` how many items a request brings (100).
    """

    def __init__(self, listing: "Endpoint[P, Any]", key: str, item: type[Item]) -> None:
        self.listing, self.key, self.item = listing, key, item
        self.__doc__ = f"Each item of: {listing.__doc__}"

    @overload
    def __get__(self, client: AsyncCaller, kind: type) -> Callable[P, AsyncIterator[Item]]: ...

    @overload
    def __get__(self, client: SyncCaller, kind: type) -> Callable[P, Iterator[Item]]: ...

    @overload
    def __get__(self, client: None, kind: type) -> Self: ...

    def __get__(self, client: AsyncCaller | SyncCaller | None, kind: type) -> Any:
        if client is None:
            return self

        @wraps(MethodType(self.listing.make, client))
        def method(*arguments: P.args, **options: P.kwargs) -> Any:
            if isinstance(client, AsyncCaller):
                return self._read_async(client, *arguments, **options)
            return self._read(client, *arguments, **options)

        method.__doc__ = self.__doc__
        return method

    async def _read_async(self, client: AsyncCaller, *arguments: Any, **options: Any) -> AsyncIterator[Item]:
        for call, per_page in self._calls(client, arguments, options):
            items = (await client.send(call))[self.key]
            for item in items:
                yield item
            if len(items) < per_page:
                return

    def _read(self, client: SyncCaller, *arguments: Any, **options: Any) -> Iterator[Item]:
        for call, per_page in self._calls(client, arguments, options):
            items = client.send(call)[self.key]
            yield from items
            if len(items) < per_page:
                return

    def _calls(self, client: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> Iterator[tuple[Any, int]]:
        """The call for each page, and how many items a full one has."""
        page, per_page = options.pop("page", 1), options.pop("per_page", PER_PAGE)
        while True:
            make: Callable[..., Call[Any]] = self.listing.make
            yield make(client, *arguments, page=page, per_page=per_page, **options), per_page
            page += 1
