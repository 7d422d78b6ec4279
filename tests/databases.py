"""A database of one test, and the ways to enter it as the callers that the product knows."""

import json
import select
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg.pq.abc import PGconn
from psycopg.rows import DictRow, dict_row

from casare_cloud.local.postgres import LOGINS, PostgresServer

Claims = Mapping[str, Any]
Connection = psycopg.Connection[DictRow]

# What a session was told, or holds, besides a transaction; and what it has counted and not yet told.
FORGET = (
    "close all; set session authorization default; reset all; unlisten *; discard temp; discard sequences; "
    "select pg_advisory_unlock_all(), pg_stat_force_next_flush()"
)
NOBODY = psycopg.pq.PGconn()  # what is left of a session that gave its backend back: it is closed


class Session(psycopg.Connection[DictRow]):
    """A connection that is as new, whose `close` keeps its backend for whoever connects next.

    A new backend reads the catalogs and compiles each function that it is asked for, which took most of a test's time.
    """

    idle: list[PGconn] | None = None  # None: ends as any other connection

    def close(self) -> None:
        """Gives the backend back; one that is in a transaction, or was cut, ends."""
        if self.closed or self.idle is None or self.pgconn.transaction_status != TransactionStatus.IDLE:
            super().close()
            return
        try:
            self.execute(FORGET)
        except psycopg.Error:
            super().close()
        else:
            self.idle.append(self.pgconn)
            self.pgconn = NOBODY


@dataclass
class Database:
    """A fresh copy of the schema. What `connect` opens commits by itself, returns dicts, and closes with the test."""

    server: PostgresServer
    name: str
    _open: list[Session] = field(default_factory=list)
    _idle: dict[str, list[PGconn]] = field(default_factory=dict)

    def dsn(self, user: str = "postgres") -> str:
        """The URL for a login role: postgres, supabase_admin, authenticator, casare_functions, supabase_auth_admin …"""
        return self.server.dsn(user, self.name)

    def connect(self, role: str = "postgres", claims: Claims | None = None) -> Connection:
        """Enters as a login role, or as anon, authenticated or service_role as the Data API does, with a JWT's claims.

        Role and claims hold for the whole connection, not for one transaction. The backend may have served before.
        """
        login = role if role in LOGINS else "authenticator"
        connection = self._session(self.dsn(login))
        if login != role:
            connection.execute("select set_config('role', %s, false)", [role])
        if claims is not None:
            set_claims(connection, claims, local=False)
        return connection

    def close(self) -> None:
        """Closes what `connect` opened, and ends all backends."""
        for connection in self._open:
            connection.idle = None
            connection.close()
        for idle in self._idle.values():
            while idle:
                idle.pop().finish()
        self._open.clear()

    def _session(self, dsn: str) -> Session:
        """On a backend that is idle and was not cut, or a new one."""
        idle = self._idle.setdefault(dsn, [])
        session = None
        while idle and session is None:
            backend = idle.pop()
            if select.select([backend.socket], [], [], 0)[0]:  # nothing is to be read, but that it was cut
                backend.finish()
            else:
                session = Session(backend)
        session = session or Session.connect(dsn)
        session.autocommit, session.row_factory, session.prepare_threshold = True, dict_row, None
        session.idle = idle
        self._open.append(session)
        return session


def set_claims(connection: psycopg.Connection[Any], claims: Claims, *, local: bool = True) -> None:
    """Sets `request.jwt.claims`, for this transaction or for the connection."""
    text = json.dumps(claims, default=str)
    connection.execute("select set_config('request.jwt.claims', %s, %s)", [text, local])


@contextmanager
def as_caller(connection: Connection, claims: Claims | None) -> Iterator[Connection]:
    """A transaction under a caller's role and claims (None: anonymous), as a request runs it.

    The connection's login role must be a member of the API roles: postgres, authenticator, casare_functions.
    """
    with connection.transaction():
        role = "anon" if claims is None else str(claims.get("role", "authenticated"))
        connection.execute("select set_config('role', %s, true)", [role])
        set_claims(connection, claims or {"role": "anon"})
        yield connection


def at(connection: psycopg.Connection[Any], time: object) -> None:
    """Sets the time that every rule goes by (`private.clock()`), for the connection; None ends it."""
    connection.execute("select set_config('casare.now', %s, false)", ["" if time is None else str(time)])


def unique_name(prefix: str = "test") -> str:
    """A name for a database that no other test has."""
    return f"{prefix}_{uuid.uuid4().hex[:12]}"


@contextmanager
def database_copy(server: PostgresServer, template: str) -> Iterator[Database]:
    """A copy of a template database, dropped at the end. What is granted on a database itself is not copied with it."""
    name = unique_name()
    # Copied as files, it takes half as long: the log of the server would have each page again.
    copy = sql.SQL("create database {} owner postgres template {} strategy file_copy")
    with server.connect() as superuser:
        superuser.execute(copy.format(sql.Identifier(name), sql.Identifier(template)))
    with server.connect("postgres") as owner:
        owner.execute(sql.SQL("revoke temporary on database {} from public").format(sql.Identifier(name)))
    database = Database(server, name)
    try:
        yield database
    finally:
        database.close()
        server.drop_database(name)
