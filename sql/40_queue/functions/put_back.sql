-- An id that is not new can be lower than where claims of the lane begin. The shared lock keeps private.raise_low_water()
-- from raising that bound between our look and our commit; it is taken before the look. Who puts jobs back into several
-- lanes does it in the order of lane_id.
create or replace function private.put_back(
    p_tenant_no integer,
    p_lane_id integer,
    p_job_ids uuid[],
    p_attempts integer[]
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_lowest uuid := (select i.job_id from unnest(p_job_ids) as i (job_id) order by i.job_id limit 1);
    v_pool_id uuid := (select private.pool_of(l.required) from private.lanes as l where l.lane_id = p_lane_id);
begin
    perform pg_advisory_xact_lock_shared(private.lane_lock(), p_lane_id);
    insert into private.ready (tenant_no, lane_id, job_id, attempts, pool_id)
    select p_tenant_no, p_lane_id, i.job_id, i.attempts, v_pool_id
    from unnest(p_job_ids, p_attempts) as i (job_id, attempts);
    update private.lanes as l
    set low_job_id = v_lowest
    where l.lane_id = p_lane_id and l.low_job_id > v_lowest;
end
$$;
comment on function private.put_back is
    'Makes jobs of a lane ready that were scheduled or leased before, in the place of their age, where claims find them at once.';
revoke all on function private.put_back from public, anon, authenticated, service_role;
