create or replace function public.unassign_role(p_user_id uuid, p_role_id uuid)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize_for_members();
begin
    perform private.get_manageable_member(v_caller, p_user_id);
    delete from public.member_roles as mr
    where mr.tenant_id = v_caller.tenant_id and mr.user_id = p_user_id and mr.role_id = p_role_id;
    if not found then
        perform private.raise_error(404, 'ROLE_NOT_FOUND', 'The member has no such role.');
    end if;
    perform private.check_admin_remains(v_caller.tenant_id);
end
$$;
comment on function public.unassign_role is 'Takes a role from a member; never the admin role from the last admin.';
revoke all on function public.unassign_role from public, anon, authenticated, service_role;
grant execute on function public.unassign_role to authenticated;
