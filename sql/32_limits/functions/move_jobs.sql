-- What others hold locked is left where it is: a claim puts it right when it meets it.
create or replace function private.move_jobs(p_lane private.lanes, p_limit private.limits)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_ready uuid[];
    v_attempts integer[];
    v_scheduled uuid[];
    v_held uuid[];
    v_lane_id integer;
begin
    v_ready := array(
        select r.job_id
        from private.ready as r
        join public.jobs as j on j.job_id = r.job_id
        where r.tenant_no = p_lane.tenant_no
            and r.lane_id = p_lane.lane_id
            and (j.workflow_id = p_limit.workflow_id or j.concurrency_key = p_limit.concurrency_key)
        for update of r skip locked
    );
    v_scheduled := array(
        select s.job_id
        from private.scheduled as s
        join public.jobs as j on j.job_id = s.job_id
        where s.tenant_id = p_limit.tenant_id
            and s.lane_id = p_lane.lane_id
            and (j.workflow_id = p_limit.workflow_id or j.concurrency_key = p_limit.concurrency_key)
        for update of s skip locked
    );
    v_held := array(
        select l.job_id
        from private.leases as l
        join public.jobs as j on j.job_id = l.job_id
        where l.tenant_id = p_limit.tenant_id
            and l.lane_id = p_lane.lane_id
            and (j.workflow_id = p_limit.workflow_id or j.concurrency_key = p_limit.concurrency_key)
        for update of l skip locked
    );
    if v_ready || v_scheduled || v_held = '{}' then
        return 0;
    end if;

    v_lane_id := private.find_lane(
        p_lane.tenant_no, p_lane.environment, p_lane.required, p_lane.robot_id, p_lane.priority,
        coalesce(case when p_limit.scope = 'workflow' then p_limit.limit_id end, p_lane.workflow_limit_id),
        coalesce(case when p_limit.scope = 'key' then p_limit.limit_id end, p_lane.key_limit_id),
        p_lane.share_id
    );
    if v_ready <> '{}' then
        with taken as (
            delete from private.ready as r
            where r.tenant_no = p_lane.tenant_no and r.lane_id = p_lane.lane_id and r.job_id = any (v_ready)
            returning r.job_id, r.attempts::integer
        )
        select array_agg(t.job_id), array_agg(t.attempts) into v_ready, v_attempts from taken as t;
        perform private.put_back(p_lane.tenant_no, v_lane_id, v_ready, v_attempts);
    end if;
    update private.scheduled as s set lane_id = v_lane_id where s.job_id = any (v_scheduled);
    update private.leases as l set lane_id = v_lane_id where l.job_id = any (v_held);
    update public.jobs as j set lane_id = v_lane_id where j.job_id = any (v_ready || v_scheduled || v_held);
    return cardinality(v_ready || v_scheduled || v_held);
end
$$;
comment on function private.move_jobs is
    'Moves the unfinished jobs of a lane that a limit holds for to the lane that is like it and has the limit, and returns how many.';
revoke all on function private.move_jobs from public, anon, authenticated, service_role;
