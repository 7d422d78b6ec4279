create or replace function private.find_pool(p_tenant_id uuid, p_pool text, p_as text)
returns public.pools
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    -- A name may look like an id; the pool's own id wins.
    v_pools public.pools[] := array(
        select p
        from public.pools as p
        where p.pool_id = any (array(
                select m.pool_id
                from public.pool_members as m
                where m.tenant_id = p_tenant_id and (m.accepted_at is not null or p_as = 'invited')
            ))
            and (p_as <> 'owner' or p.tenant_id = p_tenant_id)
            and (p.pool_id::text = lower(p_pool) or p.name = private.nfc(p_pool))
        order by p.pool_id::text = lower(p_pool) desc
    );
begin
    if v_pools = '{}' then
        perform private.raise_error(404, 'POOL_NOT_FOUND', 'There is no such pool.');
    elsif cardinality(v_pools) > 1 and v_pools[1].pool_id::text <> lower(p_pool) then
        perform private.raise_error(409, 'POOL_AMBIGUOUS', 'Several pools have this name; say the id of one.');
    end if;
    return v_pools[1];
end
$$;
comment on function private.find_pool is
    'The pool with an id or a name, of those that a tenant owns (p_as owner), is a member of (member), or is a member of or invited to (invited). Raises 404 POOL_NOT_FOUND for any other, 409 POOL_AMBIGUOUS.';
revoke all on function private.find_pool from public, anon, authenticated, service_role;
