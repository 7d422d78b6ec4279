create or replace function public.assign_role(p_user_id uuid, p_role_id uuid)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize_for_members();
begin
    perform private.get_manageable_member(v_caller, p_user_id);
    perform private.get_assignable_role(v_caller, p_role_id);
    insert into public.member_roles (tenant_id, user_id, role_id)
    values (v_caller.tenant_id, p_user_id, p_role_id)
    on conflict do nothing;
end
$$;
comment on function public.assign_role is 'Gives a member a role that allows no more than the caller may.';
revoke all on function public.assign_role from public, anon, authenticated, service_role;
grant execute on function public.assign_role to authenticated;
