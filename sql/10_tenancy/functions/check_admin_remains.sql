-- Call it after the change: the row of the tenant is locked, so two admins cannot remove each other at the same moment.
create or replace function private.check_admin_remains(p_tenant_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform from public.tenants as t where t.tenant_id = p_tenant_id for no key update;
    perform
    from public.member_roles as mr
    join public.memberships as m
        on m.tenant_id = mr.tenant_id and m.user_id = mr.user_id and m.deactivated_at is null
    join public.roles as r on r.role_id = mr.role_id
    join auth.users as u on u.id = mr.user_id
    where mr.tenant_id = p_tenant_id and r.tenant_id is null and r.slug = 'admin' and u.deleted_at is null;
    if not found then
        perform private.raise_error(409, 'LAST_ADMIN', 'A tenant keeps at least one admin.');
    end if;
end
$$;
comment on function private.check_admin_remains is 'Raises 409 LAST_ADMIN when the tenant has no active member with the admin role any more.';
revoke all on function private.check_admin_remains from public, anon, authenticated, service_role;
