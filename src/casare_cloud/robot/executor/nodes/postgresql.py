"""Connections to PostgreSQL: with nothing of the robot's own, and with rows as they come.

A result is not held by the library as a whole before it is looked at, nor a row that is too large (`relay`).
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import psycopg
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict
from psycopg.generators import fetch
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from casare_cloud.robot.executor.context import NodeRun
from casare_cloud.robot.executor.errors import NodeInputError, UnsupportedNodeError
from casare_cloud.robot.executor.nodes.relay import Relay

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


class RelayedConnection(psycopg.Connection[Any]):
    """A connection through a relay of its own."""

    relay: Relay

    def close(self) -> None:
        super().close()
        self.relay.close()


class RowCursor(psycopg.RawCursor[Any]):
    """`stream`, also for statements without rows and for several at once: the first one's outcome is the cursor's."""

    ended: PGresult | None = None

    def sized(self, statement: bytes, values: Any) -> Iterator[tuple[Any, int]]:
        """Each row with its bytes; a row that is too large ends the connection, and is `NodeInputError`."""
        try:
            for row in self.stream(statement, values):
                result = self.pgresult
                assert result is not None  # the row's
                yield row, sum(len(result.get_value(0, column) or b"") for column in range(result.nfields))
        except psycopg.OperationalError:
            relay = self._relay
            if relay.is_over:
                most = f"{relay.most // 2**20} MB"
                raise NodeInputError(
                    f"a row of the query has more than {most}; ask for less. The connection was closed"
                ) from None
            raise

    @property
    def _relay(self) -> Relay:
        assert isinstance(self.connection, RelayedConnection)
        return self.connection.relay

    @property
    def changed(self) -> int:
        return (self.ended and self.ended.command_tuples) or 0

    def _execute_send(self, query: Any, *, force_extended: bool = False, binary: bool | None = None) -> None:
        super()._execute_send(query, binary=binary)

    def _stream_fetchone_gen(self, first: bool) -> PQGen[PGresult | None]:
        result: PGresult | None = yield from fetch(self._pgconn)
        self._relay.passed = 0
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
            self._relay.passed = 0
        return None


def opener(run: NodeRun, most: int) -> Callable[[], psycopg.Connection[Any]]:
    """What connects to the server that a DatabaseConnectNode names; no row may have more than `most` bytes."""
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
    places = _places_of(run, said)
    return lambda: _connect(said, places, most)


def _connect(said: Mapping[str, Any], places: Sequence[tuple[str, str, int]], most: int) -> RelayedConnection:
    """To the first of the places that answers."""
    for number, (name, address, port) in enumerate(places, 1):
        try:
            relay = Relay(address, port, float(said["connect_timeout"]), most)
        except OSError:
            if number == len(places):
                raise
            continue
        try:
            here = {"host": name, "hostaddr": "127.0.0.1", "port": relay.port}
            connection = RelayedConnection.connect(**{**said, **here}, cursor_factory=RowCursor)
        except BaseException:
            relay.close()
            raise
        connection.relay = relay
        return connection
    raise AssertionError("unreachable: there is one place at least")


def _places_of(run: NodeRun, said: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    """The name that a certificate must have, the address and the port of each server that is named."""
    names = str(said.get("host") or said["hostaddr"]).split(",")
    addresses = str(said.get("hostaddr") or said["host"]).split(",")
    ports = str(said.get("port") or 5432).split(",")
    if len(ports) == 1:
        ports *= len(addresses)
    try:
        places = [
            (name.strip(), address.strip(), int(port))
            for name, address, port in zip(names, addresses, ports, strict=True)
        ]
    except ValueError as error:
        raise NodeInputError(f"{run.node.id}: host and port must name as many servers, ports as numbers") from error
    if not all(0 < port < 2**16 for _, _, port in places):  # the network would take another one, the rest of it
        raise NodeInputError(f"{run.node.id}: port must lie between 1 and 65535")
    return places


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
