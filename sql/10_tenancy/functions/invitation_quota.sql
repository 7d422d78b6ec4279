create or replace function private.invitation_quota()
returns integer
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select 100
$$;
comment on function private.invitation_quota is
    'How many invitations of a tenant may be open at once; ten times as many may be made in a day.';
revoke all on function private.invitation_quota from public, anon, authenticated, service_role;
