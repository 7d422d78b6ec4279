"""SQL of the preflight. It runs as whatever login it was given, on whatever database that has."""

# A role has the rights of every role that it may become: `set role` needs no password.
LOGIN = """
with roles as materialized (
    select r.oid, r.rolname, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolreplication
    from pg_catalog.pg_roles as r
    where pg_catalog.pg_has_role(session_user, r.oid, 'member')
),
powers as (
    select r.rolname, 1 as rank, 'is a superuser' as power from roles as r where r.rolsuper
    union all
    select r.rolname, 2, 'passes by row-level security' from roles as r where r.rolbypassrls
    union all
    select r.rolname, 3, 'owns tables of casare_cloud'
    from roles as r
    where exists (
        select
        from pg_catalog.pg_class as c
        join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
        where c.relowner = r.oid and c.relkind in ('r', 'p') and n.nspname in ('public', 'private')
    )
    union all
    select r.rolname, 4, 'makes roles' from roles as r where r.rolcreaterole
    union all
    select r.rolname, 5, 'replicates the database' from roles as r where r.rolreplication
    union all
    select r.rolname, 6, 'has rights beyond tables' from roles as r where left(r.rolname, 3) = 'pg_'
)
select session_user as login,
    (
        select case when p.rolname <> session_user then 'may become ' || p.rolname || ', which ' else '' end || p.power
        from powers as p
        order by p.rank, p.rolname <> session_user, p.rolname
        limit 1
    ) as power,
    exists (select from roles as r where r.rolname = 'authenticated') as may_act_as_callers
"""

SCHEMA = """
select to_regnamespace('private') is not null and to_regclass('public.tenants') is not null as is_there,
    (
        select has_schema_privilege('private', 'usage') and has_function_privilege(p.oid, 'execute')
        from pg_catalog.pg_proc as p
        join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
        where n.nspname = 'private' and p.proname = 'get_schema_version'
    ) as may_ask
"""

SCHEMA_VERSION = """
select private.get_schema_version() as version
"""
