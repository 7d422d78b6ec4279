-- An enqueue, a release or a retry that met set_limit puts its job where the limit is not known. Rare, so claims put it right.
create or replace function private.leave_lane(p_lane_id integer, p_job_id uuid, p_attempts smallint)
returns boolean
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_lane private.lanes;
    v_limits record;
begin
    select l.* into v_lane from private.lanes as l where l.lane_id = p_lane_id;
    select f.workflow_limit_id, f.key_limit_id
    into v_limits
    from public.jobs as j
    cross join lateral private.find_job_limits(j.tenant_id, j.workflow_id, j.concurrency_key) as f
    where j.job_id = p_job_id;
    if coalesce(v_limits.workflow_limit_id = v_lane.workflow_limit_id, v_limits.workflow_limit_id is null)
        and coalesce(v_limits.key_limit_id = v_lane.key_limit_id, v_limits.key_limit_id is null)
    then
        return false;
    end if;
    insert into private.ready (tenant_no, lane_id, job_id, attempts)
    values (v_lane.tenant_no, p_lane_id, p_job_id, p_attempts);
    perform
        private.move_jobs(v_lane, w)
    from private.limits as w
    where w.limit_id in (v_limits.workflow_limit_id, v_limits.key_limit_id)
        and w.limit_id not in (coalesce(v_lane.workflow_limit_id, 0), coalesce(v_lane.key_limit_id, 0));
    return true;
end
$$;
comment on function private.leave_lane(integer, uuid, smallint) is
    'Whether a job that was just taken out of a lane belongs in another, because a limit of it was set meanwhile: it is put there then, with all of the lane that it holds for.';
revoke all on function private.leave_lane(integer, uuid, smallint) from public, anon, authenticated, service_role;
