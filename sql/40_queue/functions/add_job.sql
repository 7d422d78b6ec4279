create or replace function private.add_job(
    p_tenant_id uuid,
    p_job private.new_job,
    p_trigger_type text,        -- what made it: manual | scheduled | retry, or the type of a trigger
    p_created_by uuid,
    p_retry_of uuid default null,
    p_may_pass_quota boolean default false  -- the caller looked whether the queue is full
)
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_workflow record;
    v_xid xid8 := pg_current_xact_id();     -- older than the id: private.raise_low_water() counts on it
    v_job_id uuid := private.uuid_v7();
    v_existing_job_id uuid;
    v_required text[];
    v_tenant_no integer;
    v_limits record;
    v_lane_id integer;
    v_robot_id uuid := p_job.robot_id;
    v_pool_id uuid := p_job.pool;
begin
    perform private.keep_workflow(p_job.workflow_id);
    v_workflow := private.require_runnable_workflow(
        p_tenant_id, p_job.workflow_id, p_job.version, p_trigger_type not in ('scheduled', 'schedule', 'webhook')
    );
    if v_workflow.required_capabilities <> '{}' then
        p_job.required_capabilities := private.sorted_words(p_job.required_capabilities || v_workflow.required_capabilities);
        if private.find_job_problem(p_job) is not null then
            perform private.raise_error(400, 'INVALID_ARGUMENT', private.find_job_problem(p_job));
        end if;
    end if;

    if p_job.dedupe_key is not null then
        loop
            insert into private.dedupe_keys (tenant_id, dedupe_key, job_id)
            values (p_tenant_id, p_job.dedupe_key, v_job_id)
            on conflict do nothing;
            exit when found;
            select d.job_id into v_existing_job_id
            from private.dedupe_keys as d
            where d.tenant_id = p_tenant_id and d.dedupe_key = p_job.dedupe_key;
            if found then
                return v_existing_job_id;
            end if;     -- it ended in between: the key is free again
        end loop;
    end if;

    v_tenant_no := private.find_queue_tenant(p_tenant_id);
    v_required := private.required_of(
        p_job.required_capabilities, p_job.required_tags, p_job.execution_mode = 'internet', v_pool_id
    );
    select
        f.workflow_limit_id,
        f.key_limit_id,
        q.is_full as is_queue_full,
        case when q.is_fair then private.find_share(p_tenant_id, p_job.workflow_id) end as share_id
    into v_limits
    from private.find_job_limits(p_tenant_id, p_job.workflow_id, p_job.concurrency_key) as f
    cross join private.queue_tenants as q
    where q.tenant_id = p_tenant_id;
    if v_limits.is_queue_full and not p_may_pass_quota then
        perform private.raise_queue_full();
    end if;
    v_lane_id := private.find_lane(
        v_tenant_no, p_job.environment, v_required, v_robot_id, p_job.priority::smallint, v_limits.workflow_limit_id,
        v_limits.key_limit_id, v_limits.share_id
    );

    insert into public.jobs (
        job_id, tenant_id, workflow_id, workflow_version, workflow_name, lane_id, trigger_type, execution_mode, environment,
        required_capabilities, required_tags, target_robot_id, pool_id, priority, input, metadata,
        dedupe_key, concurrency_key, max_attempts, timeout_seconds, progress_timeout_seconds, retry_policy, retry_of,
        created_by, created_at
    )
    values (
        v_job_id, p_tenant_id, p_job.workflow_id, v_workflow.version, v_workflow.name, v_lane_id, p_trigger_type,
        p_job.execution_mode::public.execution_mode, p_job.environment, p_job.required_capabilities, p_job.required_tags,
        v_robot_id, v_pool_id, p_job.priority, p_job.input, p_job.metadata, p_job.dedupe_key, p_job.concurrency_key,
        p_job.max_attempts, p_job.timeout_seconds, p_job.progress_timeout_seconds, p_job.retry_policy, p_retry_of,
        p_created_by, private.clock()
    );

    if p_job.run_at > private.clock() then
        insert into private.scheduled (job_id, tenant_id, tenant_no, lane_id, run_at)
        values (v_job_id, p_tenant_id, v_tenant_no, v_lane_id, p_job.run_at);
    else
        insert into private.ready (tenant_no, lane_id, job_id, pool_id)
        values (v_tenant_no, v_lane_id, v_job_id, v_pool_id);
        perform private.ring_robots(v_tenant_no, p_job.environment, v_required, v_robot_id);
    end if;

    perform private.announce_job(
        'job.queued', 'queued', p_tenant_id, v_job_id, p_job.workflow_id, v_workflow.name, null, 0,
        case when p_job.run_at is not null then jsonb_build_object('run_at', private.to_iso(p_job.run_at)) end
    );
    -- A retry waits whatever the rule of its key: somebody asked for this very job.
    if v_limits.key_limit_id is not null and p_retry_of is null and (p_job.run_at > private.clock()) is not true then
        perform private.resolve_collision(v_limits.key_limit_id, v_job_id);
    end if;
    return v_job_id;
end
$$;
comment on function private.add_job is
    'Puts a job that private.check_new_job() has checked in the queue, or finds the unfinished job with the same dedupe key. Does not ask who wants it: its callers do. Raises 404 WORKFLOW_NOT_FOUND, 409 WORKFLOW_NOT_RUNNABLE, 429 QUEUE_FULL.';
revoke all on function private.add_job from public, anon, authenticated, service_role;
