"""What every method of the client is made of: a `Call`, which says what to send and what comes back."""

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

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


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def at(*parts: str | int) -> str:
    """A path of these segments, each quoted: `at("workflows", workflow_id, "publish")`."""
    return "".join(f"/{quoted(str(part))}" for part in parts)


class Sender:
    """Whatever sends calls: the client, whose endpoints are these."""

    async def send(self, call: Call[T]) -> T:
        """The answer to a call."""
        raise NotImplementedError

    async def _get(self, answers: type[T], path: str, **query: Any) -> T:
        """Something to read. A value that is None is left out."""
        return await self.send(Call("GET", path, answers, query=given(query)))

    async def _post(self, answers: type[T], path: str, body: Mapping[str, Any] | None = None, **more: Any) -> T:
        """Something to do. Fields that are None are left out, which the service reads alike."""
        return await self.send(Call("POST", path, answers, body=None if body is None else given(body), **more))

    async def _put(self, answers: type[T], path: str, body: Mapping[str, Any] | None = None, **more: Any) -> T:
        """A change of the fields that the body has."""
        return await self.send(Call("PUT", path, answers, body=None if body is None else given(body), **more))

    async def _delete(self, path: str) -> None:
        """Something to take away."""
        await self.send(Call("DELETE", path, type(None)))


def pages(
    listing: Callable[Concatenate[Any, P], Coroutine[Any, Any, Any]],
    key: str,
    item: type[Item],  # for type checkers
) -> Callable[Concatenate[Any, P], AsyncIterator[Item]]:
    """The method that gives every item of a list, page after page.

    It takes what the list takes; `page` is the first to be read, `per_page` how many items a request brings (100).
    """
    ask: Callable[..., Coroutine[Any, Any, Any]] = listing

    @wraps(listing)
    async def reading(self: Any, /, *arguments: P.args, **options: P.kwargs) -> AsyncIterator[Item]:
        asked: dict[str, Any] = {"page": 1, "per_page": PER_PAGE, **options}
        while True:
            items = (await ask(self, *arguments, **asked))[key]
            for each in items:
                yield each
            if len(items) < asked["per_page"]:
                return
            asked["page"] += 1

    reading.__doc__ = f"Each item of: {listing.__doc__}"
    return reading
