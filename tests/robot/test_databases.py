"""Nodes for databases: SQLite files of the job's folder, and a real PostgreSQL."""

import select
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from tests.databases import Database
from tests.robot.post_servers import Server, Session
from tests.robot.workflows import Workshop

from casare_cloud.robot.executor.control import RunControl
from casare_cloud.robot.executor.errors import NodeError, NodeInputError, SandboxError, UnsupportedNodeError
from casare_cloud.robot.executor.nodes import databases

TABLE = "create table pens (id integer primary key, name text, price numeric)"


@pytest.fixture(params=["sqlite", "postgresql"])
def connection(request: pytest.FixtureRequest, workshop: Workshop) -> Any:
    """A connection to each kind of database, and how it writes the first two parameters."""
    if request.param == "sqlite":
        yield workshop.outputs("DatabaseConnectNode", {"database": "shop.db"})["connection"], ("?", "?")
    else:
        database: Database = request.getfixturevalue("database")
        config = {"db_type": "postgresql", "connection_string": database.dsn()}
        yield workshop.outputs("DatabaseConnectNode", config)["connection"], ("$1", "$2")
    workshop.held.close()


def test_rows_are_written_and_read(workshop: Workshop, connection: tuple[str, tuple[str, str]]) -> None:
    name, (one, two) = connection
    changes: Any = lambda statement, *values: workshop.outputs(  # noqa: E731
        "ExecuteNonQueryNode", {"connection": name, "query": statement, "parameters": list(values)}
    )
    changes(TABLE)
    assert changes(f"insert into pens values (1, {one}, {two}), (2, 'ink', null)", "pen", 3.5)["rows_affected"] == 2
    query = {"connection": name, "query": f"select * from pens where id < {one} order by id", "parameters": [9]}
    assert workshop.outputs("ExecuteQueryNode", query) == {
        "results": [{"id": 1, "name": "pen", "price": 3.5}, {"id": 2, "name": "ink", "price": None}],
        "row_count": 2,
        "columns": ["id", "name", "price"],
        "success": True,
        "error": "",
    }
    about = {"connection": name, "table_name": "pens"}
    assert workshop.outputs("GetTableColumnsNode", about)["column_names"] == ["id", "name", "price"]
    assert workshop.outputs("TableExistsNode", about)["exists"]
    assert not workshop.outputs("TableExistsNode", {**about, "table_name": "none"})["exists"]


def test_a_transaction_is_kept_or_dropped_as_a_whole(
    workshop: Workshop, connection: tuple[str, tuple[str, str]]
) -> None:
    name, _ = connection
    does: Any = lambda type_, **config: workshop.outputs(type_, {"connection": name, **config})  # noqa: E731
    does("ExecuteNonQueryNode", query=TABLE)
    count = "select count(*) as n from pens"
    for end, rows in (("Rollback", 0), ("Commit", 1)):
        assert does("BeginTransactionNode")["connection"] == name
        does("ExecuteNonQueryNode", query="insert into pens values (1, 'pen', 1)")
        does(f"{end}TransactionNode")
        assert does("ExecuteQueryNode", query=count)["results"] == [{"n": rows}]
    batch = ["insert into pens values (2, 'a', 1)", "insert into pens values (2, 'a', 1)", "delete from pens"]
    with pytest.raises(NodeError, match="the database: "):
        does("ExecuteBatchNode", statements=batch)
    found = does("ExecuteBatchNode", statements=batch[1:], stop_on_error=False)
    assert (found["success"], found["error"], found["total_rows_affected"]) == (
        False, "1 of 2 statements failed", 2
    )  # fmt: skip
    does("CloseDatabaseNode")
    with pytest.raises(NodeInputError, match="a DatabaseConnectNode opens one"):
        does("ExecuteQueryNode", query=count)


def test_a_result_is_refused_before_it_fills_the_memory(
    workshop: Workshop, connection: tuple[str, tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    name, _ = connection
    does: Any = lambda type_, query: workshop.outputs(type_, {"connection": name, "query": query})  # noqa: E731
    endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select i from n"
    for limit, most in (("MOST_ROWS", 5), ("MOST_BYTES", 50)):
        with monkeypatch.context() as patch:
            patch.setattr(databases, limit, most)
            with pytest.raises(NodeInputError, match="ask for less"):
                does("ExecuteQueryNode", endless)
    assert does("ExecuteQueryNode", f"{endless} limit 3")["results"] == [{"i": 1}, {"i": 2}, {"i": 3}]
    found = does("ExecuteQueryNode", "select 1 as one where false")
    assert (found["columns"], found["results"]) == (["one"], [])
    assert does("ExecuteQueryNode", TABLE)["columns"] == []
    assert does("ExecuteNonQueryNode", "insert into pens values (1, 'a', 1), (2, 'b', 2)")["rows_affected"] == 2
    with pytest.raises(NodeError, match="the database: "):
        does("ExecuteQueryNode", "select none from pens")
    assert does("ExecuteQueryNode", "select count(*) as n from pens")["results"] == [{"n": 2}]


@pytest.mark.parametrize("type_", ["ExecuteQueryNode", "ExecuteNonQueryNode"])
def test_a_huge_value_of_postgresql_is_refused_before_it_is_read(
    workshop: Workshop, database: Database, monkeypatch: pytest.MonkeyPatch, type_: str
) -> None:
    monkeypatch.setattr(databases, "MOST_BYTES", 2**20)
    config = {"db_type": "postgresql", "connection_string": database.dsn()}
    name = workshop.outputs("DatabaseConnectNode", config)["connection"]
    relay = workshop.held.find(name).raw.relay
    many = {"connection": name, "query": "select repeat('x', 1000) as x from generate_series(1, 40000)"}
    assert workshop.outputs("ExecuteNonQueryNode", many)["success"], "small rows may be as many as they like"
    huge = {"connection": name, "query": "select 1 as small, null as big union all select 2, repeat('x', 40000000)"}
    with pytest.raises(NodeInputError, match="a row of the query has more than 17 MB; ask for less"):
        workshop.outputs(type_, huge)
    assert 17 * 2**20 < relay.passed < 18 * 2**20
    with pytest.raises(NodeError, match="the connection is closed"):
        workshop.outputs(type_, {"connection": name, "query": "select 1"})
    workshop.held.close()


def test_several_statements_may_come_at_once(workshop: Workshop, database: Database) -> None:
    config = {"db_type": "postgresql", "connection_string": database.dsn()}
    name = workshop.outputs("DatabaseConnectNode", config)["connection"]
    several = {"connection": name, "query": f"{TABLE}; insert into pens values (1, 'a', 1)"}
    workshop.outputs("ExecuteNonQueryNode", several)
    count = {"connection": name, "query": "select count(*) as n from pens"}
    assert workshop.outputs("ExecuteQueryNode", count)["results"] == [{"n": 1}]
    with pytest.raises(NodeError, match="already exists"):
        workshop.outputs("ExecuteQueryNode", {**several, "query": f"select 1; {TABLE}"})
    workshop.held.close()


def test_a_run_has_so_many_databases_and_sqlite_no_huge_value(workshop: Workshop) -> None:
    config = {"database": ":memory:"}
    names = [workshop.outputs("DatabaseConnectNode", config)["connection"] for _ in range(databases.MOST_OPEN)]
    with pytest.raises(NodeInputError, match="at most 10"):
        workshop.outputs("DatabaseConnectNode", config)
    with pytest.raises(NodeError, match="too big"):
        workshop.outputs("ExecuteQueryNode", {"connection": names[0], "query": "select zeroblob(100000000)"})
    workshop.held.close()


@pytest.mark.parametrize(
    "statement",
    [
        "attach database '{outside}' as other",
        "vacuum into '{outside}'",
        "pragma max_page_count = 1000000",
        "select load_extension('x')",
    ],
)
def test_a_sqlite_database_is_one_file_of_the_jobs_folder(workshop: Workshop, statement: str) -> None:
    name = workshop.outputs("DatabaseConnectNode", {"database": "sub/shop.db"})["connection"]
    outside = workshop.folder.parent / "outside.db"
    with pytest.raises(NodeError, match="the database: "):
        workshop.outputs(
            "ExecuteNonQueryNode", {"connection": name, "query": statement.replace("{outside}", str(outside))}
        )
    assert not outside.exists()
    workshop.held.close()


@pytest.mark.parametrize("path", ["../shop.db", "/tmp/shop.db", "sqlite:////tmp/shop.db"])
def test_a_sqlite_file_outside_is_refused(workshop: Workshop, path: str) -> None:
    with pytest.raises(SandboxError):
        workshop.outputs("DatabaseConnectNode", {"database": path})


def test_a_connection_tells_a_server_nothing_of_the_robot(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    for said, word in (
        ("host=a sslkey=/root/key", "sslkey"),
        ("service=it", "service"),
        ("passfile=/x", "passfile"),
    ):
        with pytest.raises(NodeInputError, match=f"may not say {word}"):
            workshop.outputs("DatabaseConnectNode", {"db_type": "postgresql", "connection_string": said})
    rest = "dbname=a user=b"
    for said, words in (
        (rest, "host's name"),
        (f"host=/var/run/postgresql {rest}", "host's name"),
        (f"host=a,@b {rest}", "host's name"),
        (f"host=a, {rest}", "host's name"),
        ("host=a dbname=b", "username"),
        ("host=a user=b", "database"),
    ):
        with pytest.raises(NodeInputError, match=words):
            workshop.outputs("DatabaseConnectNode", {"db_type": "postgresql", "connection_string": said})
    for name in ("PGSERVICE", "PGOPTIONS"):
        config = {"db_type": "postgresql", "connection_string": f"host=a {rest}"}
        with monkeypatch.context() as patch:
            patch.setenv(name, "x")
            with pytest.raises(UnsupportedNodeError, match=name):
                workshop.outputs("DatabaseConnectNode", config)
    with pytest.raises(UnsupportedNodeError, match="MySQL needs a plugin"):
        workshop.outputs("DatabaseConnectNode", {"db_type": "mysql"})


class _Encrypting(Session):
    def handle(self) -> None:
        self.rfile.read(8)
        self.wfile.write(b"S")


def test_a_written_check_of_the_servers_certificate_is_not_lowered(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGSSLROOTCERT", "/none")
    with Server(_Encrypting) as server:
        said = f"host=127.0.0.1 port={server.port} dbname=a user=a sslmode=verify-full"
        config = {"db_type": "postgresql", "connection_string": said, "ssl": True}
        with pytest.raises(NodeError, match='root certificate file "/none" does not exist'):
            workshop.outputs("DatabaseConnectNode", config)


def test_a_server_that_is_not_there_is_worth_a_retry(workshop: Workshop) -> None:
    config = {"db_type": "postgresql", "host": "127.0.0.1", "port": 9, "database": "x", "username": "x"}
    with pytest.raises(NodeError, match="the database: ") as caught:
        workshop.outputs("DatabaseConnectNode", config)
    assert caught.value.is_retryable


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        ({"port": 70000}, NodeInputError, "port must lie between 1 and 65535"),
        ({"host": "a..example"}, NodeError, "the database: a..example is no name of a host"),
    ],
)
def test_a_server_that_there_cannot_be_is_refused_in_words(
    workshop: Workshop, said: dict[str, Any], kind: type[Exception], words: str
) -> None:
    config = {"db_type": "postgresql", "host": "127.0.0.1", "database": "x", "username": "x", **said}
    with pytest.raises(kind, match=words):
        workshop.outputs("DatabaseConnectNode", config)


class Relay(Server):
    """Passes on what a client and PostgreSQL say to each other, until it `is_silent`."""

    def __init__(self, dsn: str) -> None:
        super().__init__(_Passing)
        said = conninfo_to_dict(dsn)
        self.target = str(said["host"]), int(str(said["port"]))
        self.is_silent = threading.Event()


class _Passing(Session):
    server: Relay

    def handle(self) -> None:
        with socket.create_connection(self.server.target) as target:
            other = {self.connection: target, target: self.connection}
            while True:
                for one in select.select(list(other), [], [], 0.05)[0]:
                    if not (said := one.recv(65536)):
                        return
                    if not self.server.is_silent.is_set():
                        other[one].sendall(said)


@pytest.mark.parametrize("limit", ["job", "step"])
def test_a_server_that_stops_answering_does_not_keep_the_jobs_thread(
    workshop: Workshop, database: Database, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "STOP_SECONDS", 0.2)
    with Relay(database.dsn()) as relay:
        said = make_conninfo(database.dsn(), host="127.0.0.1", port=relay.port)
        name = workshop.outputs("DatabaseConnectNode", {"db_type": "postgresql", "connection_string": said})
        relay.is_silent.set()
        workshop.control = RunControl(0.3 if limit == "job" else 30)
        config = {"connection": name["connection"], "query": "select 1"}
        seconds = None if limit == "job" else 0.3
        asked = ThreadPoolExecutor(1).submit(workshop.outputs, "ExecuteQueryNode", config, step_seconds=seconds)
        with pytest.raises(NodeError) as caught:
            asked.result(60)
        assert caught.value.error_type == ("JobTimeoutError" if limit == "job" else "StepTimeout")
        workshop.held.close()
