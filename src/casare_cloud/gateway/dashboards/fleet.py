"""/metrics/stream: the fleet every few seconds, as a socket or as server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic, time
from typing import Any

from casare_cloud import __version__
from casare_cloud.domain.metrics.model import Fleet
from casare_cloud.domain.permissions import require
from casare_cloud.domain.users.model import Identity
from casare_cloud.domain.users.service import whoami
from casare_cloud.errors import ApiError, AuthenticationFailed, InvalidArgument, Unavailable
from casare_cloud.faces.kit.edge import Receive, Send
from casare_cloud.faces.kit.state_words import count_robot_words
from casare_cloud.gateway.calls import CHECK_SECONDS, Call, Request, end_of, in_one_tenant, require_same
from casare_cloud.gateway.members import is_final
from casare_cloud.gateway.streams import Message, encode, now
from casare_cloud.identity import Actor

_STARTED_AT = monotonic()
_DEFAULT_SECONDS, _MOST_SECONDS = 5, 60


@dataclass(slots=True)
class Viewer:
    """Somebody who may see the fleet, and when they were last asked whether they may."""

    actor: Actor
    me: Identity
    checked_at: float


async def serve(call: Call) -> None:
    """Send the fleet over a socket until it is closed."""
    seconds = seconds_of(call)
    viewer = await _admit(call, await call.actor())
    if not await call.socket.take_place(viewer.me.tenant_id):
        return

    async def tell() -> None:
        async for message in snapshots(call, viewer, seconds):
            call.socket.offer(encode(message))

    async def renew(actor: Actor) -> None:
        newer = await _admit(call, actor)
        require_same(newer.me, viewer.me)
        viewer.actor, viewer.checked_at = newer.actor, newer.checked_at

    tasks = [asyncio.create_task(tell()), asyncio.create_task(call.converse(renew))]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _admit(call: Request, actor: Actor) -> Viewer:
    actor = await in_one_tenant(call, actor)
    async with call.services.database.transaction(actor, call.request_id, call.client_ip) as tx:
        me = await whoami(tx)
        await require(tx, "analytics.read")
    return Viewer(actor, me, monotonic())


async def snapshots(call: Request, viewer: Viewer, seconds: int) -> AsyncIterator[Message]:
    """The fleet now and every so many seconds; `ApiError` when the caller may not see it any more."""
    is_first = True
    while True:
        try:
            if (ends_at := end_of(viewer.actor)) is not None and ends_at <= time():
                raise AuthenticationFailed("The access token has expired.")
            if viewer.checked_at <= monotonic() - CHECK_SECONDS:
                viewer.checked_at = (await _admit(call, viewer.actor)).checked_at
            fleet = await call.services.fleets.of(viewer.me.tenant_id, viewer.actor)
        except ApiError as error:
            if is_first or is_final(error):
                raise
        else:
            is_first = False
            yield {"type": "metrics", "timestamp": now(), "data": _data_of(fleet, call.query.get("environment"))}
        await asyncio.sleep(seconds)


def seconds_of(call: Request) -> int:
    """How often; `InvalidArgument` for what is no number of seconds."""
    text = call.query.get("interval", str(_DEFAULT_SECONDS))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:3]) <= _MOST_SECONDS and len(text) <= 2):
        raise InvalidArgument(f"interval (query): must be a whole number from 1 to {_MOST_SECONDS}.")
    return int(text)


def _data_of(fleet: Fleet, environment: str | None) -> dict[str, Any]:
    """`environment` is a label that the caller gives; how long jobs have waited is not known."""
    words = count_robot_words(fleet.robots)
    return {
        "environment": environment,
        "robots": {"total": sum(words.values()), "active": words["idle"] + words["busy"], **words},
        "jobs": {
            "pending": fleet.queue_depth,
            "running": fleet.active_jobs,
            "completed_today": fleet.today.completed,
            "failed_today": fleet.today.unsuccessful,
        },
        "queue": {"depth": fleet.queue_depth, "avg_wait_time_ms": None},
        "system": {"uptime_seconds": round(monotonic() - _STARTED_AT), "version": __version__},
    }


async def stream(request: Request, receive: Receive, send: Send) -> None:
    """Send the fleet as server-sent events, until the client has gone or may not see it any more."""
    seconds = seconds_of(request)
    actor = await request.known_actor()
    if actor.is_anonymous:
        raise AuthenticationFailed()
    viewer = await _admit(request, actor)
    messages = snapshots(request, viewer, seconds)
    first = await anext(messages)  # a refusal is answered as such
    reader, places = _Reader(), request.services.places
    if not await places.take(reader, viewer.me.tenant_id):
        raise Unavailable("GATEWAY_FULL", "This instance has no room for another reader; try again.")
    try:
        await _send_on(receive, send, reader, first, messages)
    finally:
        places.leave(reader)


class _Reader:
    """Somebody who reads server-sent events, and may be sent away."""

    def __init__(self) -> None:
        self.is_sent_away = asyncio.Event()

    async def close(self, code: int, reason: str) -> None:
        self.is_sent_away.set()


async def _send_on(
    receive: Receive, send: Send, reader: _Reader, first: Message, messages: AsyncIterator[Message]
) -> None:
    headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})

    async def tell() -> None:
        await send(_event(first))
        with suppress(ApiError, OSError):
            async for message in messages:
                await send(_event(message))

    async def listen() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    tasks = [asyncio.create_task(work) for work in (tell(), listen(), reader.is_sent_away.wait())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if not tasks[1].done():
            tasks[0].cancel()
            await asyncio.gather(tasks[0], return_exceptions=True)
            await send({"type": "http.response.body", "body": b""})
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _event(message: Message) -> dict[str, Any]:
    return {"type": "http.response.body", "body": f"data: {encode(message)}\n\n".encode(), "more_body": True}
