-- An enqueue, a release or a retry that met set_limit puts its job where the limit is not known; jobs of a deleted workflow wait until
-- a duty has cancelled them. Rare, so claims put it right.
create or replace function private.leave_lane(p_lane_id integer, p_taken private.taken_job[])
returns private.taken_job[]
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_lane private.lanes;
    v_limits record;
    v_job private.taken_job;
    v_kept private.taken_job[] := '{}';
    v_claims text := current_setting('request.jwt.claims', true);
begin
    select l.* into v_lane from private.lanes as l where l.lane_id = p_lane_id;
    foreach v_job in array p_taken loop
        select
            f.workflow_limit_id,
            f.key_limit_id,
            exists (
                select from private.workflow_removals as w where w.tenant_id = j.tenant_id and w.workflow_id = j.workflow_id
            ) as is_removed
        into v_limits
        from public.jobs as j
        cross join lateral private.find_job_limits(j.tenant_id, j.workflow_id, j.concurrency_key) as f
        where j.job_id = v_job.job_id;
        if v_limits.is_removed then
            perform set_config('request.jwt.claims', '', true);     -- the robot that asks has nothing to do with it
            perform private.end_unclaimed_job(v_job.job_id, 'The workflow was deleted.');
            perform set_config('request.jwt.claims', v_claims, true);
            continue;
        elsif coalesce(v_limits.workflow_limit_id = v_lane.workflow_limit_id, v_limits.workflow_limit_id is null)
            and coalesce(v_limits.key_limit_id = v_lane.key_limit_id, v_limits.key_limit_id is null)
        then
            v_kept := v_kept || v_job;
            continue;
        end if;
        insert into private.ready (tenant_no, lane_id, job_id, attempts, pool_id)
        values (v_lane.tenant_no, p_lane_id, v_job.job_id, v_job.attempts, private.pool_of(v_lane.required));
        perform
            private.move_jobs(v_lane, w)
        from private.limits as w
        where w.limit_id in (v_limits.workflow_limit_id, v_limits.key_limit_id)
            and w.limit_id not in (coalesce(v_lane.workflow_limit_id, 0), coalesce(v_lane.key_limit_id, 0));
    end loop;
    return v_kept;
end
$$;
comment on function private.leave_lane is
    'Those of the jobs just taken out of a lane that belong there. A job that belongs in another, because a limit of it was set meanwhile, is put there, with all of the lane that it holds for. One whose workflow was deleted is cancelled.';
revoke all on function private.leave_lane from public, anon, authenticated, service_role;
