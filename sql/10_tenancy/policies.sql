-- Row-level security is enabled and forced on every table; a table without a policy is closed to clients. Clients may read
-- what is granted here, under the policies, and write through functions only.
do $$
declare
    v_table text;
begin
    foreach v_table in array array[
        'public.tenants', 'public.profiles', 'public.permissions', 'public.roles', 'public.role_permissions',
        'public.memberships', 'public.member_roles', 'public.api_keys', 'public.invitations',
        'private.session_tenants', 'private.login_attempts', 'private.idempotency_keys'
    ]
    loop
        execute format('alter table %s enable row level security', v_table);
        execute format('alter table %s force row level security', v_table);
        execute format('revoke all on table %s from public, anon, authenticated, service_role', v_table);
    end loop;
end
$$;

revoke all on type public.tenant_plan, public.api_key_kind, public.api_key_summary from public;
grant usage on type public.tenant_plan, public.api_key_kind, public.api_key_summary to authenticated;

-- The token hook is the only thing in public that Auth's own role runs.
grant usage on schema public to supabase_auth_admin;

grant select (tenant_id, name, slug, plan, timezone, robot_offline_after_seconds, quarantine_after_failures, created_at, updated_at)
    on table public.tenants to authenticated;
drop policy if exists tenants_select_members on public.tenants;
create policy tenants_select_members on public.tenants
    for select to authenticated
    using (tenant_id = (select private.member_tenant_id()));

-- Without active_tenant_id: it would name another tenant of a colleague.
grant select (user_id, username, first_name, last_name, created_at) on table public.profiles to authenticated;
drop policy if exists profiles_select_members on public.profiles;
create policy profiles_select_members on public.profiles
    for select to authenticated
    using (user_id in (select m.user_id from public.memberships as m));

grant select on table public.permissions to authenticated;
drop policy if exists permissions_select_members on public.permissions;
create policy permissions_select_members on public.permissions
    for select to authenticated
    using ((select private.permitted_tenant_id('members.read')) is not null);

grant select on table public.roles to authenticated;
drop policy if exists roles_select_members on public.roles;
create policy roles_select_members on public.roles
    for select to authenticated
    using (
        tenant_id = (select private.permitted_tenant_id('members.read'))
        or (tenant_id is null and (select private.permitted_tenant_id('members.read')) is not null)
    );

grant select on table public.role_permissions to authenticated;
drop policy if exists role_permissions_select_members on public.role_permissions;
create policy role_permissions_select_members on public.role_permissions
    for select to authenticated
    using (role_id in (select r.role_id from public.roles as r));

grant select on table public.memberships to authenticated;
drop policy if exists memberships_select_members on public.memberships;
create policy memberships_select_members on public.memberships
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('members.read')));

grant select on table public.member_roles to authenticated;
drop policy if exists member_roles_select_members on public.member_roles;
create policy member_roles_select_members on public.member_roles
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('members.read')));

-- Without key_hash.
grant select (
    api_key_id, tenant_id, kind, name, prefix, robot_id, robot_external_id, scopes, created_by, created_at, expires_at,
    last_used_at, revoked_at
) on table public.api_keys to authenticated;
drop policy if exists api_keys_select_members on public.api_keys;
create policy api_keys_select_members on public.api_keys
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('api_keys.read')));

-- Without token_hash.
grant select (invitation_id, tenant_id, email, role_id, invited_by, created_at, expires_at, accepted_at, revoked_at)
    on table public.invitations to authenticated;
drop policy if exists invitations_select_members on public.invitations;
create policy invitations_select_members on public.invitations
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('members.read')));
