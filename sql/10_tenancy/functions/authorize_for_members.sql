-- Whoever is waited for here may have taken something from the caller, who would give it back to themselves with what they were
-- allowed before.
create or replace function private.authorize_for_members()
returns private.caller
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('members.write');
begin
    perform from public.tenants as t where t.tenant_id = v_caller.tenant_id for no key update;
    return private.authorize('members.write');
end
$$;
comment on function private.authorize_for_members is
    'The verified caller, who has members.write, once no other session changes members or roles of the tenant; raises as private.authorize() does.';
revoke all on function private.authorize_for_members from public, anon, authenticated, service_role;
