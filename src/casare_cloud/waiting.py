"""Waiting for one of several things."""

import asyncio
from contextlib import suppress
from typing import Any


async def first_of(event: asyncio.Event, task: asyncio.Future[Any]) -> None:
    """Waits for the one or the other; the task goes on."""
    happened = asyncio.create_task(event.wait())
    try:
        await asyncio.wait({task, happened}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        happened.cancel()


async def any_of(*events: asyncio.Event) -> None:
    """Waits for the first of the events."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def happens_within(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event happens in time."""
    # Not `wait_for`: before Python 3.12 it loses a cancellation that comes in the moment in which it is done.
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
