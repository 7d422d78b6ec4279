create or replace function private.list_member_permissions(p_tenant_id uuid, p_user_id uuid)
returns text[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return array(
        select distinct rp.permission
        from public.member_roles as mr
        join public.roles as r on r.role_id = mr.role_id and (r.tenant_id is null or r.tenant_id = mr.tenant_id)
        join public.role_permissions as rp on rp.role_id = r.role_id
        where mr.tenant_id = p_tenant_id and mr.user_id = p_user_id
    );
end
$$;
comment on function private.list_member_permissions is
    'What the roles of a member allow, as codes and wildcards; empty without roles.';
revoke all on function private.list_member_permissions from public, anon, authenticated, service_role;
