"""What waits for other programs: ended when the run must stop, and tried again as often as the node says."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import TypeVar

from casare_cloud.robot.executor.context import NodeRun
from casare_cloud.robot.executor.control import RunControl
from casare_cloud.robot.executor.declarations import integer
from casare_cloud.robot.executor.errors import FATAL, NodeError

T = TypeVar("T")

LOOK_SECONDS = 0.1
RETRIES = (integer("retry_count", default=0), integer("retry_interval", default=1_000))  # milliseconds
SLOW_RETRIES = (RETRIES[0], integer("retry_interval", default=2_000))


def tried(run: NodeRun, work: Callable[[], T]) -> T:
    """What `work` returns, after as many more tries as `retry_count` says, `retry_interval` milliseconds apart."""
    retries, pause = min(run.integer("retry_count"), 20), run.integer("retry_interval") / 1000
    for attempt in range(retries + 1):
        try:
            return work()
        except NodeError as error:
            if isinstance(error, FATAL) or attempt == retries:
                raise
            run.log("warning", f"{run.node.name} failed, and is tried again in {pause:g} s: {error}")
            run.control.sleep(pause)
    raise AssertionError("unreachable: the last try returns or raises")


def while_wanted(control: RunControl, work: Callable[[], T], stop: Callable[[], object] = lambda: None) -> T:
    """What `work` returns, done in a thread of its own. When the run must stop, `stop` is to end it."""
    future: Future[T] = Future()

    def do() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=do, daemon=True).start()  # a daemon: what hangs must not keep the process alive
    try:
        while not wait({future}, timeout=LOOK_SECONDS).done:
            control.check()
    except BaseException:
        with suppress(Exception):
            stop()
        raise
    return future.result()
