create or replace function private.get_manageable_member(p_caller private.caller, p_user_id uuid)
returns public.memberships
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_member public.memberships;
begin
    -- The lock of the tenant comes first, everywhere: see private.check_admin_remains().
    perform from public.tenants as t where t.tenant_id = p_caller.tenant_id for no key update;
    select m.*
    into v_member
    from public.memberships as m
    where m.tenant_id = p_caller.tenant_id and m.user_id = p_user_id;
    if not found then
        perform private.raise_error(404, 'MEMBER_NOT_FOUND', 'There is no such member.');
    end if;
    if not private.has_permissions(p_caller.permissions, private.list_member_permissions(v_member.tenant_id, p_user_id)) then
        perform private.raise_error(403, 'FORBIDDEN', 'This member may do more than you may.');
    end if;
    return v_member;
end
$$;
comment on function private.get_manageable_member is
    'A member of the caller''s tenant who may do no more than the caller; locks the tenant against other changes of members.';
revoke all on function private.get_manageable_member from public, anon, authenticated, service_role;
