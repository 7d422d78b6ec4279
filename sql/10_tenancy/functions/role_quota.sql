create or replace function private.role_quota()
returns integer
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select 200
$$;
comment on function private.role_quota is 'How many roles of its own a tenant may have.';
revoke all on function private.role_quota from public, anon, authenticated, service_role;
