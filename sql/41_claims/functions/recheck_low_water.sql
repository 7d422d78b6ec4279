create or replace function private.recheck_low_water(p_limit integer default 2000)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
    v_zero constant uuid := '00000000-0000-0000-0000-000000000000';
    v_lane record;
    v_low uuid;
    v_turn bigint := 0;
    v_lane_id integer := 0;
    v_seen integer := 0;
    v_lowered integer := 0;
begin
    select (r.position ->> 'turn')::bigint, (r.position ->> 'lane_id')::integer
    into v_turn, v_lane_id
    from private.duty_runs as r
    where r.name = 'recheck_low_water';
    for v_lane in
        -- The first lane of each tenant, then the second of each, and so on.
        select t.*
        from (
            select
                l.lane_id, l.tenant_no, l.low_job_id,
                row_number() over (partition by l.tenant_no order by l.lane_id) as turn
            from private.lanes as l
            where l.low_job_id > v_zero
        ) as t
        where (t.turn, t.lane_id) > (coalesce(v_turn, 0), coalesce(v_lane_id, 0))
        order by t.turn, t.lane_id
        limit p_limit
    loop
        v_seen := v_seen + 1;
        v_turn := v_lane.turn;
        v_lane_id := v_lane.lane_id;
        v_low := private.lowest_ready_job(v_lane.tenant_no, v_lane.lane_id, v_zero, v_lane.low_job_id);
        continue when v_low >= v_lane.low_job_id;
        update private.lanes as l set low_job_id = v_low where l.lane_id = v_lane.lane_id and l.low_job_id > v_low;
        v_lowered := v_lowered + 1;
    end loop;
    update private.duty_runs as r
    set position = case when v_seen = p_limit then jsonb_build_object('turn', v_turn, 'lane_id', v_lane_id) end
    where r.name = 'recheck_low_water';
    -- Claims leave it alone for a while, or go on with it.
    update private.duties as d
    set claimed_at = private.clock() - case when v_seen = p_limit then d.claims_every else '0' end
    where d.name = 'recheck_low_water';
    return v_lowered;
end
$$;
comment on function private.recheck_low_water is
    'Looks for ready jobs below the bound at which claims begin (their transaction was open for long) and lowers it to them, in p_limit lanes, of each tenant in turn; returns the number of such lanes. The next run goes on.';
revoke all on function private.recheck_low_water from public, anon, authenticated, service_role;
