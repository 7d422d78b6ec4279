"""A cloud function as a process of functions-framework, on a port of its own."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2


@contextmanager
def running_function(
    framework: Sequence[str], source: Path, name: str, env: Mapping[str, str], cwd: Path
) -> Iterator[str]:
    """The function `name` of the file `source`, served by this command of the framework; yields its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = [f"--target={name}", "--signature-type=http", f"--source={source}", "--host=127.0.0.1", f"--port={port}"]
    own = {"HOST": "127.0.0.1", "PORT": str(port)}  # for a program that is not run by the framework
    process = subprocess.Popen([*framework, *options], env={**os.environ, **env, **own}, cwd=cwd)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(f"{url}/health/live", process)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, "the function ended"
        try:
            if httpx2.get(url, trust_env=False).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.05)
    raise AssertionError("the function did not answer within 30 s")
