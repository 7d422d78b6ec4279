create or replace function public.list_pools()
returns setof jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('robots.read');
begin
    return query
    select private.describe_pool(p.pool_id, v_caller.tenant_id)
    from public.pools as p
    where p.pool_id in (select m.pool_id from public.pool_members as m where m.tenant_id = v_caller.tenant_id)
    order by p.name, p.pool_id;
end
$$;
comment on function public.list_pools is
    'The pools that the tenant owns, is a member of or is invited to, by name, each as private.describe_pool() shows it. Needs robots.read.';
revoke all on function public.list_pools from public, anon, authenticated, service_role;
grant execute on function public.list_pools to authenticated;
