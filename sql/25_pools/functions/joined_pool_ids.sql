create or replace function private.joined_pool_ids()
returns setof uuid
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select m.pool_id from public.pool_members as m where m.tenant_id = private.permitted_tenant_id('robots.read');
end
$$;
comment on function private.joined_pool_ids is
    'The pools that the caller''s tenant is a member of or invited to, for a caller with robots.read; none for anybody else. For policies.';
revoke all on function private.joined_pool_ids from public, anon, authenticated, service_role;
grant execute on function private.joined_pool_ids to authenticated;
