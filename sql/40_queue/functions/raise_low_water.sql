-- While a snapshot is held open anywhere, the index entries of claimed jobs cannot be removed, and every claim would walk
-- over all of them. The bound moves past them.
--
-- Why no job is missed. A new job's id is made after its transaction got its number (private.add_job()). A run notes its own
-- number and its beginning; when a later run finds that every transaction with a lower number has ended, each id from before
-- that beginning is committed or will never be, and the bound may go so far. A job that comes back is put back under a lock
-- that this function must have alone (private.put_back()). The bound is computed in a statement that begins after both.
-- A transaction that writes for longer than p_lag is not waited for: private.recheck_low_water() finds its jobs.
create or replace function private.raise_low_water(
    p_lag interval default '15 seconds',    -- longer than the API's statement_timeout
    p_step integer default 200,             -- the bound moves past this many entries or not at all: each move leaves a dead row
    p_dead integer default 1000,            -- fewer dead rows in ready are not worth the work
    p_lanes integer default 500             -- looked at in one run; the next goes on
)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
    v_water private.low_water;
    v_floor uuid;
    v_position integer;
    v_lane record;
    v_low uuid;
    v_walked bigint;
    v_seen integer := 0;
    v_raised integer := 0;
begin
    if pg_stat_get_dead_tuples('private.ready'::regclass) < p_dead then
        return 0;
    end if;
    select w.* into v_water from private.low_water as w where w.is_only for update skip locked;
    if not found then
        return 0;   -- another session is at it
    end if;
    if v_water.pending_xid <= pg_snapshot_xmin(pg_current_snapshot()) then
        v_water.settled_at := v_water.pending_at;
        v_water.pending_xid := null;
    end if;
    if v_water.pending_xid is null then
        v_water.pending_at := now();    -- older than the number, which the transaction has from its first write
        v_water.pending_xid := pg_current_xact_id();
    end if;
    v_floor := private.uuid_v7_floor(greatest(v_water.settled_at, clock_timestamp() - p_lag));
    v_position := v_water.position;
    for v_lane in
        select l.lane_id, l.tenant_no, l.low_job_id
        from private.lanes as l
        where l.lane_id > v_position
        order by l.lane_id
        limit p_lanes
    loop
        v_seen := v_seen + 1;
        v_position := v_lane.lane_id;
        -- What a claim passes before the first job, by the count that the server keeps of an index's entries.
        v_walked := pg_stat_get_xact_tuples_returned('private.ready_pkey'::regclass);
        v_low := private.lowest_ready_job(v_lane.tenant_no, v_lane.lane_id, v_lane.low_job_id, v_floor);
        v_walked := pg_stat_get_xact_tuples_returned('private.ready_pkey'::regclass) - v_walked;
        continue when v_low <= v_lane.low_job_id or v_walked < p_step;
        continue when not pg_try_advisory_xact_lock(1801678963, v_lane.lane_id);
        v_low := private.lowest_ready_job(v_lane.tenant_no, v_lane.lane_id, v_lane.low_job_id, v_floor);
        update private.lanes as l
        set low_job_id = v_low
        where l.lane_id = v_lane.lane_id and l.low_job_id = v_lane.low_job_id;
        v_raised := v_raised + 1;
    end loop;
    update private.low_water as w
    set settled_at = v_water.settled_at,
        pending_at = v_water.pending_at,
        pending_xid = v_water.pending_xid,
        position = case when v_seen < p_lanes then 0 else v_position end
    where w.is_only;
    return v_raised;
end
$$;
comment on function private.raise_low_water(interval, integer, integer, integer) is
    'Lets claims of a lane begin behind the jobs that were claimed long ago, when ready has many dead rows; returns the number of lanes whose bound it raised.';
revoke all on function private.raise_low_water(interval, integer, integer, integer)
    from public, anon, authenticated, service_role;
