"""What holds for every table, function and policy, read from the catalog so that none is forgotten.

A test fails with the list of those that break the rule. An exception is written here, with its reason.
"""

import re
from typing import Any

import pytest
from tests.databases import Database

from casare_cloud.local import contents, data_api, schema

OURS = "('public'::regnamespace, 'private'::regnamespace)"

# Unique without the tenant: hashes are looked up before anybody knows the tenant, and nobody can guess or choose them.
GLOBAL_KEYS = {"api_keys_key_hash_key", "invitations_token_hash_key", "tenants_slug_key"}
# The URL of a webhook names no tenant: see private.webhook_path().
GLOBAL_KEYS |= {"triggers_path_key"}
# A SET clause would keep them from being inlined into hot queries. They are no security definers: within one they look
# names up as it does, elsewhere they run with their caller's rights.
INLINED = {
    "private.clock",
    "private.nfc",
    "private.nfc_words",
    "private.has_permission",
    "private.to_iso",
    "private.no_later_than",
    "private.answer_bytes",
    "private.robot_may_claim",
    "private.robot_offers",
    "private.lane_suits",
    "private.limit_room",
    "private.faded_seconds",
    "private.lease_over_at",
    "private.progress_due_at",
    "private.may_be_excused",
    "private.is_calendar_time",
    "private.find_job_limits",
    "private.find_full_limits",
    "private.registration_lock",
    "private.claims_lock",
    "private.lane_lock",
    "private.collision_lock",
    "private.limits_lock",
    "private.workflow_lock",
    "private.request_lock",
    "private.triggers_lock",
}
# A procedure that commits cannot have a SET clause; it is no security definer and names every schema.
COMMITS = {"private.run_duties"}
# The security-invoker view live_jobs reads them, under policies of their own.
READ_THROUGH_VIEWS = {"private.leases", "private.scheduled"}
# One policy for members and one for the robot that the row is about: two sentences, and no dearer than an "or".
READ_BY_ROBOTS_TOO = {"robots", "robot_heartbeats", "robot_measurements", "robot_commands", "private.leases"}
# The other side may be a built-in role, which belongs to no tenant; a function checks the rest.
FOREIGN_KEYS_WITHOUT_TENANT = {"member_roles_role_id_fkey", "invitations_role_id_fkey"}
# A pool is its owner's, and these rows are a member's.
FOREIGN_KEYS_WITHOUT_TENANT |= {"pool_members_pool_id_fkey", "limits_pool_id_fkey", "shares_pool_id_fkey"}


def names(database: Database, query: str) -> list[str]:
    """The first column of a query's rows, as the superuser sees them."""
    rows = database.connect("supabase_admin").execute(query).fetchall()
    return [str(next(iter(row.values()))) for row in rows]


def test_every_table_has_row_level_security_enabled_and_forced(shared_database: Database) -> None:
    query = f"""
        select oid::regclass from pg_class
        where relnamespace in {OURS} and relkind in ('r', 'p') and not (relrowsecurity and relforcerowsecurity)
        order by 1
    """
    assert names(shared_database, query) == []


def test_every_table_and_view_says_what_it_is_for(shared_database: Database) -> None:
    query = f"""
        select oid::regclass from pg_class as c
        where relnamespace in {OURS} and relkind in ('r', 'p', 'v', 'm', 'S') and not relispartition
            and obj_description(oid, 'pg_class') is null
            and not exists (select from pg_depend as d where d.objid = c.oid and d.deptype = 'i' and relkind = 'S')
        order by 1
    """
    assert names(shared_database, query) == []


def test_every_table_has_a_primary_key(shared_database: Database) -> None:
    query = f"""
        select oid::regclass from pg_class as c
        where relnamespace in {OURS} and relkind in ('r', 'p')
            and not exists (select from pg_index as i where i.indrelid = c.oid and i.indisprimary)
        order by 1
    """
    assert names(shared_database, query) == []


def test_every_function_says_what_it_promises(shared_database: Database) -> None:
    query = f"""
        select oid::regprocedure from pg_proc
        where pronamespace in {OURS} and obj_description(oid, 'pg_proc') is null order by 1
    """
    assert names(shared_database, query) == []


def test_the_table_of_contents_of_sql_is_of_today() -> None:
    root = schema.project_root()
    text = (root / contents.README).read_text()
    assert text == contents.compose(root), "run make contents"
    assert contents.TODO not in text


def test_the_table_of_contents_names_every_function_and_table(shared_database: Database) -> None:
    query = f"""
        select proname from pg_proc where pronamespace in {OURS}
        union
        select oid::regclass::text from pg_class where relnamespace in {OURS} and relkind in ('r', 'p', 'v')
            and not relispartition
        order by 1
    """
    text = (schema.project_root() / contents.README).read_text()
    found = [name if "." in name or f"`{name}`" in text else f"public.{name}" for name in names(shared_database, query)]
    assert found
    assert [name for name in found if f"`{name}`" not in text] == []


def test_every_function_looks_names_up_in_the_catalog_before_the_callers_temporary_objects(
    shared_database: Database,
) -> None:
    query = f"""
        select oid::regprocedure from pg_proc
        where pronamespace in {OURS} and not coalesce(proconfig @> array['search_path=pg_catalog, pg_temp'], false)
            and (prosecdef or prokind <> 'f' or prolang <> (select oid from pg_language where lanname = 'sql')
                or not pronamespace::regnamespace || '.' || proname = any ('{{{",".join(INLINED)}}}'))
            and not (not prosecdef and pronamespace::regnamespace || '.' || proname = any ('{{{",".join(COMMITS)}}}'))
        order by 1
    """
    assert names(shared_database, query) == []


def test_no_function_is_executable_by_everyone(shared_database: Database) -> None:
    query = f"""
        select p.oid::regprocedure from pg_proc as p
        where pronamespace in {OURS} and exists (
            select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a where a.grantee = 0
        )
        order by 1
    """
    assert names(shared_database, query) == []


def test_no_function_of_private_is_executable_by_anonymous_callers(shared_database: Database) -> None:
    query = """
        select oid::regprocedure from pg_proc
        where pronamespace = 'private'::regnamespace and has_function_privilege('anon', oid, 'execute') order by 1
    """
    assert names(shared_database, query) == []


def test_anonymous_callers_hold_no_privilege_on_any_table(shared_database: Database) -> None:
    query = f"""
        select c.oid::regclass from pg_class as c
        where relnamespace in {OURS} and relkind in ('r', 'p', 'v', 'm', 'S') and (
            case when relkind = 'S' then has_sequence_privilege('anon', c.oid, 'usage, select, update')
            else has_table_privilege('anon', c.oid, 'select, insert, update, delete, truncate, references, trigger')
                or has_any_column_privilege('anon', c.oid, 'select, insert, update, references')
            end
        )
        order by 1
    """
    assert names(shared_database, query) == []


def test_members_and_robots_only_ever_read_tables_and_only_those_of_public(shared_database: Database) -> None:
    query = f"""
        select c.oid::regclass from pg_class as c
        where relnamespace in {OURS} and relkind in ('r', 'p', 'v', 'm') and (
            has_table_privilege('authenticated', c.oid, 'insert, update, delete, truncate, references, trigger')
            or relnamespace = 'private'::regnamespace and has_table_privilege('authenticated', c.oid, 'select')
        )
        order by 1
    """
    assert set(names(shared_database, query)) - READ_THROUGH_VIEWS == set()


def test_every_view_reads_with_the_callers_rights(shared_database: Database) -> None:
    query = f"""
        select oid::regclass from pg_class
        where relnamespace in {OURS} and relkind = 'v'
            and not coalesce(reloptions && array['security_invoker=true', 'security_invoker=on'], false)
        order by 1
    """
    assert names(shared_database, query) == []


def test_every_foreign_key_has_an_index(shared_database: Database) -> None:
    query = f"""
        select c.conname from pg_constraint as c
        where c.contype = 'f' and c.connamespace in {OURS} and c.conparentid = 0 and not exists (
            select from pg_index as i
            where i.indrelid = c.conrelid and i.indpred is null
                and (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey
                and (i.indkey::int2[])[0:cardinality(c.conkey) - 1] <@ c.conkey
        )
        order by 1
    """
    assert names(shared_database, query) == []


def test_no_two_indexes_are_the_same(shared_database: Database) -> None:
    query = f"""
        select string_agg(i.indexrelid::regclass::text, ' = ') from pg_index as i
        join pg_class as c on c.oid = i.indrelid
        where c.relnamespace in {OURS}
        group by i.indrelid, i.indkey::text, i.indclass::text, i.indoption::text,
            coalesce(pg_get_expr(i.indexprs, i.indrelid), ''), coalesce(pg_get_expr(i.indpred, i.indrelid), '')
        having count(*) > 1
    """
    assert names(shared_database, query) == []


def test_every_unique_key_of_a_tenants_table_holds_the_tenant_or_is_the_rows_own_id(shared_database: Database) -> None:
    query = f"""
        select i.indexrelid::regclass from pg_index as i
        join pg_class as c on c.oid = i.indrelid
        join pg_attribute as t on t.attrelid = c.oid and t.attname in ('tenant_id', 'tenant_no') and not t.attisdropped
        where c.relnamespace in {OURS} and i.indisunique and c.relname <> 'queue_tenants'
            and not t.attnum = any (i.indkey::int2[])
            and not (i.indisprimary and (c.relnamespace = 'private'::regnamespace or exists (
                select from pg_attribute as a
                where a.attrelid = c.oid and a.attnum = i.indkey[0] and a.atttypid = 'uuid'::regtype
            )))
        order by 1
    """
    found = {name.split(".")[-1] for name in names(shared_database, query)}
    assert found - GLOBAL_KEYS == set()


def test_every_foreign_key_between_tenants_tables_holds_the_tenant(shared_database: Database) -> None:
    query = f"""
        select f.conname from pg_constraint as f
        join pg_attribute as here on here.attrelid = f.conrelid and here.attname = 'tenant_id'
        join pg_attribute as there on there.attrelid = f.confrelid and there.attname = 'tenant_id'
        where f.contype = 'f' and f.connamespace in {OURS} and f.conparentid = 0 and not here.attnum = any (f.conkey)
        order by 1
    """
    assert set(names(shared_database, query)) - FOREIGN_KEYS_WITHOUT_TENANT == set()


def test_no_table_of_public_counts_its_rows_in_its_ids(shared_database: Database) -> None:
    query = """
        select attrelid::regclass || '.' || attname from pg_attribute as a
        join pg_class as c on c.oid = a.attrelid
        left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
            and (a.attidentity <> '' or pg_get_expr(d.adbin, d.adrelid) like 'nextval(%')
        order by 1
    """
    assert names(shared_database, query) == []


def test_every_constraint_is_named_after_its_table(shared_database: Database) -> None:
    query = f"""
        select c.conrelid::regclass || ': ' || c.conname from pg_constraint as c
        join pg_class as t on t.oid = c.conrelid
        where c.connamespace in {OURS} and c.contype in ('p', 'f', 'u', 'c') and not t.relispartition
            and not (
                starts_with(c.conname, t.relname || '_')
                and right(c.conname, 5) ~ case c.contype when 'p' then 'pkey' when 'f' then 'fkey' when 'u' then '_key'
                    else 'check' end
            )
        order by 1
    """
    assert names(shared_database, query) == []


def test_every_policy_asks_who_is_calling_once_for_a_statement_not_once_for_a_row(shared_database: Database) -> None:
    rows = (
        shared_database.connect("supabase_admin")
        .execute(
            """
        select polrelid::regclass::text || ': ' || polname as name,
            concat_ws(' ', pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) as expression
        from pg_policy as p join pg_class as c on c.oid = p.polrelid
        where c.relnamespace::regnamespace::text in ('public', 'private', 'realtime')
            and polcmd <> 'a'  -- inserting is one row at a time, and must ask about that row
        order by 1
        """
        )
        .fetchall()
    )
    assert [row["name"] for row in rows if CALL.search(without_subqueries(row["expression"]))] == []


CALL = re.compile(r"\b(auth|private|public|realtime)\.\w+\(|\bcurrent_setting\(")


def without_subqueries(expression: str) -> str:
    """An expression without what stands in `( SELECT … )`, which is evaluated once."""
    while (start := expression.find("( SELECT")) >= 0:
        depth, end = 0, start
        for end in range(start, len(expression)):
            depth += {"(": 1, ")": -1}.get(expression[end], 0)
            if depth == 0:
                break
        expression = expression[:start] + "<subquery>" + expression[end + 1 :]
    return expression


def test_the_rule_about_policies_finds_a_call_for_each_row() -> None:
    once = "(tenant_id = ( SELECT private.permitted_tenant_id('jobs.read'::text) AS x))"
    assert CALL.search(without_subqueries(once)) is None
    assert CALL.search(without_subqueries(f"({once} AND (user_id = auth.uid()))")) is not None


def test_no_caller_meets_two_permissive_policies_for_one_statement(shared_database: Database) -> None:
    query = f"""
        select p.polrelid::regclass from pg_policy as p
        join pg_class as c on c.oid = p.polrelid
        cross join unnest(p.polroles) as role
        cross join unnest(case p.polcmd when '*' then '{{r,a,w,d}}'::"char"[] else array[p.polcmd] end) as command
        where c.relnamespace in {OURS} and p.polpermissive
        group by p.polrelid, role, command
        having count(*) > 1
    """
    assert set(names(shared_database, query)) - READ_BY_ROBOTS_TOO == set()


def test_no_policy_trusts_what_a_user_can_write_of_himself(shared_database: Database) -> None:
    query = """
        select polrelid::regclass || ': ' || polname from pg_policy
        where concat_ws(' ', pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
            ~ 'user_metadata|raw_user_meta_data'
    """
    assert names(shared_database, query) == []


def test_every_file_but_schema_types_and_tables_can_be_run_again(database: Database) -> None:
    files = [path for path in schema.schema_files() if path.name not in schema.ONCE_ONLY]
    assert files
    with database.server.connect("postgres", database.name) as owner, owner.transaction():
        owner.execute("set local client_min_messages = warning")
        for path in files:
            schema.execute_file(owner, path)


def test_every_advisory_lock_is_taken_by_its_name() -> None:
    root = schema.project_root()
    calls = [
        f"{path.relative_to(root)}: {line.strip()}"
        for path in schema.schema_files(root)
        for line in without_line_breaks_in_calls(path.read_text()).splitlines()
        if ADVISORY_LOCK.search(line) and not line.lstrip().startswith("--")
    ]
    assert calls
    assert [call for call in calls if not re.search(r"private\.\w+_lock\(\)", call)] == []


ADVISORY_LOCK = re.compile(r"\bpg_(try_)?advisory_\w+\(")


def without_line_breaks_in_calls(text: str) -> str:
    """A file with each call that ends a line at its open bracket joined to the next line."""
    return re.sub(r"\(\n\s*", "(", text)


def test_loading_again_changes_nothing(database: Database) -> None:
    assert database.server.load_schema(database.name) is schema.LoadResult.UNCHANGED


@pytest.mark.parametrize("role", ["casare_functions", "authenticator"])
def test_no_login_of_a_service_may_bypass_row_level_security(shared_database: Database, role: str) -> None:
    connection = shared_database.connect("supabase_admin")
    row: Any = connection.execute(
        "select rolsuper or rolbypassrls as free, rolinherit as inherits, "
        "pg_has_role(%(role)s, 'service_role', 'member') as may_be_service from pg_roles where rolname = %(role)s",
        {"role": role},
    ).fetchone()
    assert row["free"] is False
    assert row["inherits"] is False
    if role == "casare_functions":
        assert row["may_be_service"] is False


def test_the_reference_of_the_data_api_names_every_function_that_people_and_robots_may_call(
    shared_database: Database,
) -> None:
    with shared_database.connect() as owner:
        rows = owner.execute(
            "select distinct p.proname from pg_proc as p where p.pronamespace = 'public'::regnamespace "
            "and (has_function_privilege('authenticated', p.oid, 'execute') "
            "or has_function_privilege('anon', p.oid, 'execute'))"
        ).fetchall()
    text = (schema.project_root() / data_api.PATH).read_text()
    assert text == data_api.compose(schema.project_root()), "run make contents"
    assert {row["proname"] for row in rows} == set(re.findall(r"^### (\w+)$", text, re.MULTILINE))
