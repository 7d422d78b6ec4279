create or replace function public.enqueue_jobs(p_jobs jsonb)
returns table ("position" integer, job_id uuid, status text, error_status integer, error_code text, error_message text)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize('jobs.create');
    v_created_by uuid := coalesce(v_caller.user_id, v_caller.robot_id, v_caller.api_key_id);
    v_count integer;
    v_item jsonb;
    v_job record;
    v_robot_id uuid;
    v_pool_id uuid;
    v_problem text;
    v_unknown text;
begin
    if jsonb_typeof(p_jobs) is distinct from 'array' or jsonb_array_length(p_jobs) not between 1 and 1000 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'jobs must be a list of 1 to 1000 jobs.');
    end if;
    v_count := jsonb_array_length(p_jobs);

    for "position", v_item in
        select x.n - 1, x.item from jsonb_array_elements(p_jobs) with ordinality as x (item, n) order by x.n
    loop
        job_id := null;
        status := null;
        error_status := null;
        error_code := null;
        error_message := null;
        -- What is wrong with one job is that job's answer. Nothing is written in this block, so it costs no transaction id.
        begin
            if jsonb_typeof(v_item) <> 'object' then
                perform private.raise_error(400, 'INVALID_ARGUMENT', 'A job must be an object.');
            end if;
            select * into v_job
            from jsonb_to_record(v_item) as j (
                workflow_id uuid, input jsonb, priority integer, environment text, execution_mode text,
                required_capabilities text[], required_tags text[], robot_id text, run_at timestamptz, dedupe_key text,
                max_attempts integer, timeout_seconds integer, retry_policy jsonb, metadata jsonb, trigger_type text,
                version integer, concurrency_key text, pool text, progress_timeout_seconds integer
            );
            v_job.environment := private.nfc(v_job.environment);
            v_job.required_capabilities := private.nfc_words(v_job.required_capabilities);
            v_job.required_tags := private.nfc_words(v_job.required_tags);
            v_job.dedupe_key := private.nfc(v_job.dedupe_key);
            v_job.concurrency_key := private.nfc(v_job.concurrency_key);
            v_job.trigger_type := private.nfc(v_job.trigger_type);
            v_job.input := coalesce(v_job.input, '{}');
            v_job.priority := coalesce(v_job.priority, 10);
            v_job.environment := coalesce(v_job.environment, '*');
            v_job.execution_mode := coalesce(v_job.execution_mode, 'lan');
            v_job.required_capabilities := coalesce(v_job.required_capabilities, '{}');
            v_job.required_tags := coalesce(v_job.required_tags, '{}');
            v_job.max_attempts := coalesce(v_job.max_attempts, 3);
            v_job.timeout_seconds := coalesce(v_job.timeout_seconds, 3600);
            v_job.metadata := coalesce(v_job.metadata, '{}');
            v_job.trigger_type := coalesce(v_job.trigger_type, 'manual');
            select k into v_unknown
            from jsonb_object_keys(v_item) as k
            where k not in (
                'workflow_id', 'input', 'priority', 'environment', 'execution_mode', 'required_capabilities', 'required_tags',
                'robot_id', 'run_at', 'dedupe_key', 'max_attempts', 'timeout_seconds', 'retry_policy', 'metadata',
                'trigger_type', 'version', 'concurrency_key', 'pool', 'progress_timeout_seconds'
            )
            limit 1;
            v_problem := case
                when v_unknown is not null then format('A job has no field %s.', v_unknown)
                when v_job.workflow_id is null then 'workflow_id must be given.'
                else private.find_job_problem(
                    v_job.input, v_job.priority, v_job.environment, v_job.execution_mode, v_job.required_capabilities,
                    v_job.required_tags, v_job.dedupe_key, v_job.max_attempts, v_job.timeout_seconds, v_job.retry_policy,
                    v_job.metadata, v_job.trigger_type, v_job.concurrency_key, v_job.progress_timeout_seconds,
                    v_job.run_at
                )
            end;
            if v_problem is not null then
                perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
            end if;
            perform private.keep_workflow(v_job.workflow_id);
            perform private.require_runnable_workflow(v_caller.tenant_id, v_job.workflow_id, v_job.version);
            v_robot_id := null;
            if v_job.robot_id is not null then
                v_robot_id := (private.find_robot(v_caller.tenant_id, v_job.robot_id)).robot_id;
            end if;
            v_pool_id := null;
            if v_job.pool is not null then
                v_pool_id := (private.find_pool(v_caller.tenant_id, v_job.pool, 'member')).pool_id;
            end if;
            if exists (
                select from private.queue_tenants as q where q.tenant_id = v_caller.tenant_id and q.is_full
            ) and not exists (
                select
                from private.dedupe_keys as d
                where d.tenant_id = v_caller.tenant_id and d.dedupe_key = v_job.dedupe_key
            ) then
                perform private.raise_queue_full();
            end if;
        exception
            when sqlstate 'PT400' or sqlstate 'PT404' or sqlstate 'PT409' or sqlstate 'PT429' then
                get stacked diagnostics error_code = pg_exception_detail, error_message = message_text;
                error_status := right(sqlstate, 3)::integer;
            when data_exception then
                error_code := 'INVALID_ARGUMENT';
                error_message := 'A field has a value of the wrong type: ' || sqlerrm || '.';
                error_status := 400;
        end;
        if error_code is null then
            job_id := private.add_job(
                v_caller.tenant_id, v_created_by, v_job.workflow_id, v_job.version, v_job.input, v_job.priority,
                v_job.environment, v_job.execution_mode, v_job.required_capabilities, v_job.required_tags, v_robot_id,
                v_job.run_at, v_job.dedupe_key, v_job.max_attempts, v_job.timeout_seconds, v_job.retry_policy,
                v_job.metadata, v_job.trigger_type, null, v_count <= 100, v_job.concurrency_key, v_pool_id,
                v_job.progress_timeout_seconds, true
            );
            status := 'queued';
            -- The job that has its dedupe key may be held; the rule of its concurrency key may have cancelled it.
            if v_job.dedupe_key is not null or v_job.concurrency_key is not null then
                status := (select j.status from public.live_jobs as j where j.job_id = enqueue_jobs.job_id);
            end if;
        end if;
        return next;
    end loop;

    if v_count > 100 then   -- more pushes at once than a watcher can use, or a plan of the platform allows
        perform private.broadcast(
            'tenant:' || v_caller.tenant_id || ':jobs', 'jobs.queued',
            jsonb_build_object('count', v_count, 'timestamp', private.to_iso(private.clock()))
        );
    end if;
end
$$;
comment on function public.enqueue_jobs is
    'Enqueues 1 to 1000 jobs, objects with the arguments of enqueue_job, and answers each by its position: its id and status (those of the unfinished job that has its dedupe key), or why it was refused, 429 QUEUE_FULL included; the others are done. More than 100 are pushed as one jobs.queued. Needs jobs.create.';
revoke all on function public.enqueue_jobs from public, anon, authenticated, service_role;
grant execute on function public.enqueue_jobs to authenticated;
