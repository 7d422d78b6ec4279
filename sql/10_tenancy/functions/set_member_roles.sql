create or replace function public.set_member_roles(p_user_id uuid, p_role_ids uuid[])
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize_for_members();
    v_role_id uuid;
begin
    perform private.get_manageable_member(v_caller, p_user_id);
    if p_role_ids is null or cardinality(p_role_ids) not between 1 and 50 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'roles must name 1 to 50 roles.');
    end if;
    foreach v_role_id in array p_role_ids loop
        perform private.get_assignable_role(v_caller, v_role_id);
    end loop;
    delete from public.member_roles as mr
    where mr.tenant_id = v_caller.tenant_id and mr.user_id = p_user_id and mr.role_id <> all (p_role_ids);
    insert into public.member_roles (tenant_id, user_id, role_id)
    select v_caller.tenant_id, p_user_id, r.role_id
    from unnest(p_role_ids) as r (role_id)
    on conflict do nothing;
    perform private.check_admin_remains(v_caller.tenant_id);
end
$$;
comment on function public.set_member_roles is
    'Gives a member these roles and no others, none of which allows more than the caller may; never takes the admin role from the last admin. Needs members.write.';
revoke all on function public.set_member_roles from public, anon, authenticated, service_role;
grant execute on function public.set_member_roles to authenticated;
