"""What is granted does not depend on the platform's defaults."""

import secrets

import psycopg

from casare_cloud.local.postgres import PostgresServer


def test_nothing_is_granted_beyond_what_is_named_with_open_defaults_too(postgres_server: PostgresServer) -> None:
    grants = """
        select c.oid::regclass::text as object, a.grantee::regrole::text as role, a.privilege_type
        from pg_class as c, lateral aclexplode(c.relacl) as a
        where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
            and a.grantee::regrole::text not in ('postgres', 'supabase_admin')
        union all
        select p.oid::regprocedure::text, a.grantee::regrole::text, a.privilege_type
        from pg_proc as p, lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
        where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
            and (a.grantee = 0 or a.grantee::regrole::text not in ('postgres', 'supabase_admin'))
        order by 1, 2, 3
    """
    seen = []
    for is_open in (False, True):
        name = f"defaults_{'open' if is_open else 'closed'}_{secrets.token_hex(3)}"
        postgres_server.bootstrap(name, auto_expose=is_open)
        postgres_server.load_schema(name)
        with psycopg.connect(postgres_server.dsn("postgres", name)) as connection:
            seen.append(connection.execute(grants).fetchall())
        postgres_server.drop_database(name)
    assert seen[0] == seen[1]
