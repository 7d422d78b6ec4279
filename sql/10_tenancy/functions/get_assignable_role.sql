create or replace function private.get_assignable_role(p_caller private.caller, p_role_id uuid)
returns public.roles
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_role public.roles;
begin
    select r.*
    into v_role
    from public.roles as r
    where r.role_id = p_role_id and (r.tenant_id = p_caller.tenant_id or (r.tenant_id is null and r.slug <> 'robot'));
    if not found then
        perform private.raise_error(404, 'ROLE_NOT_FOUND', 'There is no such role.');
    end if;
    if not private.has_permissions(
        p_caller.permissions, array(select rp.permission from public.role_permissions as rp where rp.role_id = p_role_id)
    ) then
        perform private.raise_error(403, 'FORBIDDEN', 'This role may do more than you may.');
    end if;
    return v_role;
end
$$;
comment on function private.get_assignable_role is
    'A role of the caller''s tenant, or a built-in one for people, that allows no more than the caller may; raises 404 or 403 otherwise.';
revoke all on function private.get_assignable_role from public, anon, authenticated, service_role;
