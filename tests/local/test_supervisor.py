"""The supervisor notices what dies, restarts it, and leaves nothing behind."""

import asyncio
import errno
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from casare_cloud.local import supervisor as supervisor_module
from casare_cloud.local.errors import LocalStackError
from casare_cloud.local.postgres import PostgresServer
from casare_cloud.local.supervisor import Part, PostgresPart, ProcessPart, Supervisor

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
PATIENCE_SECONDS = 60.0  # a safety net: nothing here is about how long it takes


class Changes:
    """What the supervisor said, and a way to wait for a state."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self._changed = asyncio.Event()

    def __call__(self, part: Part, sentence: str) -> None:
        self.sentences.append(sentence)
        self._changed.set()

    async def until(self, ending: str) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not any(sentence.endswith(ending) for sentence in self.sentences):
                self._changed.clear()
                await self._changed.wait()


async def _always() -> bool:
    return True


async def _never() -> bool:
    return False


def process(
    tmp_path: Path, argv: list[str] = SLEEPER, *, is_ready=_always, ready_seconds: float = PATIENCE_SECONDS
) -> ProcessPart:
    return ProcessPart("sleeper", "", tmp_path / "log", argv, os.environ, is_ready, ready_seconds)


async def test_a_killed_child_is_started_again(tmp_path: Path) -> None:
    changes = Changes()
    supervisor = Supervisor(changes)
    part = process(tmp_path)
    await supervisor.start(part)
    first = part.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await changes.until("is running again")
    assert part.pid not in (None, first)
    assert part.restarts == 1
    assert "sleeper ended with signal 9; restarting" in changes.sentences
    await supervisor.stop()


MASTER = (
    "import os, subprocess, sys, time; print(subprocess.Popen(sys.argv[2:]).pid, flush=True)\n"
    "while not os.path.exists(sys.argv[1]): time.sleep(0.01)"
)


@pytest.mark.parametrize("end", ["killed", "never ready", "ends while starting", "stopped"])
async def test_what_a_child_had_started_ends_with_it_however_it_ends(
    tmp_path: Path, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    grandchild = -1

    async def is_ready() -> bool:
        nonlocal grandchild
        if grandchild < 0 and (text := part.log.read_text()):
            grandchild = os.pidfd_open(int(text))
            if end == "never ready":
                late = time.monotonic() + 2 * PATIENCE_SECONDS
                monkeypatch.setattr(supervisor_module, "time", SimpleNamespace(monotonic=lambda: late))
            if end == "ends while starting":
                may_end.touch()
        return grandchild >= 0 and end in ("killed", "stopped")

    may_end = tmp_path / "may-end"
    part = process(tmp_path, [sys.executable, "-c", MASTER, str(may_end), *SLEEPER], is_ready=is_ready)
    if end in ("killed", "stopped"):
        await part.start()
    else:
        with pytest.raises(LocalStackError):
            await part.start()
    if end == "killed":
        assert part.pid is not None
        os.kill(part.pid, signal.SIGKILL)
        assert await part.ended() == -signal.SIGKILL
    if end == "stopped":
        await part.stop()
    readable, _, _ = select.select([grandchild], [], [], PATIENCE_SECONDS)
    os.close(grandchild)
    assert readable, "the grandchild goes on"


async def test_stop_leaves_no_process(tmp_path: Path) -> None:
    supervisor = Supervisor(Changes())
    part = process(tmp_path)
    await supervisor.start(part)
    pid = part.pid
    assert pid is not None
    await supervisor.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert part.state == "stopped"


async def test_a_child_that_ends_while_starting_is_reported_with_its_last_words(tmp_path: Path) -> None:
    part = process(tmp_path, [sys.executable, "-c", "raise SystemExit('the disk is full')"], is_ready=_never)
    with pytest.raises(LocalStackError, match=r"(?s)ended with exit code 1 while starting.*the disk is full"):
        await Supervisor(Changes()).start(part)


async def test_a_child_that_never_answers_is_killed_and_reported(tmp_path: Path) -> None:
    part = process(tmp_path, is_ready=_never, ready_seconds=0.2)
    with pytest.raises(LocalStackError, match="sleeper did not answer within"):
        await Supervisor(Changes()).start(part)
    assert await asyncio.wait_for(part.ended(), PATIENCE_SECONDS) == -signal.SIGKILL


async def test_postgres_is_started_again_after_kill_9(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / "data", fast=True, trust=True)
    changes = Changes()
    supervisor = Supervisor(changes)
    part = PostgresPart(server)
    await supervisor.start(part)
    try:
        assert part.pid is not None
        os.kill(part.pid, signal.SIGKILL)
        await changes.until("is running again")
        with server.connect() as connection:
            assert connection.execute("select 1").fetchone() == (1,)
    finally:
        await supervisor.stop()
        server.remove_data()


async def test_a_restart_that_the_machine_refuses_is_told_and_tried_again(tmp_path: Path) -> None:
    changes = Changes()
    supervisor = Supervisor(changes)
    part = process(tmp_path)
    await supervisor.start(part)
    part.log.unlink()
    part.log.mkdir()  # now opening it is an OSError, as on a full disk
    assert part.pid is not None
    os.kill(part.pid, signal.SIGKILL)
    await changes.until("Trying again in 0.8 s")
    assert any("Is a directory" in sentence for sentence in changes.sentences)
    part.log.rmdir()
    await changes.until("is running again")
    await supervisor.stop()


async def test_a_part_is_started_again_when_nobody_can_be_told(tmp_path: Path) -> None:
    def disk_is_full(part: Part, sentence: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    supervisor = Supervisor(disk_is_full)
    part = process(tmp_path)
    await supervisor.start(part)
    assert part.pid is not None
    os.kill(part.pid, signal.SIGKILL)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (part.restarts and part.state == "running"):
            await asyncio.sleep(0.01)
    await supervisor.stop()


async def test_a_cancelled_first_start_of_postgres_leaves_no_server(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / "data", fast=True, trust=True)
    supervisor = Supervisor(Changes())
    start = asyncio.create_task(supervisor.start(PostgresPart(server)))
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (server.data_dir / "base").exists():  # initdb is at work, the server is not launched
            await asyncio.sleep(0.001)
    start.cancel()
    await asyncio.gather(start, return_exceptions=True)
    await supervisor.stop()
    await asyncio.get_running_loop().shutdown_default_executor()
    assert not server.is_running()
    server.remove_data()


def text_of(path: Path) -> str | None:
    try:
        return path.read_text()
    except FileNotFoundError:
        return None


async def test_postgres_that_is_being_restarted_does_not_outlive_the_stop(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / "data", fast=True)
    supervisor = Supervisor(Changes())
    part = PostgresPart(server)
    await supervisor.start(part)
    lock = server.data_dir / "postmaster.pid"
    killed = lock.read_text()
    (server.data_dir / "casare-roles").unlink()  # the restart gives a password first, which takes a moment
    assert server.process is not None
    server.process.kill()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while text_of(lock) in (killed, ""):
            await asyncio.sleep(0.001)
    await supervisor.stop()
    await asyncio.get_running_loop().shutdown_default_executor()
    assert not server.is_running()
    server.remove_data()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_children_die_with_the_supervisor(tmp_path: Path) -> None:
    program = f"""
import asyncio, os
from pathlib import Path
from casare_cloud.local.supervisor import ProcessPart, Supervisor
async def ready(): return True
async def main():
    part = ProcessPart("sleeper", "", Path({str(tmp_path / "log")!r}), {SLEEPER!r}, os.environ, ready)
    await Supervisor(lambda part, sentence: None).start(part)
    print(part.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
    source = str(Path(__file__).parents[2] / "src")
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": source}
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    descriptor = os.pidfd_open(child)
    parent.kill()
    parent.wait()
    readable, _, _ = select.select([descriptor], [], [], PATIENCE_SECONDS)
    os.close(descriptor)
    assert readable, "the child outlived the supervisor"
