"""The loop in a thread behind the clients that wait: nobody waits for ever when it is closed."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from casare_cloud.client.loop_thread import LoopThread

SECONDS = 10.0  # far more than it takes; without it a failure is a test that never ends


async def nothing() -> None:
    """What is left to do at the end."""


def test_a_call_that_waits_in_another_thread_gets_an_error_when_the_client_is_closed() -> None:
    loop, begun = LoopThread(), threading.Event()

    async def wait_for_ever() -> None:
        begun.set()
        await asyncio.Event().wait()

    errors: list[BaseException] = []

    def call() -> None:
        try:
            loop.result_of(wait_for_ever())
        except RuntimeError as error:
            errors.append(error)

    waiting = threading.Thread(target=call, daemon=True)
    waiting.start()
    assert begun.wait(SECONDS)
    loop.close(nothing)
    waiting.join(SECONDS)
    assert [str(error) for error in errors] == ["The client was closed while this call waited for its answer."]


def test_a_closed_client_says_so_and_may_be_closed_again() -> None:
    loop = LoopThread()
    loop.close(nothing)
    loop.close(nothing)
    with pytest.raises(RuntimeError, match=r"^The client is closed\.$"):
        loop.result_of(nothing())


def test_an_iterator_that_is_collected_in_the_loop_s_own_thread_does_not_stop_it() -> None:
    loop, ended = LoopThread(), threading.Event()

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            ended.set()

    held = [loop.iterate(numbers())]
    assert next(held[0]) == 1

    async def let_go() -> None:
        held.clear()

    threading.Thread(target=loop.result_of, args=[let_go()], daemon=True).start()
    assert ended.wait(SECONDS)
    loop.close(nothing)
