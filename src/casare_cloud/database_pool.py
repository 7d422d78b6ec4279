"""Connections to the database that do not wait for ever: one that goes silent is cut, and is then lost as any other."""

import asyncio
import os
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import set_json_loads
from psycopg_pool import AsyncConnectionPool

from casare_cloud.stored_json import loads

CONNECT_SECONDS = 5
POOL_SECONDS = 5.0

# TCP does not tell when a peer is gone: idle connections are probed, and sent data must be acknowledged.
_TCP = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 10_000}


class Connection(AsyncConnection[DictRow]):
    """A connection that can be cut: whoever waits for it gets the error of a connection that the server has closed."""

    was_cut = False

    @contextmanager
    def cut_after(self, seconds: float) -> Iterator[None]:
        """Cut it when the block takes longer.

        Unlike a cancelled statement, which the driver goes on waiting for, this needs nothing of the other side.
        """
        timer = asyncio.get_running_loop().call_later(seconds, self._cut)
        try:
            yield
        finally:
            timer.cancel()

    def _cut(self) -> None:
        self.was_cut = True
        with suppress(OSError), socket.socket(fileno=os.dup(self.pgconn.socket)) as ours:
            ours.shutdown(socket.SHUT_RDWR)


class Pool(AsyncConnectionPool[Connection]):
    """A pool that counts its connections in use; those that are being opened do not count."""

    lent = 0


def pool_of(database_url: str, size: int) -> Pool:
    """A pool of at most so many connections; not open yet."""
    return Pool(
        database_url,
        connection_class=Connection,
        min_size=0,
        max_size=size,
        timeout=POOL_SECONDS,
        reconnect_timeout=POOL_SECONDS,
        max_idle=300,
        open=False,
        configure=_read_json_with_care,
        check=_refuse_dropped,
        kwargs={
            "autocommit": True,
            "prepare_threshold": None,
            "connect_timeout": CONNECT_SECONDS,
            "row_factory": dict_row,
            "application_name": "casare_cloud",
            **_TCP,
        },
    )


async def _read_json_with_care(connection: Connection) -> None:
    set_json_loads(loads, connection)


async def _refuse_dropped(connection: Connection) -> None:
    """Pool check without a round trip: an idle connection has nothing to read unless the server has hung up."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    if poll.poll(0):
        with connection.cut_after(1.0):
            await connection.execute("")
