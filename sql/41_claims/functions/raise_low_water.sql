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
    p_limit integer default 500             -- lanes looked at in one run; the next goes on
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
    v_tenant_no integer;
    v_lanes jsonb;
    v_left integer := p_limit;
    v_share integer;
    v_seen integer;
    v_lane_id integer;
    v_end integer;
    v_first integer;            -- the tenant with which the run began
    v_has_seen boolean := true;
    v_lane record;
    v_low uuid;
    v_walked bigint;
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
    v_tenant_no := v_water.tenant_no;
    v_lanes := v_water.lanes;
    -- Tenants in turn, a tenth of p_limit each; where one with more lanes goes on is remembered.
    while v_left > 0 loop
        select l.tenant_no into v_tenant_no from private.lanes as l where l.tenant_no > v_tenant_no order by l.tenant_no limit 1;
        if v_tenant_no is null then
            exit when not v_has_seen;   -- there are none
            v_has_seen := false;
            v_tenant_no := 0;
            continue;
        end if;
        exit when v_tenant_no = v_first and v_lanes = '{}';     -- once round, and nobody has more
        v_first := coalesce(v_first, v_tenant_no);
        v_has_seen := true;
        v_share := least(greatest(p_limit / 10, 1), v_left);
        v_seen := 0;
        v_lane_id := (v_lanes ->> v_tenant_no::text)::integer;
        v_end := v_lane_id + 1000;
        for v_lane in
            select l.lane_id, l.low_job_id
            from (select o.lane_id, o.low_job_id from private.lanes as o where o.tenant_no = v_tenant_no offset 0) as l
            where v_lane_id is null
            union all
            -- Of one with many, a piece of all lanes there are, as sorting its own each time would take long.
            select l.lane_id, l.low_job_id
            from (
                select o.lane_id, o.low_job_id, o.tenant_no
                from private.lanes as o
                where o.lane_id > v_lane_id and o.lane_id <= v_end
                offset 0
            ) as l
            where l.tenant_no = v_tenant_no
            order by lane_id
            limit v_share
        loop
            v_seen := v_seen + 1;
            v_lane_id := v_lane.lane_id;
            -- What a claim passes before the first job, by the count that the server keeps of an index's entries.
            v_walked := pg_stat_get_xact_tuples_returned('private.ready_pkey'::regclass);
            v_low := private.lowest_ready_job(v_tenant_no, v_lane.lane_id, v_lane.low_job_id, v_floor);
            v_walked := pg_stat_get_xact_tuples_returned('private.ready_pkey'::regclass) - v_walked;
            continue when v_low <= v_lane.low_job_id or v_walked < p_step;
            continue when not pg_try_advisory_xact_lock(private.lane_lock(), v_lane.lane_id);
            v_low := private.lowest_ready_job(v_tenant_no, v_lane.lane_id, v_lane.low_job_id, v_floor);
            update private.lanes as l
            set low_job_id = v_low
            where l.lane_id = v_lane.lane_id and l.low_job_id = v_lane.low_job_id;
            v_raised := v_raised + 1;
        end loop;
        -- All its lanes had their turn, or the next one begins behind these.
        v_lanes := v_lanes - v_tenant_no::text;
        if v_seen < v_share then
            v_lane_id := v_end;
        end if;
        perform from private.lanes as l where l.lane_id > v_lane_id limit 1;
        if found then
            v_lanes := v_lanes || jsonb_build_object(v_tenant_no, v_lane_id);
        end if;
        v_left := v_left - greatest(v_seen, 1);
    end loop;
    update private.low_water as w
    set settled_at = v_water.settled_at,
        pending_at = v_water.pending_at,
        pending_xid = v_water.pending_xid,
        tenant_no = coalesce(v_tenant_no, 0),
        lanes = v_lanes
    where w.is_only;
    return v_raised;
end
$$;
comment on function private.raise_low_water is
    'Lets claims of a lane begin behind the jobs that were claimed long ago, when ready has many dead rows; returns the number of lanes whose bound it raised.';
revoke all on function private.raise_low_water from public, anon, authenticated, service_role;
