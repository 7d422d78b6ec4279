create or replace function private.permitted_tenant_ids(p_permission text)
returns setof uuid
language plpgsql
stable
security definer
rows 1
set search_path = ''
as $$
declare
    v_caller private.caller := private.caller();
begin
    if private.has_permission(v_caller.permissions, p_permission) then
        return next v_caller.tenant_id;
    end if;
end
$$;
comment on function private.permitted_tenant_ids(text) is
    'The tenants in which the caller has a permission now: one or none. Policies say tenant_id = any (array(select …)), which is evaluated once per statement and can use an index.';
revoke all on function private.permitted_tenant_ids(text) from public, anon, authenticated, service_role;
grant execute on function private.permitted_tenant_ids(text) to authenticated;
