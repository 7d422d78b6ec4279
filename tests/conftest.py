"""Fixtures for every test: a Postgres cluster per worker, a template with the schema, a fresh copy per test."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.databases import Database, database_copy

from casare_cloud.local.postgres import PostgresServer

TEMPLATE = "casare_template"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A cluster of this worker's own: any port, no passwords, no fsync. `CASARE_PG_BINDIR` chooses the binaries."""
    folder = Path(tempfile.mkdtemp(prefix="casare-test-"))
    folder.chmod(0o755)
    server = PostgresServer(folder / "pg", fast=True, trust=True)
    try:
        server.start()
        yield server
    finally:
        server.remove_data()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def template_database(postgres_server: PostgresServer) -> str:
    """The name of a database made from `sql/`, to be copied, never connected to; nothing is exposed by default."""
    postgres_server.bootstrap(TEMPLATE)
    postgres_server.load_schema(TEMPLATE)
    return TEMPLATE


@pytest.fixture
def database(postgres_server: PostgresServer, template_database: str) -> Iterator[Database]:
    """A fresh copy of the schema for one test (about 50 ms)."""
    with database_copy(postgres_server, template_database) as copy:
        yield copy


@pytest.fixture(scope="module")
def shared_database(postgres_server: PostgresServer, template_database: str) -> Iterator[Database]:
    """One copy for all tests of a module: for tests that only read, or that make a tenant of their own."""
    with database_copy(postgres_server, template_database) as copy:
        yield copy
