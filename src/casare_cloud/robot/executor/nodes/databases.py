"""Databases: SQLite files of the job's folder, and PostgreSQL. Connections are the run's, and nodes name them."""

import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from casare_cloud.robot.executor.context import NodeRun, parsed
from casare_cloud.robot.executor.control import StepControl
from casare_cloud.robot.executor.declarations import anything, choice, flag, integer, listing, number, text, unused
from casare_cloud.robot.executor.errors import FATAL, NodeError, NodeInputError, UnsupportedNodeError
from casare_cloud.robot.executor.nodes import queries
from casare_cloud.robot.executor.nodes.patience import RETRIES, SLOW_RETRIES, tried, while_wanted
from casare_cloud.robot.executor.registry import node
from casare_cloud.robot.executor.templates import as_text

if TYPE_CHECKING:
    import psycopg

T = TypeVar("T")

MOST_ROWS = 100_000
MOST_BYTES = 50 * 2**20  # of the rows of one query
MOST_AHEAD = 16 * 2**20  # that buffers hold of a query's rows before the first of them is looked at
MOST_LENGTH = 10 * 2**20  # of a value in SQLite
MOST_OPEN = 10
STOP_SECONDS = 2.0
MOST_PAGES = 25_600  # of 4 KB, in a SQLite file
_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)?")
_OTHER_FILES = {sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH}


class Database:
    """An open database: SQLite's or PostgreSQL's own module, used alike."""

    def __init__(self, raw: "sqlite3.Connection | psycopg.Connection[Any]", *, commits: bool) -> None:
        self.raw = raw
        self.commits = commits
        self.in_transaction = False
        self.is_sqlite = isinstance(raw, sqlite3.Connection)

    def stop(self) -> None:
        """Ends the statement that runs."""
        if isinstance(self.raw, sqlite3.Connection):
            self.raw.interrupt()
        else:
            self.raw.cancel_safe(timeout=STOP_SECONDS)  # a server that answers nothing does not answer this either

    def close(self) -> None:
        self.raw.close()

    def execute(self, statement: str, values: Sequence[Any]) -> tuple[Any, list[Any]]:
        """The cursor of a statement and its rows; what it changed is not kept before `settle`."""
        cursor: Any = self.raw.cursor()
        if self.is_sqlite:
            sized = ((row, _size(row)) for row in cursor.execute(statement, tuple(values)))
        else:
            sized = cursor.sized(statement.encode(), values or None)
        rows: list[Any] = []
        size = 0
        for row, more in sized:
            size += more
            if len(rows) == MOST_ROWS or size > MOST_BYTES:
                sized.close()
                cursor.close()
                raise NodeInputError(
                    f"the query finds more than {MOST_ROWS:,} rows, or {MOST_BYTES // 2**20} MB; ask for less"
                )
            rows.append(row)
        return cursor, rows

    def change(self, statement: str, values: Sequence[Any]) -> tuple[int, int | None]:
        """How many rows a statement changed, and in SQLite the id of the last that was added."""
        cursor: Any = self.raw.cursor()
        if self.is_sqlite:
            cursor.execute(statement, tuple(values))
            changed, last = max(cursor.rowcount, 0), cursor.lastrowid
        else:
            for _ in cursor.sized(statement.encode(), values or None):
                pass
            changed, last = cursor.changed, None
        self.settle()
        return changed, last

    def settle(self) -> None:
        if self.commits and not self.in_transaction:
            self.raw.commit()


@node(
    "DatabaseConnectNode",
    takes=(
        choice("db_type", "sqlite", "postgresql", "mysql", default="sqlite"),
        text("host", default="localhost"),
        integer("port", default=5432),
        text("database"),
        text("username"),
        text("password"),
        text("connection_string"),
        number("timeout", default=30.0),  # seconds
        flag("ssl"),
        flag("auto_commit", default=True),
        *SLOW_RETRIES,
        unused("credential_name", "a job is given what it needs: write it, or take it from the job's input", ""),
        unused("ssl_ca", "certificates are those that the robot's machine trusts", ""),
        unused("pool_size", "a job has one connection"),
        unused("charset", "it is of MySQL, which needs a plugin"),
    ),
    gives=("connection", "success", "error"),
    needs=("database|connection_string",),
)
def connect(run: NodeRun) -> Mapping[str, Any]:
    """Opens a database: a SQLite file of the job's folder (or `:memory:`), or one of a PostgreSQL server."""
    kind = run.choice("db_type")
    if kind == "mysql":
        raise UnsupportedNodeError(f"{run.node.id}: MySQL needs a plugin", node_id=run.node.id)
    open_: Callable[[], Any]
    if kind == "sqlite":
        open_ = _sqlite(run)
    else:
        from casare_cloud.robot.executor.nodes import postgresql  # which not every job needs

        open_ = postgresql.opener(run, MOST_BYTES + MOST_AHEAD)
    commits = run.flag("auto_commit")

    def work() -> Database:
        return Database(open_(), commits=commits)

    database = tried(run, lambda: _answered(lambda: while_wanted(run.control, work)))
    return {"connection": run.run.held.keep("database", database, MOST_OPEN), "success": True, "error": ""}


def _sqlite(run: NodeRun) -> "Callable[[], sqlite3.Connection]":
    written = as_text((run.raw("connection_string") and run.value("connection_string")) or run.need("database"))
    path = written.removeprefix("sqlite:///")
    seconds = float(run.number("timeout"))
    place = path
    if path != ":memory:":
        run.run.sandbox.parts(path)
        run.run.sandbox.open(path, "ab").close()
        place = str(run.run.sandbox.locate(path))

    def open_() -> sqlite3.Connection:
        raw = sqlite3.connect(place, timeout=seconds, check_same_thread=False)
        raw.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_LENGTH)
        for part in ("main", "temp"):
            raw.execute(f"pragma {part}.max_page_count = {MOST_PAGES}")
        raw.set_authorizer(_allowed)
        return raw

    return open_


def _allowed(action: int, first: str | None, *_: str | None) -> int:
    """A job's database is one file: no other may be attached, nor written by a copy of it."""
    if action in _OTHER_FILES or (action == sqlite3.SQLITE_PRAGMA and (first or "").lower() in _PRAGMAS):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


_PRAGMAS = ("max_page_count", "temp_store_directory", "data_store_directory", "page_size")


CONNECTION = anything("connection")
_QUERY = (CONNECTION, text("query", default=None), listing("parameters"), *RETRIES)


@node(
    "ExecuteQueryNode",
    takes=_QUERY,
    gives=("results", "row_count", "columns", "success", "error"),
    needs=(
        "connection",
        "query",
    ),
)
def query(run: NodeRun) -> Mapping[str, Any]:
    """The rows of a query, as maps. `parameters` stand for `?` (SQLite) or `$1`, `$2` … (PostgreSQL)."""
    statement, values = as_text(run.need("query")), run.items("parameters")

    def work(database: Database) -> tuple[list[str], list[dict[str, Any]]]:
        cursor, rows = database.execute(statement, values)
        columns = [column[0] for column in cursor.description or ()]
        database.settle()
        return columns, [dict(zip(columns, map(_plain, row), strict=True)) for row in rows]

    columns, rows = _with_database(run, work, again=True)
    return {"results": rows, "row_count": len(rows), "columns": columns, "success": True, "error": ""}


@node(
    "ExecuteNonQueryNode",
    takes=_QUERY,
    gives=("rows_affected", "last_insert_id", "success", "error"),
    needs=(
        "connection",
        "query",
    ),
)
def change(run: NodeRun) -> Mapping[str, Any]:
    """How many rows a statement changed, and in SQLite the id of the last row that was added."""
    statement, values = as_text(run.need("query")), run.items("parameters")
    affected, last = _with_database(run, lambda database: database.change(statement, values))
    return {"rows_affected": affected, "last_insert_id": last, "success": True, "error": ""}


@node(
    "ExecuteBatchNode",
    takes=(CONNECTION, listing("statements"), flag("stop_on_error", default=True), *RETRIES),
    gives=("results", "total_rows_affected", "success", "error"),
    needs=("connection",),
)
def batch(run: NodeRun) -> Mapping[str, Any]:
    """Runs statements one after another; the first that fails ends it, unless `stop_on_error` is off."""
    results: list[dict[str, Any]] = []
    stops = run.flag("stop_on_error")
    for item in run.items("statements"):
        statement = as_text(item.get("query", "") if isinstance(item, Mapping) else item)
        values = parsed(item.get("parameters", [])) if isinstance(item, Mapping) else []
        try:
            affected, _ = _with_database(run, lambda database, s=statement, v=values: database.change(s, v))  # type: ignore[misc]
            results.append({"statement": statement, "rows_affected": affected, "success": True})
        except NodeError as error:
            run.control.check()
            if stops:
                raise
            results.append({"statement": statement, "error": str(error), "success": False})
    total = sum(result.get("rows_affected", 0) for result in results)
    failed = sum(not result["success"] for result in results)
    return {
        "results": results,
        "total_rows_affected": total,
        "success": failed == 0,
        "error": f"{failed} of {len(results)} statements failed" if failed else "",
    }


_STATE = ("connection", "success", "error")


@node("BeginTransactionNode", takes=(CONNECTION,), gives=_STATE, needs=("connection",))
def begin(run: NodeRun) -> Mapping[str, Any]:
    """What follows is kept by a CommitTransactionNode only."""
    return _transaction(run, lambda database: database.raw.commit(), is_open=True)


@node("CommitTransactionNode", takes=(CONNECTION,), gives=_STATE, needs=("connection",))
def commit(run: NodeRun) -> Mapping[str, Any]:
    """Keeps what was changed."""
    return _transaction(run, lambda database: database.raw.commit(), is_open=False)


@node("RollbackTransactionNode", takes=(CONNECTION,), gives=_STATE, needs=("connection",))
def rollback(run: NodeRun) -> Mapping[str, Any]:
    """Drops what was changed since the last commit."""
    return _transaction(run, lambda database: database.raw.rollback(), is_open=False)


def _transaction(run: NodeRun, does: Callable[[Database], None], *, is_open: bool) -> Mapping[str, Any]:
    def work(database: Database) -> None:
        does(database)
        database.in_transaction = is_open

    _with_database(run, work)
    return {"connection": run.value("connection"), "success": True, "error": ""}


@node("CloseDatabaseNode", takes=(CONNECTION,), gives=("success", "error"), needs=("connection",))
def close(run: NodeRun) -> Mapping[str, Any]:
    """Closes a connection; what was not committed is dropped."""
    _database(run)
    held = run.run.held.take(as_text(run.need("connection")))
    if held is not None:
        held.close()
    return {"success": True, "error": ""}


@node(
    "TableExistsNode",
    takes=(CONNECTION, text("table_name", default=None)),
    gives=("exists", "success", "error"),
    needs=(
        "connection",
        "table_name",
    ),
)
def table_exists(run: NodeRun) -> Mapping[str, Any]:
    """Whether there is a table (or view) of this name."""
    return {"exists": bool(_columns(run)), "success": True, "error": ""}


@node(
    "GetTableColumnsNode",
    takes=(CONNECTION, text("table_name", default=None)),
    gives=("columns", "column_names", "success", "error"),
    needs=(
        "connection",
        "table_name",
    ),
)
def table_columns(run: NodeRun) -> Mapping[str, Any]:
    """The columns of a table, with their types."""
    columns = _columns(run)
    if not columns:
        raise NodeInputError(f"there is no table {run.text('table_name')}")
    return {"columns": columns, "column_names": [column["name"] for column in columns], "success": True, "error": ""}


def _columns(run: NodeRun) -> list[dict[str, Any]]:
    name = as_text(run.need("table_name"))
    if not _NAME.fullmatch(name):
        raise NodeInputError(f"{name} is no name of a table")

    def work(database: Database) -> list[dict[str, Any]]:
        statement = queries.SQLITE_COLUMNS if database.is_sqlite else queries.POSTGRESQL_COLUMNS
        _, rows = database.execute(statement, [name])
        database.settle()
        return [{"name": column, "type": kind} for column, kind in rows]

    return _with_database(run, work)


def _database(run: NodeRun) -> Database:
    found = run.run.held.find(as_text(run.need("connection")))
    if not isinstance(found, Database):
        raise NodeInputError(f"{run.node.id} has no connection: a DatabaseConnectNode opens one")
    return found


def _with_database(run: NodeRun, work: Callable[[Database], T], *, again: bool = False) -> T:
    database = _database(run)

    def once() -> T:
        try:
            return _answered(lambda: while_wanted(run.control, lambda: work(database), database.stop))
        except (NodeError, NodeInputError) as error:
            if not isinstance(error, FATAL) and not database.in_transaction:
                with suppress(Exception):  # it waits for the statement, and that may be one that never ends
                    while_wanted(StepControl(run.run.control, STOP_SECONDS), database.raw.rollback)
            raise

    return tried(run, once) if again else once()


def _answered(work: Callable[[], T]) -> T:
    import psycopg

    try:
        return work()
    except (sqlite3.Error, psycopg.Error, OSError) as error:
        raise NodeError(f"the database: {str(error).strip() or type(error).__name__}") from error


def _size(row: Sequence[Any]) -> int:
    return sum(len(value) if isinstance(value, str | bytes) else 8 for value in row)


def _plain(value: Any) -> Any:
    """A value of a row as a workflow can hold it."""
    match value:
        case datetime() | date() | time():
            return value.isoformat()
        case Decimal():
            return int(value) if value == value.to_integral_value() and abs(value) < 2**53 else float(value)
        case bytes() | memoryview():
            return bytes(value).decode("utf-8", "replace")
        case _:
            return value
