create or replace function private.session_tenant_id(p_session_id uuid)
returns uuid
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select s.tenant_id from private.session_tenants as s where s.session_id = p_session_id
$$;
comment on function private.session_tenant_id is 'The tenant that a session was moved into; null for one that stays where it began.';
revoke all on function private.session_tenant_id from public, anon, authenticated, service_role;
grant execute on function private.session_tenant_id to casare_functions;
