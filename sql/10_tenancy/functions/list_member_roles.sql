create or replace function private.list_member_roles(p_tenant_id uuid, p_user_id uuid)
returns text[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return array(
        select r.slug
        from public.member_roles as mr
        join public.roles as r on r.role_id = mr.role_id and (r.tenant_id is null or r.tenant_id = mr.tenant_id)
        where mr.tenant_id = p_tenant_id and mr.user_id = p_user_id
        order by r.slug
    );
end
$$;
comment on function private.list_member_roles is 'The roles of a member, by their short names.';
revoke all on function private.list_member_roles from public, anon, authenticated, service_role;
