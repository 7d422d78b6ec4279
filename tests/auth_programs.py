"""The Auth of a test's platform: emulated, or the program that `CASARE_TEST_AUTH_BIN` names, one process a database."""

import contextlib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from typing import IO

import httpx2
from tests.servers import auth_bin

from casare_cloud.local import auth_program
from casare_cloud.local.context import LocalContext

START_SECONDS = 60


@contextlib.contextmanager
def auth_of(context: LocalContext) -> Iterator[None]:
    """Starts the named program for a project and says so in `context.auth_url`; does nothing where none is named.

    To be entered when the issuer is known, and before the platform's application is made.
    """
    if (program := auth_bin()) is None:
        yield
        return
    with reserved_port() as port, tempfile.TemporaryFile("w+") as log:
        context.auth_url = f"http://127.0.0.1:{port}"
        env = auth_program.environment(context)
        process = subprocess.Popen([program, "serve"], env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            _wait_for(process, context.auth_url, log)
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def listening_socket() -> socket.socket:
    """A socket on a port that is known before a server takes it over."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return listener


@contextlib.contextmanager
def reserved_port() -> Iterator[int]:
    """A port that only a program which asks for SO_REUSEPORT, as Auth does, can listen on meanwhile."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def _wait_for(process: subprocess.Popen[bytes], url: str, log: IO[str]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        with contextlib.suppress(httpx2.HTTPError):
            if httpx2.get(f"{url}/health", trust_env=False).status_code == 200:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            log.seek(0)
            raise AssertionError(f"Auth did not start:\n{log.read()[-2000:]}")
        time.sleep(0.02)
