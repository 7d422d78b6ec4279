create or replace function private.set_role_permissions(p_caller private.caller, p_role_id uuid, p_permissions text[])
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    p_permissions := array(select replace(p.permission, ':', '.') from unnest(p_permissions) as p (permission));
    perform private.check_permissions_exist('permissions', p_permissions);
    if not private.has_permissions(p_caller.permissions, p_permissions) then
        perform private.raise_error(403, 'FORBIDDEN', 'You cannot give permissions that you have not got.');
    end if;
    delete from public.role_permissions as rp
    where rp.role_id = p_role_id and rp.permission <> all (p_permissions);
    insert into public.role_permissions (role_id, permission)
    select p_role_id, p.permission
    from unnest(p_permissions) as p (permission)
    on conflict do nothing;
end
$$;
comment on function private.set_role_permissions is
    'Makes these the permissions of a role, resource.action or resource:action; raises 400 for one that does not exist and 403 for one that the caller has not got.';
revoke all on function private.set_role_permissions from public, anon, authenticated, service_role;
