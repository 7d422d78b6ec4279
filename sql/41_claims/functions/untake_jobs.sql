-- Their entries are as they were, in the place of their age: nobody else has seen them gone, so no bound of a lane has passed them.
-- The counters that they leave are locked by this transaction.
create or replace function private.untake_jobs(p_jobs private.taken_job[], p_robot_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_some record;
begin
    for v_some in
        select
            t.tenant_no, t.lane_id, t.counter_ids, count(*)::integer as jobs,
            array_agg(t.job_id) as job_ids, array_agg(t.attempts) as attempts
        from unnest(p_jobs) as t
        group by t.tenant_no, t.lane_id, t.counter_ids
        order by t.lane_id
    loop
        insert into private.ready (tenant_no, lane_id, job_id, attempts, pool_id)
        select v_some.tenant_no, v_some.lane_id, i.job_id, i.attempts, private.pool_of(l.required)
        from unnest(v_some.job_ids, v_some.attempts) as i (job_id, attempts)
        join private.lanes as l on l.lane_id = v_some.lane_id;
        perform private.leave_limits(v_some.counter_ids, v_some.jobs);
    end loop;
    -- In a pool it is the turn of the first one's member again, with what it has left of it.
    update private.pool_turns as t
    set tenant_no = p_jobs[1].tenant_no,
        jobs_left = s.jobs + case when s.jobs = cardinality(p_jobs) and t.tenant_no = p_jobs[1].tenant_no then t.jobs_left else 0 end
    from (
        select coalesce(min(j.place) - 1, cardinality(p_jobs)) as jobs
        from unnest(p_jobs) with ordinality as j (
            job_id, tenant_id, tenant_no, lane_id, rank, attempts, counter_ids, share_id, place
        )
        where j.tenant_no <> p_jobs[1].tenant_no
    ) as s
    where t.robot_id = p_robot_id;
end
$$;
comment on function private.untake_jobs is
    'Puts jobs back that this claim of a robot took out of ready and has not leased, the next ones in its order: out of the counters of their limits, and in a pool their members have their turn again.';
revoke all on function private.untake_jobs from public, anon, authenticated, service_role;
