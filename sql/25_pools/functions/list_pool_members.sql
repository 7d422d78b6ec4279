create or replace function public.list_pool_members(p_pool text)
returns setof jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('robots.read');
    v_pool public.pools := private.find_pool(v_caller.tenant_id, p_pool, 'owner');
begin
    return query
    select private.describe_pool_member(m)
    from public.pool_members as m
    where m.pool_id = v_pool.pool_id
    order by m.invitee;
end
$$;
comment on function public.list_pool_members is
    'The members of a pool of the tenant''s own and those it invited: {tenant, weight, max_running, load (robot-seconds lately, over the weight; null for an invitation), invited_at, accepted_at}. Raises 404 POOL_NOT_FOUND. Needs robots.read.';
revoke all on function public.list_pool_members from public, anon, authenticated, service_role;
grant execute on function public.list_pool_members to authenticated;
