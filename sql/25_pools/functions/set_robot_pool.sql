create or replace function public.set_robot_pool(p_robot text, p_pool text default null)
returns public.live_robots
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('robots.write');
    v_robot public.robots := private.find_robot(v_caller.tenant_id, p_robot);
    v_pool public.pools;
    v_live public.live_robots;
begin
    if p_pool is not null then
        v_pool := private.find_pool(v_caller.tenant_id, p_pool, 'owner');
    end if;
    update public.robots as r
    set pool_id = v_pool.pool_id, updated_at = private.clock()
    where r.robot_id = v_robot.robot_id;
    delete from private.waiting_robots as w where w.robot_id = v_robot.robot_id;     -- waits with what it had before
    delete from private.pool_turns as t where t.robot_id = v_robot.robot_id;
    if v_pool.pool_id is not null then
        -- It begins with any member, so that robots that join together do not all begin with the same.
        insert into private.pool_turns (robot_id, tenant_no, jobs_left)
        select v_robot.robot_id, q.tenant_no, 0
        from public.pool_members as m
        join private.queue_tenants as q on q.tenant_id = m.tenant_id
        where m.pool_id = v_pool.pool_id and m.accepted_at is not null
        order by random()
        limit 1;
    end if;
    perform private.announce_robot('robot.updated', v_robot.robot_id);
    select r.* into v_live from public.live_robots as r where r.robot_id = v_robot.robot_id;
    return v_live;
end
$$;
comment on function public.set_robot_pool is
    'Puts a robot in a pool of its tenant, or (null) takes it out, from its next claim on, and returns it. It finishes the jobs that it holds. Raises 404 ROBOT_NOT_FOUND, POOL_NOT_FOUND. Needs robots.write.';
revoke all on function public.set_robot_pool from public, anon, authenticated, service_role;
grant execute on function public.set_robot_pool to authenticated;
