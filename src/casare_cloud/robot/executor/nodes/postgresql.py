"""Connections to PostgreSQL: with nothing of the robot's own, and with rows as they come.

A result is not held by the library as a whole before it is looked at.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import psycopg
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict
from psycopg.generators import fetch
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from casare_cloud.robot.executor.context import NodeRun
from casare_cloud.robot.executor.errors import NodeInputError, UnsupportedNodeError

# What a connection string may say: nothing that names files of the robot.
_SAID = frozenset({"host", "hostaddr", "port", "dbname", "user", "password", "sslmode", "connect_timeout", "options"})
# What is not said is not taken from the robot's own surroundings: its passwords, certificates and tickets.
_NOTHING_OF_THE_ROBOT = {
    "password": "-", "passfile": os.devnull, "sslcertmode": "disable", "gssencmode": "disable",
    "require_auth": "!gss,!sspi",
}  # fmt: skip
_ENCRYPTED = ("require", "verify-ca", "verify-full")
_ROW = ExecStatus.SINGLE_TUPLE
_FINE = (_ROW, ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK, ExecStatus.EMPTY_QUERY)


class RowCursor(psycopg.RawCursor[Any]):
    """`stream`, also for statements without rows and for several at once: the first one's outcome is the cursor's."""

    ended: PGresult | None = None

    def sized(self, statement: bytes, values: Any) -> Iterator[tuple[Any, int]]:
        """Each row with its bytes."""
        for row in self.stream(statement, values):
            result = self.pgresult
            assert result is not None  # the row's
            yield row, sum(len(result.get_value(0, column) or b"") for column in range(result.nfields))

    @property
    def changed(self) -> int:
        return (self.ended and self.ended.command_tuples) or 0

    def _execute_send(self, query: Any, *, force_extended: bool = False, binary: bool | None = None) -> None:
        super()._execute_send(query, binary=binary)

    def _stream_fetchone_gen(self, first: bool) -> PQGen[PGresult | None]:
        result: PGresult | None = yield from fetch(self._pgconn)
        if result is not None and result.status == _ROW:
            self.pgresult = result
            self._tx.set_pgresult(result, set_loaders=first)
            if first:
                self._make_row = self._make_row_maker()
            return result
        if first:
            self.pgresult = result
        self.ended = self.ended or result
        while result is not None:
            if result.status not in _FINE:
                self._raise_for_result(result)
            result = yield from fetch(self._pgconn)
        return None


def opener(run: NodeRun) -> Callable[[], psycopg.Connection[Any]]:
    """What connects to the server that a DatabaseConnectNode names."""
    said: dict[str, Any] = {
        "host": run.text("host"), "port": run.integer("port"), "dbname": run.text("database"),
        "user": run.text("username"), "password": run.text("password"),
    }  # fmt: skip
    if run.text("connection_string"):
        try:
            said = {name: value for name, value in conninfo_to_dict(run.text("connection_string")).items() if value}
        except psycopg.Error as error:
            raise NodeInputError(f"connection_string of {run.node.id} is none: {error}") from error
        if unknown := sorted(said.keys() - _SAID):
            raise NodeInputError(f"connection_string of {run.node.id} may not say {unknown[0]}")
    if run.flag("ssl") and said.get("sslmode") not in _ENCRYPTED:
        said["sslmode"] = "require"
    said = {name: value for name, value in said.items() if value not in (None, "")}
    _refuse_the_robots_own(run, said)
    said = {**_NOTHING_OF_THE_ROBOT, "connect_timeout": max(int(run.number("timeout")), 1), **said}
    return lambda: psycopg.connect(**said, cursor_factory=RowCursor)


def _refuse_the_robots_own(run: NodeRun, said: Mapping[str, Any]) -> None:
    """A server is one of the network, which does not know the robot by the user that it runs as."""
    hosts = ",".join(str(said[name]) for name in ("host", "hostaddr") if name in said)
    if not all(host.strip() and host.strip()[0] not in "/@" for host in hosts.split(",")):
        raise NodeInputError(
            f"{run.node.id} reaches a server by its host's name or address, which each part of host is"
        )
    for name, option in (("dbname", "database"), ("user", "username")):
        if name not in said:
            raise run.lacks(option)
    # These cannot be overruled by what is said.
    if found := next(filter(os.environ.get, ("PGSERVICE", "PGHOSTADDR", "PGOPTIONS")), None):
        raise UnsupportedNodeError(f"{run.node.id}: the robot was started with {found}", node_id=run.node.id)
