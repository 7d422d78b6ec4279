create or replace function private.promote_scheduled_jobs(p_limit integer default 1000)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_due uuid[] := array(
        select s.job_id from private.scheduled as s where s.run_at <= private.clock() order by s.run_at limit p_limit
    );
    v_lane record;
    v_promoted integer := 0;
begin
    if cardinality(v_due) = p_limit then    -- more may be due, and all of this of one tenant
        v_due := private.share_out('private.scheduled', 'job_id', 'run_at', p_limit, v_due);
    end if;
    for v_lane in
        with due as (
            select s.job_id
            from private.scheduled as s
            where s.job_id = any (v_due) and s.run_at <= private.clock()
            for update skip locked
        ), taken as (
            delete from private.scheduled as s
            where s.job_id = any (array(select d.job_id from due as d))
            returning s.tenant_no, s.lane_id, s.job_id, s.attempts
        )
        select
            t.tenant_no,
            t.lane_id,
            array_agg(t.job_id order by t.job_id) as job_ids,
            array_agg(t.attempts::integer order by t.job_id) as attempts,
            (select l.key_limit_id from private.lanes as l where l.lane_id = t.lane_id) as key_limit_id
        from taken as t
        group by t.tenant_no, t.lane_id
        order by t.lane_id
    loop
        if v_lane.key_limit_id is null then
            perform private.put_back(v_lane.tenant_no, v_lane.lane_id, v_lane.job_ids, v_lane.attempts);
        else
            -- One after another, so that each collides with those before it and is not met by those after it.
            for n in 1..cardinality(v_lane.job_ids) loop
                perform private.put_back(v_lane.tenant_no, v_lane.lane_id, v_lane.job_ids[n:n], v_lane.attempts[n:n]);
                -- Neither a retry nor one that was given back.
                if v_lane.attempts[n] = 0 and not exists (
                    select from public.jobs as j where j.job_id = v_lane.job_ids[n] and j.uncounted_ends > 0
                ) then
                    perform private.resolve_collision(v_lane.key_limit_id, v_lane.job_ids[n]);
                end if;
            end loop;
        end if;
        v_promoted := v_promoted + cardinality(v_lane.job_ids);
        perform private.ring_lane(v_lane.lane_id, cardinality(v_lane.job_ids));
    end loop;
    return v_promoted;
end
$$;
comment on function private.promote_scheduled_jobs is
    'Makes at most p_limit delayed jobs and retries whose time has come ready, the oldest first or, when there are more, shared out among tenants; wakes robots for them, and returns how many. Many may run it at once.';
revoke all on function private.promote_scheduled_jobs from public, anon, authenticated, service_role;
