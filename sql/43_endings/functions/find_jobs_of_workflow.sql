create or replace function private.find_jobs_of_workflow(
    p_removal private.workflow_removals,
    p_limit integer,
    out tenant_no integer,
    out seen integer,           -- jobs looked at
    out last_run_at timestamptz,        -- the last of them
    out last_lane_id integer,
    out last_job_id uuid,
    out job_ids uuid[],         -- those of the workflow
    out lane_ids integer[]      -- and their lanes, of those that are ready
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_waiting record;
begin
    select q.tenant_no into tenant_no from private.queue_tenants as q where q.tenant_id = p_removal.tenant_id;
    seen := 0;
    last_run_at := p_removal.run_at;
    last_job_id := p_removal.job_id;
    job_ids := '{}';
    lane_ids := '{}';
    if p_removal.lane_id is null then
        for v_waiting in
            select s.run_at, s.job_id, j.is_found
            from (
                select s.run_at, s.job_id
                from private.scheduled as s
                where s.tenant_id = p_removal.tenant_id and (s.run_at, s.job_id) > (p_removal.run_at, p_removal.job_id)
                order by s.run_at, s.job_id
                limit p_limit
            ) as s
            left join lateral (
                select true as is_found
                from public.jobs as j
                where j.job_id = s.job_id and j.workflow_id = p_removal.workflow_id
                offset 0
            ) as j on true
        loop
            seen := seen + 1;
            last_run_at := v_waiting.run_at;
            last_job_id := v_waiting.job_id;
            if v_waiting.is_found then
                job_ids := job_ids || v_waiting.job_id;
            end if;
        end loop;
        return;
    end if;
    last_lane_id := p_removal.lane_id;
    for v_waiting in
        select r.lane_id, r.job_id, j.is_found
        from (
            select r.lane_id, r.job_id
            from private.ready as r
            where r.tenant_no = find_jobs_of_workflow.tenant_no
                and (r.lane_id, r.job_id) > (p_removal.lane_id, p_removal.job_id)
            order by r.lane_id, r.job_id
            limit p_limit
        ) as r
        left join lateral (
            select true as is_found
            from public.jobs as j
            where j.job_id = r.job_id and j.workflow_id = p_removal.workflow_id
            offset 0
        ) as j on true
    loop
        seen := seen + 1;
        last_lane_id := v_waiting.lane_id;
        last_job_id := v_waiting.job_id;
        if v_waiting.is_found then
            job_ids := job_ids || v_waiting.job_id;
            lane_ids := lane_ids || v_waiting.lane_id;
        end if;
    end loop;
end
$$;
comment on function private.find_jobs_of_workflow is
    'Looks at the next p_limit jobs that the tenant of a removal has waiting, delayed ones or, once lane_id is set, ready ones, and tells which are the workflow''s.';
revoke all on function private.find_jobs_of_workflow from public, anon, authenticated, service_role;
