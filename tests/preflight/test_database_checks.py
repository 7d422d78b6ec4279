"""What is wrong with DATABASE_URL, one thing at a time: a sentence names it, and strangers learn a word."""

import asyncio
import socket
from collections.abc import Iterator

import pytest
from psycopg.conninfo import conninfo_to_dict
from tests.databases import Database, unique_name

from casare_cloud.config import Settings
from casare_cloud.preflight import database as checks
from casare_cloud.preflight.findings import Finding


def findings(database_url: str, seconds: float = 3.0) -> list[Finding]:
    return asyncio.run(checks.check(Settings(database_url=database_url), seconds))


def only(database_url: str) -> Finding:
    (finding,) = findings(database_url)
    assert finding.sentence.startswith("DATABASE_URL")
    for secret in ("127.0.0.1", "casare_functions", "sesame", "postgresql:"):
        assert secret not in finding.reason
    assert "sesame" not in finding.sentence
    return finding


def url(database: Database, login: str = "casare_functions", name: str | None = None, host: str = "127.0.0.1") -> str:
    port = conninfo_to_dict(database.dsn())["port"]
    return f"postgresql://{login}:sesame@{host}:{port}/{name or database.name}"


@pytest.fixture
def login(shared_database: Database) -> Iterator[str]:
    """A login of its own, which may do nothing yet."""
    name = unique_name("login")
    with shared_database.connect("supabase_admin") as admin:
        admin.execute(f"create role {name} login")
        yield name
        admin.execute(f"drop owned by {name}; drop role {name}")


def test_the_login_of_the_functions_on_a_migrated_database_is_right(shared_database: Database) -> None:
    assert findings(url(shared_database)) == []


@pytest.mark.parametrize(
    ("database_url", "word"),
    [
        ("", "is not set"),
        ("nonsense sesame", "not a connection string"),
        ("postgresql://casare_functions:sesame@127.0.0.1:1/postgres", "no database answers there"),
        ("postgresql://casare_functions:sesame@nowhere.invalid/postgres", "no database answers there"),
    ],
    ids=["unset", "nonsense", "refused", "no such host"],
)
def test_a_database_that_cannot_be_reached(database_url: str, word: str) -> None:
    finding = only(database_url)
    assert word in finding.sentence
    assert finding.reason == "Database unhealthy"


def test_a_database_that_takes_the_connection_and_says_nothing_is_given_up_in_time() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        (finding,) = findings(f"postgresql://casare_functions@127.0.0.1:{silent.getsockname()[1]}/x", seconds=0.3)
    assert "no answer within 0.3 s" in finding.sentence


def test_another_database_name_is_told_from_no_database(shared_database: Database) -> None:
    assert "that server has no database nope" in only(url(shared_database, name="nope")).sentence


def test_a_login_that_is_not_there(shared_database: Database) -> None:
    assert "does not know that login" in only(url(shared_database, login="nobody_here")).sentence


@pytest.mark.parametrize(
    ("server_says", "word"),
    [
        ('FATAL:  password authentication failed for user "casare_functions"', "refuses the password"),
        ("FATAL:  Tenant or user not found", "does not know that login"),
        ("FATAL:  sorry, too many clients already", "the server refuses the login: sorry, too many clients"),
        ("FATAL:  remaining connection slots are reserved for roles", "no connection free"),
        ("server does not support SSL, but SSL was required", "no encrypted connection came about"),
    ],
)
def test_what_a_server_answers_to_a_login(server_says: str, word: str) -> None:
    import psycopg

    message = f'connection failed: connection to server at "127.0.0.1", port 5432 failed: {server_says}'
    assert word in checks._why_not(psycopg.OperationalError(message)).sentence


@pytest.mark.parametrize(
    ("login", "power"),
    [
        ("postgres", "logs in as postgres, which passes by row-level security"),
        ("supabase_admin", "logs in as supabase_admin, which is a superuser"),
        ("authenticator", "which may become service_role, which passes by row-level security"),
    ],
)
def test_a_login_that_no_rule_binds_is_refused(shared_database: Database, login: str, power: str) -> None:
    finding = only(url(shared_database, login))
    assert power in finding.sentence
    assert "Log in as casare_functions" in finding.sentence
    assert finding.reason == "Database login has too many rights"


@pytest.mark.parametrize(
    ("grant", "power"),
    [
        ("grant casare_functions to {}; alter table public.tenants owner to {}", "owns tables of casare_cloud"),
        ("grant casare_functions to {}; alter role {} createrole", "makes roles"),
        ("grant casare_functions, pg_read_all_data to {}", "may become pg_read_all_data"),
    ],
    ids=["owner", "createrole", "predefined role"],
)
def test_so_is_one_that_has_its_power_in_another_way(database: Database, grant: str, power: str) -> None:
    name = unique_name("login")
    with database.connect("supabase_admin") as admin:
        admin.execute(f"create role {name} login; " + grant.replace("{}", name))
        try:
            assert power in only(url(database, name)).sentence
        finally:
            admin.execute(f"reassign owned by {name} to postgres; drop owned by {name}; drop role {name}")


def test_a_role_with_no_more_than_that_of_the_functions_is_as_good(shared_database: Database, login: str) -> None:
    with shared_database.connect("supabase_admin") as admin:
        admin.execute(f"grant casare_functions to {login}")
    assert findings(url(shared_database, login)) == []


def test_a_role_that_may_not_act_as_callers_is_too_weak(shared_database: Database, login: str) -> None:
    finding = only(url(shared_database, login))
    assert "may not act as a caller" in finding.sentence
    assert finding.reason == "Database login has too few rights"


def test_a_database_without_the_schema_is_told_how_it_gets_it(shared_database: Database) -> None:
    finding = only(url(shared_database, name="postgres"))
    assert "has no tables of casare_cloud. Run `supabase db push" in finding.sentence
    assert finding.reason == "Database has no schema"


@pytest.mark.parametrize(
    ("change", "word", "reason"),
    [
        ("select '20200101000000'", "is at migration 20200101000000, this program needs", "Database schema too old"),
        ("select '99990101000000'", "Deploy the program that belongs to it", "Database schema too new"),
        (None, "older than its versions are counted", "Database schema too old"),
    ],
    ids=["older", "newer", "older than the count"],
)
def test_a_schema_of_another_version(database: Database, change: str | None, word: str, reason: str) -> None:
    body = f"create or replace function private.get_schema_version() returns text language sql as $$ {change} $$"
    with database.connect() as owner:
        owner.execute(body if change else "drop function private.get_schema_version()")
    finding = only(url(database))
    assert (word in finding.sentence, finding.reason) == (True, reason), finding.sentence


def test_outside_this_machine_the_connection_must_be_encrypted(shared_database: Database) -> None:
    finding = only(url(shared_database, host="0.0.0.0"))  # noqa: S104 - this machine, by a name that is not loopback
    assert "is not encrypted. Add sslmode=require" in finding.sentence
    assert finding.reason == "Database connection not encrypted"
