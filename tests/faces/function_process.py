"""A cloud function as a process of functions-framework, on a port of its own."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2

START_SECONDS = 90  # of a process on a machine that is busy


@contextmanager
def running_function(
    framework: Sequence[str], source: Path, name: str, env: Mapping[str, str], cwd: Path
) -> Iterator[str]:
    """The function `name` of the file `source`, served by this command of the framework; yields its URL."""
    with socket.socket() as holder:  # until the function listens there, nobody else is given its port
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        options = [f"--target={name}", "--signature-type=http", f"--source={source}"]
        options += ["--host=127.0.0.1", f"--port={port}"]
        own = {"HOST": "127.0.0.1", "PORT": str(port)}  # for a program that is not run by the framework
        process = subprocess.Popen([*framework, *options], env={**os.environ, **env, **own}, cwd=cwd)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(f"{url}/health/live", process)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def ready_answer(client: httpx2.Client) -> httpx2.Response:
    """The answer of `/health/ready`; a process that has not looked at its settings yet, or took too long to reach its
    database on a machine that is busy, is asked again, as a platform does."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        answer = client.get("/health/ready")
        if answer.json().get("reason") not in ("Not checked yet", "Database unhealthy") or time.monotonic() > deadline:
            return answer


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "the function ended"
        try:
            if httpx2.get(url, trust_env=False).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"the function did not answer within {START_SECONDS} s")
