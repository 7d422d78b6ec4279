"""/metrics/stream: the fleet every few seconds, as a socket or as server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from time import monotonic, time
from typing import Any

from casare_cloud import __version__
from casare_cloud.domain.metrics import service as metrics
from casare_cloud.domain.metrics.model import Fleet
from casare_cloud.errors import ApiError, AuthenticationFailed, InvalidArgument
from casare_cloud.faces.kit.edge import Receive, Send
from casare_cloud.faces.kit.state_words import count_robot_words
from casare_cloud.gateway.calls import Call, Request, answer_ping, end_of
from casare_cloud.gateway.members import is_final
from casare_cloud.gateway.streams import Message, encode, now
from casare_cloud.identity import Actor

_STARTED_AT = monotonic()
_DEFAULT_SECONDS, _MOST_SECONDS = 5, 60


async def serve(call: Call) -> None:
    """Send the fleet over a socket until it is closed."""
    seconds = seconds_of(call)
    actor = await call.actor()

    async def tell() -> None:
        async for message in snapshots(call, actor, seconds):
            call.socket.offer(encode(message))

    async def listen() -> None:
        while True:
            answer_ping(call.socket, await call.socket.receive())

    tasks = [asyncio.create_task(tell()), asyncio.create_task(listen())]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def snapshots(call: Request, actor: Actor, seconds: int) -> AsyncIterator[Message]:
    """The fleet now and every so many seconds, each time with the caller's rights; `ApiError` when they are gone."""
    is_first = True
    while True:
        try:
            if (ends_at := end_of(actor)) is not None and ends_at <= time():
                raise AuthenticationFailed("The access token has expired.")
            async with call.services.database.transaction(actor, call.request_id, call.client_ip) as tx:
                fleet = await metrics.get_fleet(tx)
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
    messages = snapshots(request, actor, seconds)
    first = await anext(messages)  # a refusal is answered as such
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

    tasks = [asyncio.create_task(tell()), asyncio.create_task(listen())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if tasks[0].done():
            await send({"type": "http.response.body", "body": b""})
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _event(message: Message) -> dict[str, Any]:
    return {"type": "http.response.body", "body": f"data: {encode(message)}\n\n".encode(), "more_body": True}
