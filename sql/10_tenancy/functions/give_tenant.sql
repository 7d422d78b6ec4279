-- For the owner of the database, who acts for no tenant.
create or replace function private.give_tenant(p_tenant text, p_login text)
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant_id uuid := private.get_abandoned_tenant(p_tenant);
    v_email text := private.email_for_login(p_login);
    v_user_id uuid;
begin
    select u.id into v_user_id from auth.users as u where u.email = v_email and not u.is_sso_user and u.deleted_at is null;
    if v_user_id is null then
        perform private.raise_error(404, 'USER_NOT_FOUND', 'There is no such user.');
    end if;
    update public.tenants as t set deleted_at = null where t.tenant_id = v_tenant_id and t.deleted_at is not null;
    insert into public.memberships (tenant_id, user_id)
    values (v_tenant_id, v_user_id)
    on conflict (tenant_id, user_id) do update set deactivated_at = null;
    insert into public.member_roles (tenant_id, user_id, role_id)
    select v_tenant_id, v_user_id, r.role_id
    from public.roles as r
    where r.tenant_id is null and r.slug = 'admin'
    on conflict do nothing;
    return v_user_id;
end
$$;
comment on function private.give_tenant is
    'Makes a user the admin of a tenant whose last member is gone, one whose purge has begun included. Raises 404 TENANT_NOT_FOUND or USER_NOT_FOUND, 409 TENANT_HAS_MEMBERS.';
revoke all on function private.give_tenant from public, anon, authenticated, service_role;
