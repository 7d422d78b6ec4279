create or replace function private.lowest_ready_job(p_tenant_no integer, p_lane_id integer, p_from uuid, p_most uuid)
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
    v_job_id uuid;
begin
    select r.job_id
    into v_job_id
    from private.ready as r
    where r.tenant_no = p_tenant_no and r.lane_id = p_lane_id and r.job_id >= p_from and r.job_id < p_most
    order by r.job_id
    limit 1;
    return coalesce(v_job_id, p_most);
end
$$;
comment on function private.lowest_ready_job is
    'The first ready job of a lane from an id on, as committed when it is called; p_most when there is none below that.';
revoke all on function private.lowest_ready_job from public, anon, authenticated, service_role;
