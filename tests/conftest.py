"""Fixtures for every test: a Postgres cluster per worker, a template with the schema, a fresh copy per test."""

import gc
import signal
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from tests import servers
from tests.databases import Database, database_copy

from casare_cloud.local.auth import passwords
from casare_cloud.local.postgres import PostgresServer

# Each run tries the same examples, so that what fails is the change. `make test-nightly` looks for new ones. How long
# an example takes is the machine's affair.
settings.register_profile("same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("same")

# What a password costs to check is nobody's subject here: the emulated Auth spends the least that bcrypt can.
passwords.BCRYPT_ROUNDS = 4  # type: ignore[misc]

TEMPLATE = "casare_template"
NOT_RUN = "not run: needs "
MOST_SECONDS = 600  # of a test, or of what is made for it: longer than any takes on a machine that is busy


@pytest.fixture(scope="session", autouse=True)
def home_of_relocated_data() -> Iterator[None]:
    """Root's servers keep what their account cannot reach in a folder that goes with the tests."""
    with tempfile.TemporaryDirectory(prefix="casare-test-home-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CASARE_PG_HOME", folder)
            yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A cluster of this worker's own: any port, no passwords, no fsync. `CASARE_PG_BINDIR` chooses the binaries."""
    with servers.temporary_server() as server:
        yield server


@pytest.fixture(scope="session")
def template_database(postgres_server: PostgresServer) -> str:
    """The name of a database made from `sql/`, to be copied, never connected to; nothing is exposed by default."""
    postgres_server.bootstrap(TEMPLATE)
    postgres_server.load_schema(TEMPLATE)
    return TEMPLATE


@pytest.fixture
def database(postgres_server: PostgresServer, template_database: str) -> Iterator[Database]:
    """A fresh copy of the schema for one test (30 ms in memory)."""
    with database_copy(postgres_server, template_database) as copy:
        yield copy


@pytest.fixture(scope="module")
def shared_database(postgres_server: PostgresServer, template_database: str) -> Iterator[Database]:
    """One copy for all tests of a module: for tests that only read, or that make a tenant of their own."""
    with database_copy(postgres_server, template_database) as copy:
        yield copy


@pytest.fixture(scope="session", params=servers.VERSIONS, ids=lambda version: f"postgresql-{version}")
def server_of_version(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """A cluster of each PostgreSQL version that the product supports; a version that is not installed is not run."""
    binaries = servers.installations().get(request.param)
    if binaries is None:
        not_run(f"PostgreSQL {request.param}")
        return
    with servers.temporary_server(binaries) as server:
        yield server


@pytest.fixture(params=[False, True], ids=["closed", "exposed"])
def auto_expose(request: pytest.FixtureRequest) -> bool:
    """Whether the platform grants new objects in `public` to the API roles: both settings are in use."""
    return bool(request.param)


@pytest.fixture
def database_of_version(auto_expose: bool, server_of_version: PostgresServer) -> Iterator[Database]:
    """A fresh database on each version, with the platform's default privileges off and on."""
    name = f"{TEMPLATE}_{'exposed' if auto_expose else 'closed'}"
    server_of_version.bootstrap(name, auto_expose=auto_expose)
    server_of_version.load_schema(name)
    with database_copy(server_of_version, name) as copy:
        yield copy


@pytest.fixture(scope="session")
def pg_cron_server() -> Iterator[PostgresServer]:
    """A cluster with the real pg_cron and the schema in its database `postgres`; mark the test `needs_pg_cron`."""
    with servers.temporary_server(servers.with_pg_cron()) as server:
        server.bootstrap()
        server.load_schema()
        yield server


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest begin first, so that none runs alone when all others are done."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish() -> None:
    """What was collected stays to the end: the collector of garbage need not look at it again and again."""
    gc.collect()
    gc.freeze()


def not_run(need: str) -> None:
    """Leaves a test out and says so at the end; fails it where everything must run."""
    if servers.everything_must_run():
        pytest.fail(f"This test needs {need}, and CASARE_TEST_ALL=1 allows no test to be left out.")
    pytest.skip(NOT_RUN + need)


@contextmanager
def in_time(item: pytest.Item) -> Iterator[None]:
    """What waits for ever fails, and says where it waits, so that the others are run."""

    def fail(*_: object) -> None:
        pytest.fail(f"{item.nodeid} waits for longer than {MOST_SECONDS} s.")

    # Only the main thread is told of signals; what is generated at night may take hours.
    if threading.current_thread() is not threading.main_thread() or servers.is_nightly():
        yield
        return
    before = signal.signal(signal.SIGALRM, fail)
    signal.setitimer(signal.ITIMER_REAL, MOST_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[Any]:
    """Ends a test that waits for ever."""
    with in_time(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[Any]:
    """Ends a fixture that waits for ever."""
    with in_time(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[Any]:
    """Looks at the `needs_…` markers before any fixture is made."""
    for marker in item.iter_markers():
        if marker.name.startswith("needs_") and (need := servers.missing(marker.name)):
            not_run(need)
    with in_time(item):
        return (yield)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says what was not run, so that no gap is silent."""
    needs: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if NOT_RUN in reason:
            needs[reason.split(NOT_RUN, 1)[1]] += 1
    for need, count in sorted(needs.items()):
        terminalreporter.write_line(f"not run: {count} test{'s' if count > 1 else ''} that need {need}", yellow=True)
