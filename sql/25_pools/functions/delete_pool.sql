create or replace function public.delete_pool(p_pool text)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('robots.write');
    v_pool public.pools := private.find_pool(v_caller.tenant_id, p_pool, 'owner');
    v_robot_ids uuid[] := array(
        select r.robot_id from public.robots as r where r.tenant_id = v_pool.tenant_id and r.pool_id = v_pool.pool_id
    );
begin
    -- First what hangs on the pool: a claim has the members' limits before it has its turn.
    delete from public.pools as p where p.pool_id = v_pool.pool_id;
    delete from private.pool_turns as t where t.robot_id = any (v_robot_ids);
    delete from private.waiting_robots as w where w.robot_id = any (v_robot_ids);
    return jsonb_build_object('pool_id', v_pool.pool_id);
end
$$;
comment on function public.delete_pool is
    'Ends a pool: its robots work for their own tenant only, they finish the jobs that they hold, and jobs that asked for the pool wait until they are cancelled. Raises 404 POOL_NOT_FOUND. Needs robots.write.';
revoke all on function public.delete_pool from public, anon, authenticated, service_role;
grant execute on function public.delete_pool to authenticated;
