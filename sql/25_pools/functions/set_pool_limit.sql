create or replace function private.set_pool_limit(p_pool_id uuid, p_tenant_id uuid, p_max_running integer)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set lock_timeout = '5s'     -- as public.set_limit() does it
as $$
declare
    v_limit private.limits;
begin
    if p_max_running is null then
        delete from private.limits as w
        where w.tenant_id = p_tenant_id and w.scope = 'pool' and w.pool_id = p_pool_id;
        return;
    end if;
    perform pg_advisory_xact_lock(private.limits_lock(), hashtext(p_tenant_id::text));
    update private.limits as w
    set max_running = p_max_running, updated_at = private.clock()
    where w.tenant_id = p_tenant_id and w.scope = 'pool' and w.pool_id = p_pool_id
    returning w.* into v_limit;
    if not found then
        insert into private.limits (tenant_id, scope, pool_id, max_running, updated_at)
        values (p_tenant_id, 'pool', p_pool_id, p_max_running, private.clock())
        returning * into v_limit;
    end if;
    perform private.make_counters(v_limit);
    perform private.ring_limit(v_limit.limit_id, private.lane_room(v_limit.limit_id, null));
end
$$;
comment on function private.set_pool_limit is
    'Sets how many jobs of a tenant the robots of a pool may hold at once, those that they hold now included; null: any number.';
revoke all on function private.set_pool_limit from public, anon, authenticated, service_role;
