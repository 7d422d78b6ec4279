create or replace function public.report_progress(
    p_job_id uuid,
    p_progress integer,
    p_current_node text default null,
    p_message text default null,
    p_lease_token bigint default null,
    p_node_executions jsonb default null
)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize_robot('jobs.report', 'robots.control');
    v_now timestamptz := private.clock();
    v_old private.leases;
    v_is_watched boolean;
    v_is_pushed boolean;
begin
    if p_progress not between 0 and 100 or p_progress is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'progress must be between 0 and 100.');
    elsif length(p_current_node) > 255 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'current_node must not have more than 255 characters.');
    elsif length(p_message) > 4096 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'message must not have more than 4096 characters.');
    end if;
    if v_caller.robot_id is null then
        if p_lease_token is null then
            perform private.raise_error(400, 'INVALID_ARGUMENT', 'lease_token must be given; only a robot may leave it out.');
        end if;
        -- A caller who may control robots and has the token reports for the robot: jobs and robots of their own tenant only.
        select l.robot_id
        into v_caller.robot_id
        from private.leases as l
        join public.robots as r on r.robot_id = l.robot_id and r.tenant_id = l.tenant_id
        where l.job_id = p_job_id and l.lease_token = p_lease_token and l.tenant_id = v_caller.tenant_id;
    end if;
    select l.* into v_old
    from private.leases as l
    where l.job_id = p_job_id
        and l.robot_id is not distinct from v_caller.robot_id
        and (p_lease_token is null or l.lease_token = p_lease_token)
    for update;
    if not found then
        perform private.raise_lease_lost(v_caller, p_job_id);
    end if;

    -- Those who watch the job get at most two pushes a second of it, and none that says what the last one said.
    v_is_watched := private.is_job_watched(v_old.tenant_id, p_job_id);
    v_is_pushed := v_is_watched
        and (v_old.pushed_at is null or v_now - v_old.pushed_at >= interval '500 milliseconds')
        and (v_old.pushed_progress is distinct from p_progress or v_old.pushed_node is distinct from p_current_node);
    update private.leases as l
    set progress = p_progress,
        current_node = p_current_node,
        progress_message = p_message,
        progress_at = v_now,
        away = '0',
        first_progress_at = coalesce(l.first_progress_at, v_now),
        started_at = coalesce(l.started_at, v_now),
        timeout_at = case when l.started_at is null then l.timeout_at + (v_now - l.claimed_at) else l.timeout_at end,
        pushed_at = case when v_is_pushed then v_now else l.pushed_at end,
        pushed_progress = case when v_is_pushed then p_progress else l.pushed_progress end,
        pushed_node = case when v_is_pushed then p_current_node else l.pushed_node end
    where l.job_id = p_job_id;

    if p_node_executions is not null then
        perform private.keep_node_executions(v_old, p_node_executions);
    end if;
    if v_old.started_at is null then    -- published clients report progress without a start
        perform private.announce_job(
            'job.started', 'running', v_old.tenant_id, p_job_id, v_old.workflow_id, v_old.workflow_name, v_old.robot_id,
            v_old.attempt
        );
    end if;
    if v_is_pushed then
        perform private.push_job(
            v_old.tenant_id, p_job_id, 'job.progress', v_old.robot_id,
            jsonb_build_object(
                'job_id', p_job_id,
                'workflow_id', v_old.workflow_id,
                'workflow_name', v_old.workflow_name,
                'status', 'running',
                'robot_id', v_old.robot_id,
                'attempt', v_old.attempt,
                'timestamp', private.to_iso(v_now),
                'progress', p_progress,
                'current_node', p_current_node,
                'message', p_message
            )
        );
    end if;
    return jsonb_build_object(
        'job_id', p_job_id,
        'progress', p_progress,
        'current_node', p_current_node,
        'cancel_requested', v_old.cancel_requested_at is not null,
        'watched', v_is_watched
    );
end
$$;
comment on function public.report_progress is
    'Notes how far a job is and, while the job is watched, pushes it, at most every 500 ms and only news. Without a token it is the calling robot''s own lease; others name the token and need robots.control, for a robot of their tenant. Raises 409 LEASE_LOST or JOB_ALREADY_FINISHED, 404 JOB_NOT_FOUND. Robots need jobs.report.';
revoke all on function public.report_progress from public, anon, authenticated, service_role;
grant execute on function public.report_progress to authenticated;
