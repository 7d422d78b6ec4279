create or replace function private.recheck_low_water()
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
    v_lowered integer := 0;
begin
    for v_lane in
        select l.lane_id, l.tenant_no, l.low_job_id
        from private.lanes as l
        where l.low_job_id > v_zero
        order by l.lane_id
    loop
        v_low := private.lowest_ready_job(v_lane.tenant_no, v_lane.lane_id, v_zero, v_lane.low_job_id);
        continue when v_low >= v_lane.low_job_id;
        update private.lanes as l set low_job_id = v_low where l.lane_id = v_lane.lane_id and l.low_job_id > v_low;
        v_lowered := v_lowered + 1;
    end loop;
    update private.duties as d set last_run_at = private.clock() where d.name = 'recheck_low_water';
    return v_lowered;
end
$$;
comment on function private.recheck_low_water() is
    'Looks for ready jobs below the bound at which claims begin (their transaction was open for long) and lowers it to them; returns the number of such lanes.';
revoke all on function private.recheck_low_water() from public, anon, authenticated, service_role;
