create or replace function public.delete_role(p_role_id uuid)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize_for_members();
    v_role public.roles := private.get_assignable_role(v_caller, p_role_id);
begin
    if v_role.tenant_id is null then
        perform private.raise_error(409, 'ROLE_BUILT_IN', 'A built-in role cannot be deleted.');
    end if;
    delete from public.roles as r where r.role_id = p_role_id;
end
$$;
comment on function public.delete_role is 'Deletes a role of the tenant and takes it from its members.';
revoke all on function public.delete_role from public, anon, authenticated, service_role;
grant execute on function public.delete_role to authenticated;
