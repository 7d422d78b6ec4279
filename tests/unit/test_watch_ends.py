"""A watch of the client ends when it is told to, whatever is pushed in the same moment."""

import asyncio

from casare_cloud.client.watching import _Line


async def test_a_watch_that_is_told_to_end_while_a_push_comes_in_ends() -> None:
    line = _Line()

    async def watch() -> None:
        while True:
            await line.next(60)

    watching = asyncio.create_task(watch())
    for _ in range(3):  # it waits for the first push
        await asyncio.sleep(0)
    line.pushes.put_nowait(("changed", {}))
    await asyncio.sleep(0)
    watching.cancel()
    try:
        await asyncio.wait({watching}, timeout=5)
        assert watching.cancelled()
    finally:
        watching.cancel()
