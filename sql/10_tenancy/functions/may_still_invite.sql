create or replace function private.may_still_invite(p_tenant_id uuid, p_invited_by uuid, p_role_id uuid)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_granted text[] := private.list_actor_permissions(p_tenant_id, p_invited_by);
begin
    return private.has_permission(v_granted, 'members.write')
        and private.has_permissions(
            v_granted, array(select rp.permission from public.role_permissions as rp where rp.role_id = p_role_id)
        );
end
$$;
comment on function private.may_still_invite is
    'Whether who invited somebody with a role may do so now: a removed admin does not come back, or send a friend, by an old invitation.';
revoke all on function private.may_still_invite from public, anon, authenticated, service_role;
