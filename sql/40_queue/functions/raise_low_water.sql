-- While a snapshot is held open anywhere, the index entries of claimed jobs cannot be removed, and every claim would walk
-- over all of them. The bound moves past them.
--
-- Why no job is missed: a new job has an id of the time at which it was enqueued, and the bound stays p_lag behind the
-- present; a job that comes back is put back under a lock that this function must have alone (private.put_back()), and the
-- bound is computed in a statement that begins after the lock was given. What remains is a transaction that enqueued and
-- stayed open for longer than p_lag: private.recheck_low_water() finds its jobs.
create or replace function private.raise_low_water(
    p_lag interval default '15 seconds',    -- longer than the API's statement_timeout
    p_step integer default 200,             -- the bound moves past this many jobs or not at all: each move leaves a dead row
    p_dead integer default 1000,            -- fewer dead rows in ready are not worth the work
    p_lanes integer default 500             -- looked at in one run; the next goes on
)
returns integer
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
    v_floor uuid := private.uuid_v7_floor(clock_timestamp() - p_lag);
    v_position bigint;
    v_lane record;
    v_low uuid;
    v_seen integer := 0;
    v_raised integer := 0;
begin
    if pg_stat_get_dead_tuples('private.ready'::regclass) < p_dead then
        return 0;
    end if;
    select d.position into v_position from private.duties as d where d.name = 'raise_low_water';
    for v_lane in
        select
            l.lane_id, l.tenant_no, l.low_job_id,
            (select q.tenant_id from private.queue_tenants as q where q.tenant_no = l.tenant_no) as tenant_id
        from private.lanes as l
        where l.lane_id > v_position
        order by l.lane_id
        limit p_lanes
    loop
        v_seen := v_seen + 1;
        v_position := v_lane.lane_id;
        v_low := private.lowest_ready_job(v_lane.tenant_no, v_lane.lane_id, v_lane.low_job_id, v_floor);
        continue when v_low <= v_lane.low_job_id;
        perform from public.jobs as j
        where j.tenant_id = v_lane.tenant_id and j.job_id >= v_lane.low_job_id and j.job_id < v_low
        offset p_step - 1
        limit 1;
        continue when not found or not pg_try_advisory_xact_lock(1801678963, v_lane.lane_id);
        v_low := private.lowest_ready_job(v_lane.tenant_no, v_lane.lane_id, v_lane.low_job_id, v_floor);
        update private.lanes as l
        set low_job_id = v_low
        where l.lane_id = v_lane.lane_id and l.low_job_id = v_lane.low_job_id;
        v_raised := v_raised + 1;
    end loop;
    update private.duties as d
    set position = case when v_seen < p_lanes then 0 else v_position end
    where d.name = 'raise_low_water' and d.position <> case when v_seen < p_lanes then 0 else v_position end;
    return v_raised;
end
$$;
comment on function private.raise_low_water(interval, integer, integer, integer) is
    'Lets claims of a lane begin behind the jobs that were claimed long ago, when ready has many dead rows; returns the number of lanes whose bound it raised.';
revoke all on function private.raise_low_water(interval, integer, integer, integer)
    from public, anon, authenticated, service_role;
