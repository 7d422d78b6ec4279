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
    v_job private.new_job;
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
            v_job := private.check_new_job(v_caller.tenant_id, private.read_new_job(v_item));
            perform private.keep_workflow(v_job.workflow_id);
            perform private.require_runnable_workflow(v_caller.tenant_id, v_job.workflow_id, v_job.version);
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
                v_caller.tenant_id, v_job, 'manual', v_created_by, p_is_pushed => v_count <= 100, p_may_pass_quota => true
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
    'Enqueues 1 to 1000 jobs, objects with the fields of private.new_job, and answers each by its position: its id and status (those of the unfinished job that has its dedupe key), or why it was refused, 429 QUEUE_FULL included; the others are done. More than 100 are pushed as one jobs.queued. Needs jobs.create.';
revoke all on function public.enqueue_jobs from public, anon, authenticated, service_role;
grant execute on function public.enqueue_jobs to authenticated;
