create or replace function private.member_tenant_id()
returns uuid
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.caller();
begin
    return case when v_caller.principal in ('user', 'service') then v_caller.tenant_id end;
end
$$;
comment on function private.member_tenant_id is
    'The tenant of a caller who is a member or a program of it, whatever they may do there; null for robots and strangers.';
revoke all on function private.member_tenant_id from public, anon, authenticated, service_role;
grant execute on function private.member_tenant_id to authenticated;
