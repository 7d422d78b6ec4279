-- A caller acts in one tenant at a time, so a scalar says it all; and `tenant_id = (select …)` becomes one parameter that
-- an index on (tenant_id, …) serves in its order, which `in (select …)` inside a policy never does (a hashed subplan filters).
create or replace function private.permitted_tenant_id(p_permission text)
returns uuid
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.caller();
begin
    return case when private.has_permission(v_caller.permissions, p_permission) then v_caller.tenant_id end;
end
$$;
comment on function private.permitted_tenant_id is
    'The caller''s tenant if the caller has the permission in it now, else null. Policies say tenant_id = (select private.permitted_tenant_id(…)): once per statement, and indexes can be used.';
revoke all on function private.permitted_tenant_id from public, anon, authenticated, service_role;
grant execute on function private.permitted_tenant_id to authenticated;
