"""A proxy that misbehaves as what stands at the edges of networks does: a page in place of an answer, a cut connection.

It speaks HTTP/1.1 with bodies of a stated length, which is what the service and its clients send, lets WebSockets
through, and gives an upstream request up when its client hangs up.
"""

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

STATUSES = (400, 401, 403, 404, 408, 409, 413, 429, 500, 502, 503, 504, 520, 522, 524)
LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Fault:
    """What becomes of one request: passed on or not, and the answer that is given; None cuts the connection."""

    is_passed_on: bool
    answer: bytes | None


Choose = Callable[[str, str], Fault | None]
"""The fault of a request, by its method and path."""


def page(status: int, body: str = "<html>an error</html>", kind: str = "text/html", **headers: str) -> bytes:
    """The bytes of an answer."""
    lines = [f"HTTP/1.1 {status} Edge", f"Content-Type: {kind}", f"Content-Length: {len(body.encode())}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def at_random(share: float, seed: object) -> Choose:
    """A fault for this share of requests: a random page, or no answer; before or after the request was passed on."""
    chance = random.Random(str(seed))  # noqa: S311

    def choose(method: str, path: str) -> Fault | None:
        if chance.random() >= share:
            return None
        answer = page(chance.choice(STATUSES)) if chance.random() < 0.5 else None
        return Fault(chance.random() < 0.5, answer)

    return choose


class Edge(threading.Thread):
    """Listens on a free port while it is entered. `upstreams` are addresses by the prefix of the path, the first that
    fits counts; `requests` counts what came, `faults` what became of some.
    """

    def __init__(self, choose: Choose) -> None:
        super().__init__(daemon=True)
        self.choose = choose
        self.upstreams: Mapping[str, str] = {}
        self.requests = 0
        self.faults: Counter[str] = Counter()
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._is_ready = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        assert self._is_ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self.join(10)

    def run(self) -> None:
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**24))
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._is_ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections: dict[str, tuple[asyncio.StreamReader, asyncio.StreamWriter]] = {}
        try:
            while await self._serve_one(reader, writer, connections):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # one side has gone, so does the other; or the proxy has
        finally:
            for _, upstream in (*connections.values(), (reader, writer)):
                with suppress(RuntimeError):
                    upstream.close()

    async def _serve_one(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        connections: dict[str, tuple[asyncio.StreamReader, asyncio.StreamWriter]],
    ) -> bool:
        """One request; whether the connection lives on."""
        head, body = await _message(reader)
        method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
        path = target.partition("?")[0]
        is_socket = b"\r\nupgrade: websocket" in head.lower()
        fault = None if is_socket else self.choose(method, path)
        self.requests += 1
        if fault is not None:
            self.faults[f"{'answer' if fault.is_passed_on else 'request'} of {method} {_kind_of(path)}"] += 1
        answer = b""
        if fault is None or fault.is_passed_on:
            address = next(address for prefix, address in self.upstreams.items() if path.startswith(prefix))
            if address not in connections:
                parts = urlsplit(address)
                connections[address] = await asyncio.open_connection(parts.hostname, parts.port, limit=2**24)
            upstream = connections[address]
            upstream[1].write(head + body)
            if is_socket:
                await asyncio.gather(_pipe(reader, upstream[1]), _pipe(upstream[0], writer))
                return False
            asked = asyncio.ensure_future(_message(upstream[0]))
            while not asked.done():
                await asyncio.wait({asked}, timeout=LOOK_SECONDS)
                if reader.at_eof():
                    asked.cancel()
                    return False
            answer = b"".join(asked.result())
        if fault is not None:
            if fault.answer is None:
                return False
            answer = fault.answer
        writer.write(answer)
        await writer.drain()
        return True


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Head and body of a request or an answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return head, await reader.readexactly(int(value))
    return head, b""


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(2**16):
        writer.write(data)
        await writer.drain()
    writer.close()


def _kind_of(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]
