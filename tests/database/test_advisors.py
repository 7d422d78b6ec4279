"""The rules that Supabase's database advisors check (28, with their numbers), asked of our own catalog.

Each is our own query, or a test of tests/database/test_schema.py that asks for more. A hit is a fault, unless it is
accepted here with its reason.
"""

from collections.abc import Callable

import pytest
from tests.database import test_schema as rules
from tests.databases import Database

# Asked in test_schema.py, of private as well, or more strictly.
ASKED_THERE: dict[str, Callable[[Database], None]] = {
    "0001 foreign key without an index": rules.test_every_foreign_key_has_an_index,
    "0003 policy that asks who is calling once for a row": (
        rules.test_every_policy_asks_who_is_calling_once_for_a_statement_not_once_for_a_row
    ),
    "0004 no primary key": rules.test_every_table_has_a_primary_key,
    "0006 several permissive policies": rules.test_no_caller_meets_two_permissive_policies_for_one_statement,
    "0007 policies without row-level security": rules.test_every_table_has_row_level_security_enabled_and_forced,
    "0009 two equal indexes": rules.test_no_two_indexes_are_the_same,
    "0010 view with its owner's rights": rules.test_every_view_reads_with_the_callers_rights,
    "0011 function with the caller's search path": (
        rules.test_every_function_looks_names_up_in_the_catalog_before_the_callers_temporary_objects
    ),
    "0013 table without row-level security": rules.test_every_table_has_row_level_security_enabled_and_forced,
    "0015 policy that trusts user_metadata": rules.test_no_policy_trusts_what_a_user_can_write_of_himself,
    # It finds sensitive columns of tables without row-level security. Hashes are not granted even under it.
    "0023 sensitive columns": rules.test_every_table_has_row_level_security_enabled_and_forced,
    "0026 readable by anonymous callers": rules.test_anonymous_callers_hold_no_privilege_on_any_table,
}

# They judge a database at work, by its statistics: `casare-cloud db health` says what there is to say of dead rows.
NOT_ASKED = {"0005 index that was never used", "0020 bloat of a table"}

READABLE = (
    "(has_any_column_privilege('anon', c.oid, 'select') or has_any_column_privilege('authenticated', c.oid, 'select'))"
)

QUERIES = {
    "0002 view of auth.users": f"""
        select c.oid::regclass from pg_depend as d
        join pg_rewrite as r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
        join pg_class as c on c.oid = r.ev_class
        where d.refobjid = 'auth.users'::regclass and {READABLE}
    """,
    "0008 row-level security without a policy": f"""
        select c.oid::regclass from pg_class as c
        where c.relnamespace in {rules.OURS} and c.relkind in ('r', 'p')
            and c.relrowsecurity and not c.relispartition
            and not exists (select from pg_policy as p where p.polrelid = c.oid)
    """,
    "0014 extension in public": "select extname from pg_extension where extnamespace = 'public'::regnamespace",
    "0016 materialized view in the API": f"select oid::regclass from pg_class as c where relkind = 'm' and {READABLE}",
    "0017 foreign table in the API": f"select oid::regclass from pg_class as c where relkind = 'f' and {READABLE}",
    "0018 type that an upgrade cannot carry over": f"""
        select a.attrelid::regclass || '.' || a.attname from pg_attribute as a
        join pg_class as c on c.oid = a.attrelid and c.relkind in ('r', 'p', 'm')
        where c.relnamespace in {rules.OURS} and not a.attisdropped
            and a.atttypid in (
                'regproc'::regtype, 'regprocedure'::regtype, 'regoper'::regtype, 'regoperator'::regtype,
                'regcollation'::regtype, 'regconfig'::regtype, 'regdictionary'::regtype, 'regnamespace'::regtype
            )
    """,
    "0019 queue of pgmq in the API": "select nspname from pg_namespace where nspname in ('pgmq', 'pgmq_public')",
    "0021 foreign key to a unique key of auth": """
        select f.conname from pg_constraint as f
        join pg_class as there on there.oid = f.confrelid and there.relnamespace = 'auth'::regnamespace
        join pg_index as i on i.indexrelid = f.conindid and not i.indisprimary
        where f.contype = 'f'
    """,
    "0022 extension that is not the newest": """
        select name from pg_available_extensions where installed_version <> default_version
    """,
    "0024 policy that lets everybody write": f"""
        select p.polrelid::regclass || ': ' || p.polname from pg_policy as p
        join pg_class as c on c.oid = p.polrelid
        where c.relnamespace in {rules.OURS} and p.polpermissive and p.polcmd <> 'r' and 'true' in (
                case when p.polcmd <> 'a' then coalesce(pg_get_expr(p.polqual, p.polrelid), 'true') else '' end,
                coalesce(pg_get_expr(p.polwithcheck, p.polrelid), pg_get_expr(p.polqual, p.polrelid), 'true')
            )
    """,
    "0025 bucket whose files anybody can list": """
        select polname from pg_policy where polrelid = to_regclass('storage.objects')
    """,
    "0027 readable by signed-in users": """
        select c.oid::regclass from pg_class as c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
            and has_any_column_privilege('authenticated', c.oid, 'select')
            -- accepted: the Data API is a door for members, under a policy or a view that reads with their rights
            and not exists (select from pg_policy as p where p.polrelid = c.oid)
            and not coalesce(c.reloptions @> array['security_invoker=true'], false)
    """,
    "0028 definer function for anonymous callers": """
        select p.oid::regprocedure from pg_proc as p
        where p.prosecdef and p.pronamespace = 'public'::regnamespace
            and has_function_privilege('anon', p.oid, 'execute')
    """,
    "0029 definer function for signed-in users": """
        select p.oid::regprocedure from pg_proc as p
        where p.prosecdef and p.pronamespace = 'public'::regnamespace
            and has_function_privilege('authenticated', p.oid, 'execute')
            -- accepted: the functions of public are the API, and ask who is calling before they do anything
            and p.prosrc !~ 'private\\.(authorize|authorize_robot|authorize_for_robot|authorize_for_members)\\('
    """,
}

ACCEPTED = {
    "0008 row-level security without a policy": {
        # Only functions of the owner touch them: no role of a client holds any privilege on a table of private.
        "private.*",
    },
    "0027 readable by signed-in users": {
        "permissions",  # the names of the permissions that there are, the same for everybody
    },
    "0029 definer function for signed-in users": {
        "accept_invitation(text)",  # a user who is no member yet proves the right by the token
        "list_my_tenants()",  # looks for the user's own memberships
        "set_active_tenant(uuid)",  # looks for the user's own membership
        "whoami()",  # tells the caller who they are
    },
}


def hits(database: Database, lint: str) -> set[str]:
    """What a rule finds, without what is accepted."""
    rows = database.connect().execute(QUERIES[lint]).fetchall()
    found = {str(next(iter(row.values()))) for row in rows}
    accepted = ACCEPTED.get(lint, set())
    return {name for name in found if name not in accepted and name.split(".")[0] + ".*" not in accepted}


@pytest.mark.parametrize("lint", QUERIES)
def test_the_advisors_find_nothing_that_is_not_accepted(shared_database: Database, lint: str) -> None:
    assert hits(shared_database, lint) == set()


def test_each_of_the_28_rules_is_asked_or_has_its_reason() -> None:
    numbers = sorted(name.split()[0] for name in (*ASKED_THERE, *QUERIES, *NOT_ASKED))
    assert numbers == [f"{number:04}" for number in range(1, 30) if number != 12]  # the twelfth was withdrawn


FAULTS = {
    "0002 view of auth.users": (
        "create view public.x as select id from auth.users; grant select on public.x to authenticated"
    ),
    "0016 materialized view in the API": (
        "create materialized view public.x as select 1 as a; grant select on public.x to authenticated"
    ),
    "0018 type that an upgrade cannot carry over": "create table public.x (a regproc)",
    "0024 policy that lets everybody write": "create policy x on public.jobs for update to authenticated using (true)",
    "0027 readable by signed-in users": "create table public.x (a integer); grant select on public.x to authenticated",
    "0028 definer function for anonymous callers": (
        "create function public.x() returns integer language sql security definer as 'select 1'; "
        "grant execute on function public.x() to anon"
    ),
    "0029 definer function for signed-in users": (
        "create function public.x() returns integer language sql security definer as 'select 1'; "
        "grant execute on function public.x() to authenticated"
    ),
}


@pytest.mark.parametrize("lint", FAULTS)
def test_a_rule_finds_its_fault(database: Database, lint: str) -> None:
    database.connect().execute(FAULTS[lint])
    assert hits(database, lint) != set()
