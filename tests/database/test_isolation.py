"""Another tenant's callers, and those whose rights ended, read nothing, change nothing and learn nothing.

Tables, views and functions come from the catalog: a new one that `world.py` or `calls.py` does not know fails here, by
name. Readers get what they ask for as the Data API asks: the columns that are granted, under the policies.
"""

import re
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from tests.database.calls import BEFORE_A_CALLER, CALLS, EFFECTS_OF_READING, HARMLESS
from tests.database.fingerprints import (
    UUID,
    Relation,
    fingerprints,
    identifiers,
    pattern_of,
    relations_of,
    tables_of,
)
from tests.database.world import MARKER, World, make_world
from tests.databases import Connection, Database, set_claims

CLIENT_ROLES = ("anon", "authenticated", "service_role")
STRANGERS = ("admin of another tenant", "robot of another tenant")
NOBODIES = ("revoked robot", "removed member", "anonymous")
CALLERS = (*STRANGERS, *NOBODIES, "viewer")

# Rows that belong to no tenant: reference data, the clock of the duties, outages of the service, hashes of logins.
NOBODYS_ROWS = {
    "public.permissions", "private.duties", "private.duty_runs", "private.exports", "private.login_attempts",
    "private.low_water", "private.outages", "private.retentions", "private.schedule_quotas", "private.trigger_types",
    "private.calendar_quotas",
}  # fmt: skip
VIEWER_READS = {
    "public.tenants", "public.workflows", "public.workflow_versions", "public.workflow_backups", "public.robots",
    "public.robot_measurements",
    "public.robot_heartbeats", "public.robot_commands", "public.robot_logs", "public.live_robots", "public.jobs",
    "public.live_jobs", "public.dead_letters",
    "public.late_results", "public.job_logs", "public.events", "private.leases", "private.scheduled",
    "public.job_rollups", "public.job_node_executions",
    "public.schedules", "public.schedule_fires", "public.triggers", "public.trigger_deliveries",
    "public.trigger_delivery_bodies", "public.calendars", "public.calendar_days",
    "public.calendar_blackouts", "public.pools", "public.pool_members",
}  # fmt: skip

FUNCTIONS = """
    select distinct n.nspname || '.' || p.proname as name
    from pg_proc as p
    join pg_namespace as n on n.oid = p.pronamespace and n.nspname in ('public', 'private')
    where has_function_privilege(%s, p.oid, 'execute')
"""


@dataclass
class Case:
    """The filled database and what identifies tenant A in it."""

    world: World
    owner: Connection
    relations: list[Relation]
    functions: dict[str, set[str]]  # by role
    words: set[str]  # ids and a text of tenant A
    mine: re.Pattern[str]  # one of them

    def fingerprints(self) -> dict[str, str]:
        """A digest of the rows of tenant A in each table, with their number."""
        return fingerprints(self.owner, tables_of(self.relations), self.world.tenant.tenant_id, self.words)

    def enter(self, caller: str) -> None:
        """Makes the rest of the transaction the caller's."""
        claims = self.world.callers[caller]
        set_claims(self.owner, claims or {"role": "anon"})
        self.owner.execute("select set_config('role', %s, true)", ["anon" if claims is None else "authenticated"])


@pytest.fixture(scope="module")
def case(shared_database: Database) -> Case:
    """The two tenants, in the database of this module."""
    world = make_world(shared_database)
    owner = shared_database.connect()
    relations = relations_of(owner)
    functions = {
        role: {row["name"] for row in owner.execute(FUNCTIONS, [role]).fetchall()}
        for role in (*CLIENT_ROLES, "casare_functions")
    }
    words = {MARKER} | identifiers(owner, tables_of(relations), world.tenant.tenant_id, world.other.tenant_id)
    owner.execute("set statement_timeout = '30s'")
    return Case(world, owner, relations, functions, words, pattern_of(words))


# -- coverage: a new table or function without an entry fails by name


def test_every_table_has_rows_of_the_tenant_that_others_must_not_see(case: Case) -> None:
    empty = {table for table, digest in case.fingerprints().items() if digest.startswith("0 ")}
    assert empty == NOBODYS_ROWS, "world.py makes no row for these tables"
    for table in NOBODYS_ROWS:
        assert case.owner.execute(f"select from {table}").fetchone() is not None, f"world.py makes no row for {table}"


def test_every_function_that_a_client_may_execute_has_an_entry(case: Case) -> None:
    executable = set().union(*(case.functions[role] for role in CLIENT_ROLES))
    assert sorted(executable - CALLS.keys()) == [], "calls.py says of no call of these functions"
    assert sorted(CALLS.keys() - executable) == [], "calls.py has entries for functions that nobody may execute"


def test_what_is_needed_before_a_caller_is_known_is_for_the_functions_login_only(case: Case) -> None:
    inherited = case.functions["casare_functions"]
    assert sorted(inherited - case.functions["authenticated"]) == sorted(BEFORE_A_CALLER)
    for role in CLIENT_ROLES:
        assert not case.functions[role] & BEFORE_A_CALLER


def test_anonymous_and_the_service_role_may_execute_nothing(case: Case) -> None:
    assert case.functions["anon"] == set()
    assert case.functions["service_role"] == set()


# -- reading


def readable(case: Case, relation: Relation, role: str) -> str:
    """The columns that a role may select, as a list; empty for none."""
    row = case.owner.execute(
        "select coalesce(string_agg(quote_ident(attname), ', ' order by attnum), '') as columns from pg_attribute "
        "where attrelid = %s::regclass and attnum > 0 and not attisdropped "
        "and has_column_privilege(%s, attrelid, attnum, 'select')",
        [relation.name, role],
    ).fetchone()
    assert row is not None
    return str(row["columns"])


def read(case: Case, relation: Relation, caller: str) -> list[str]:
    """The rows that the caller sees, as text."""
    columns = readable(case, relation, "anon" if case.world.callers[caller] is None else "authenticated")
    if not columns:
        return []
    with case.owner.transaction(force_rollback=True):
        case.enter(caller)
        rows = case.owner.execute(f"select t::text as row from (select {columns} from {relation.name}) as t").fetchall()
    return [row["row"] for row in rows]


@pytest.mark.parametrize("caller", STRANGERS)
def test_another_tenants_callers_read_nothing(case: Case, caller: str) -> None:
    leaks = {
        relation.name: rows
        for relation in case.relations
        if (rows := [row for row in read(case, relation, caller) if case.mine.search(row)])
    }
    assert leaks == {}


@pytest.mark.parametrize("caller", NOBODIES)
def test_who_is_nobody_any_more_reads_nothing_at_all(case: Case, caller: str) -> None:
    leaks = {relation.name: rows for relation in case.relations if (rows := read(case, relation, caller))}
    assert leaks == {}


def test_a_viewer_reads_what_viewers_may_and_nothing_else(case: Case) -> None:
    seen = {relation.name for relation in case.relations if read(case, relation, "viewer")}
    assert seen == VIEWER_READS


@pytest.mark.parametrize("role", CLIENT_ROLES)
def test_no_partition_can_be_read_past_the_policy_of_its_table(case: Case, role: str) -> None:
    open_ones = [r.name for r in case.relations if r.is_partition and readable(case, r, role)]
    assert open_ones == []


# -- writing


@pytest.mark.parametrize("role", [*CLIENT_ROLES, "casare_functions"])
def test_no_client_role_may_write_to_a_table(case: Case, role: str) -> None:
    query = """
        select r.name || ' ' || p.privilege as name
        from unnest(%s::text[]) as r (name),
            unnest('{insert,update,delete,truncate,references,trigger}'::text[]) as p (privilege)
        where has_table_privilege(%s, r.name, p.privilege)
            or (p.privilege in ('insert', 'update', 'references') and has_any_column_privilege(%s, r.name, p.privilege))
    """
    rows = case.owner.execute(query, [[relation.name for relation in case.relations], role, role]).fetchall()
    assert [row["name"] for row in rows] == []


@pytest.mark.parametrize("caller", CALLERS)
def test_every_write_to_a_table_is_refused(case: Case, caller: str) -> None:
    accepted = []
    for relation in case.relations:
        column = case.owner.execute(
            "select quote_ident(attname) as name from pg_attribute where attrelid = %s::regclass and attnum = 1",
            [relation.name],
        ).fetchone()
        assert column is not None
        for write in (
            f"insert into {relation.name} default values",
            f"update {relation.name} set {column['name']} = default",
            f"delete from {relation.name}",
            f"truncate {relation.name}",
        ):
            with case.owner.transaction(force_rollback=True):
                case.enter(caller)
                try:
                    case.owner.execute(write)
                except psycopg.errors.InsufficientPrivilege:
                    continue
                except (psycopg.errors.WrongObjectType, psycopg.errors.ObjectNotInPrerequisiteState):
                    assert relation.kind == "v"
                    continue
            accepted.append(write)
    assert accepted == []


@pytest.mark.parametrize("role", [*CLIENT_ROLES, "casare_functions"])
def test_no_client_role_may_use_a_sequence_or_create_anything(case: Case, role: str) -> None:
    sequences = case.owner.execute(
        "select s.sequencename as name from pg_sequences as s where s.schemaname in ('public', 'private') "
        "and has_sequence_privilege(%s, format('%%I.%%I', s.schemaname, s.sequencename), 'usage, select, update')",
        [role],
    ).fetchall()
    assert sequences == []
    row = case.owner.execute(
        "select has_schema_privilege(%s, 'public', 'create') as public, "
        "has_schema_privilege(%s, 'private', 'create') as private",
        [role, role],
    ).fetchone()
    assert row == {"public": False, "private": False}


# -- calling


@dataclass(frozen=True)
class Answer:
    """What a caller gets, without the names that the caller sent: rows or an error, and which tables of A changed."""

    sqlstate: str | None  # or the HTTP status of a refusal that returns
    text: str
    changed: frozenset[str]

    @property
    def shape(self) -> tuple[str | None, str]:
        """The answer without what differs between any two calls: ids and numbers."""
        return self.sqlstate, re.sub(r"\d+", "0", UUID.sub("<id>", self.text))


def call(case: Case, caller: str, expression: str, targets: dict[str, Any], before: dict[str, str]) -> Answer:
    """Calls as the caller does, looks at what changed, and undoes it."""
    sent = [str(targets[name]) for name in re.findall(r"%\((\w+)\)s", expression)]

    def text_of(*parts: object) -> str:
        text = " | ".join(str(part) for part in parts)
        for value in sent:
            text = text.replace(value, "<sent>")
        return text

    with case.owner.transaction(force_rollback=True):
        case.enter(caller)
        try:
            with case.owner.transaction():
                rows = case.owner.execute(f"select x::text as row from {expression} as x", targets).fetchall()
        except psycopg.Error as error:
            diag = error.diag
            text = text_of(diag.message_primary, diag.message_detail, diag.message_hint)
            return Answer(error.sqlstate, text, frozenset())
        status = case.owner.execute("select current_setting('response.status', true) as s").fetchone()
        case.owner.execute("reset role")
        # A transaction that has written, or only locked a row, has a number; without one nothing can have changed.
        number = case.owner.execute("select pg_current_xact_id_if_assigned() as n").fetchone()
        after = before if number == {"n": None} else case.fingerprints()
    assert status is not None
    return Answer(
        status["s"] or None,
        text_of(*(row["row"] for row in rows)),
        frozenset(table for table in after if after[table] != before[table]),
    )


@pytest.mark.parametrize("caller", CALLERS)
def test_nobody_changes_anything_or_learns_what_exists_by_calling(case: Case, caller: str) -> None:
    before = case.fingerprints()
    faults = []
    for function, expressions in CALLS.items():
        for expression in expressions:
            real = call(case, caller, expression, case.world.targets, before)
            if real.changed - (EFFECTS_OF_READING.get(function, set()) if caller == "viewer" else set()):
                faults.append(f"{expression} changed {sorted(real.changed)}")
            if caller == "viewer":
                continue  # may learn what is in the own tenant
            if case.mine.search(real.text):
                faults.append(f"{expression} told {real.text}")
            absent = call(case, caller, expression, case.world.absent, before)
            if real.shape != absent.shape:
                faults.append(f"{expression} answers {real.shape} for a thing of A and {absent.shape} for no thing")
    assert faults == []


@pytest.mark.parametrize("caller", NOBODIES)
def test_who_is_nobody_any_more_gets_no_answer_from_any_function(case: Case, caller: str) -> None:
    refusals = {"PT401", "42501"}
    if caller == "removed member":
        refusals.add("PT404")  # still a user, who may accept an invitation or choose among the tenants they belong to
    before = case.fingerprints()
    answered = []
    for function, expressions in CALLS.items():
        if function in HARMLESS:
            continue
        for expression in expressions:
            answer = call(case, caller, expression, case.world.targets, before)
            is_empty = answer.sqlstate is None and answer.text.strip() in ("", "None", "false", "(,,,,,)")
            is_told = caller == "removed member" and answer.sqlstate == "PT403" and "| NO_TENANT |" in answer.text
            if answer.sqlstate not in refusals and not is_told and not is_empty:
                answered.append(f"{expression}: {answer.sqlstate} {answer.text}")
    assert answered == []
