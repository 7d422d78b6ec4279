"""No caller makes a security-definer function run code of the caller's, by temporary things of familiar names."""

import contextlib
from collections.abc import Iterator

import psycopg
import pytest
from tests.database.calls import CALLS
from tests.database.world import World, make_world
from tests.databases import Claims, Connection, Database, set_claims

from casare_cloud.local.postgres import PostgresServer

# Names of types that look like any other name to the parser (integer, boolean and their like do not).
TYPES = ("uuid", "text", "jsonb", "timestamptz", "date", "bytea", "inet", "name", "float8", "int4", "int8", "regclass")
RELATIONS = ("pg_class", "pg_roles", "pg_timezone_names", "pg_stat_activity", "pg_inherits", "pg_namespace")


class Attacker:
    """A session of the functions' login that shadows what it can, and hears under which roles its code ran."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.ran_as: set[str] = set()
        connection.add_notice_handler(self._hear)
        connection.execute("set search_path = pg_catalog, pg_temp")
        connection.execute(
            "create function pg_temp.note() returns boolean language plpgsql as "
            "$$begin raise warning 'ran as %', current_user; return true; end$$"
        )
        for name in TYPES:
            connection.execute(f"create domain pg_temp.{name} as pg_catalog.{name} check (pg_temp.note())")
        for name in RELATIONS:
            connection.execute(
                f"create view pg_temp.{name} as select c.* from pg_catalog.{name} as c where pg_temp.note()"
            )

    def _hear(self, diagnostic: psycopg.errors.Diagnostic) -> None:
        if (message := diagnostic.message_primary or "").startswith("ran as "):
            self.ran_as.add(message.removeprefix("ran as "))

    def call(self, claims: Claims, expression: str, targets: dict[str, object]) -> set[str]:
        """Calls a function as a caller, undoes it, and returns as whom the attacker's code ran."""
        self.ran_as.clear()
        with self.connection.transaction(force_rollback=True):
            self.connection.execute("set local role authenticated")
            set_claims(self.connection, claims)
            with contextlib.suppress(psycopg.Error):  # a refusal is an answer: the function ran that far
                self.connection.execute(f"select {expression}", targets)
        return self.ran_as - {"authenticated"}


@pytest.fixture(scope="module")
def world(shared_database: Database) -> World:
    """A tenant with a row in every table."""
    return make_world(shared_database)


@pytest.fixture
def attacker(shared_database: Database, world: World) -> Iterator[Attacker]:
    """One who got the right to make temporary objects, which no client has."""
    with shared_database.connect() as owner:
        owner.execute(f'grant temporary on database "{shared_database.name}" to public')
    yield Attacker(shared_database.connect("casare_functions"))
    shared_database.close()


def test_no_function_runs_code_that_its_caller_gave_a_familiar_name(attacker: Attacker, world: World) -> None:
    hijacked = {
        expression: ran_as
        for expressions in CALLS.values()
        for expression in expressions
        for claims in (world.tenant.admin.claims, world.callers["robot of another tenant"])
        if claims and (ran_as := attacker.call(claims, expression, world.targets).copy())
    }
    assert hijacked == {}


def test_a_function_with_an_empty_search_path_would_run_it_as_its_owner(
    attacker: Attacker, world: World, shared_database: Database
) -> None:
    with shared_database.connect() as owner:
        owner.execute("alter function public.enqueue_job set search_path = ''")
    ran_as = attacker.call(world.tenant.admin.claims, "public.enqueue_job(%(workflow)s)", world.targets)
    with shared_database.connect() as owner:
        owner.execute("alter function public.enqueue_job set search_path = pg_catalog, pg_temp")
    assert ran_as == {"postgres"}


@pytest.mark.parametrize("role", ["casare_functions", "authenticator", "authenticated", "anon", "service_role"])
def test_no_client_may_make_temporary_objects(
    postgres_server: PostgresServer, template_database: str, role: str
) -> None:
    with postgres_server.connect() as connection:
        row = connection.execute(
            "select has_database_privilege(%s, %s, 'temporary')", [role, template_database]
        ).fetchone()
    assert row == (False,)
