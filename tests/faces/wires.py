"""A wire between the orchestrator and its database, which can go silent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg


class Wire:
    """The way to a database: what passes it arrives, until it is cut without either end being told."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._pipes: set[asyncio.Task[None]] = set()
        self._is_cut = False
        self._left: int | None = None  # of the bytes that the server may still say

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Takes a connection, to the server while the wire is whole."""
        if not self._is_cut:
            from_server, to_server = await asyncio.open_connection(*self._server)
            for source, target in ((reader, to_server), (from_server, writer)):
                self._pipes.add(asyncio.create_task(self._pass(source, target, source is from_server)))

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, is_answer: bool) -> None:
        while data := await source.read(65536):
            if is_answer and self._left is not None:
                data, self._left = data[: self._left], self._left - len(data)
            target.write(data)
            if is_answer and self._left is not None and self._left <= 0:
                self.cut()
                return

    def cut(self) -> None:
        """From now on connections are silent, old ones and new ones."""
        self._is_cut, self._left = True, None
        for pipe in self._pipes:
            pipe.cancel()

    def cut_in_mid_answer(self, length: int) -> None:
        """The same, once the server has said so many bytes more."""
        self._left = length

    def mend(self) -> None:
        """New connections come through again; the old ones stay silent."""
        self._is_cut = False


@asynccontextmanager
async def wire_to(dsn: str) -> AsyncIterator[tuple[Wire, str]]:
    """A wire to a database, and the URL for those who use it."""
    there = psycopg.conninfo.conninfo_to_dict(dsn)
    wire = Wire(str(there["host"]), int(there["port"]))
    async with await asyncio.start_server(wire.connect, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        yield wire, psycopg.conninfo.make_conninfo(dsn, host="127.0.0.1", port=port)
