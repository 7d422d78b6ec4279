create or replace function private.ring_robots(
    p_tenant_no integer,
    p_environment text,
    p_required text[],
    p_robot_id uuid,
    p_jobs integer default 1
)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_pool_id uuid := case when p_required <> '{}' then private.pool_of(p_required) end;
    v_waiting uuid[];
    v_robot_id uuid;
    v_rung integer := 0;
begin
    if v_pool_id is null then
        perform from private.waiting_robots as w where w.tenant_no = p_tenant_no;
    else    -- of whatever tenant
        perform from private.waiting_robots as w where w.pool_id = v_pool_id;
    end if;
    if not found then   -- most often nobody waits, and this is on the path of every enqueue
        return 0;
    end if;
    if v_pool_id is null then
        v_waiting := array(select w.robot_id from private.waiting_robots as w where w.tenant_no = p_tenant_no);
    else
        v_waiting := array(select w.robot_id from private.waiting_robots as w where w.pool_id = v_pool_id);
    end if;
    for v_robot_id in
        delete from private.waiting_robots as w
        where w.robot_id = any (array(
            select w2.robot_id
            from private.waiting_robots as w2
            where w2.robot_id = any (v_waiting)
                and (p_environment = '*' or w2.environment = p_environment)
                and p_required <@ w2.capabilities
                and (p_robot_id is null or w2.robot_id = p_robot_id)
                and w2.waiting_since > private.clock() - interval '90 seconds'
            limit p_jobs
            for update skip locked
        ))
        returning w.robot_id
    loop
        perform private.broadcast('robot:' || v_robot_id, 'job_available', '{}');
        v_rung := v_rung + 1;
    end loop;
    return v_rung;
end
$$;
comment on function private.ring_robots is
    'Wakes as many waiting robots as there are new jobs, none twice and none that may not have them. The bell may be lost: robots also poll.';
revoke all on function private.ring_robots from public, anon, authenticated, service_role;
