create or replace function public.enqueue_job(
    p_workflow_id uuid,
    p_input jsonb default null,
    p_priority integer default null,
    p_environment text default null,
    p_execution_mode text default null,
    p_required_capabilities text[] default null,
    p_required_tags text[] default null,
    p_robot_id text default null,
    p_run_at timestamptz default null,
    p_dedupe_key text default null,
    p_max_attempts integer default null,
    p_timeout_seconds integer default null,
    p_retry_policy jsonb default null,
    p_metadata jsonb default null,
    p_version integer default null,
    p_concurrency_key text default null,
    p_pool text default null,
    p_progress_timeout_seconds integer default null
)
returns public.live_jobs
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize('jobs.create');
    v_new private.new_job;
    v_job_id uuid;
    v_job public.live_jobs;
begin
    v_new.workflow_id := p_workflow_id;
    v_new.version := p_version;
    v_new.input := p_input;
    v_new.priority := p_priority;
    v_new.environment := p_environment;
    v_new.execution_mode := p_execution_mode;
    v_new.required_capabilities := p_required_capabilities;
    v_new.required_tags := p_required_tags;
    v_new.robot_id := p_robot_id;
    v_new.pool := p_pool;
    v_new.run_at := p_run_at;
    v_new.dedupe_key := p_dedupe_key;
    v_new.concurrency_key := p_concurrency_key;
    v_new.max_attempts := p_max_attempts;
    v_new.timeout_seconds := p_timeout_seconds;
    v_new.progress_timeout_seconds := p_progress_timeout_seconds;
    v_new.retry_policy := p_retry_policy;
    v_new.metadata := p_metadata;
    v_job_id := private.add_job(
        v_caller.tenant_id, private.check_new_job(v_caller.tenant_id, v_new), 'manual',
        coalesce(v_caller.user_id, v_caller.robot_id, v_caller.api_key_id)
    );
    select j.* into v_job from public.live_jobs as j where j.job_id = v_job_id;
    return v_job;
end
$$;
comment on function public.enqueue_job is
    'Puts one job in the queue and returns it; with a dedupe key that an unfinished job has, returns that one. An option that is null is its default. Environment * is any robot''s. With a pool (id or name) its robots run it. With progress_timeout_seconds an attempt that reports no progress for so long is ended. Raises 400 INVALID_ARGUMENT, 404 WORKFLOW_NOT_FOUND, ROBOT_NOT_FOUND or POOL_NOT_FOUND, 409 WORKFLOW_NOT_RUNNABLE or POOL_AMBIGUOUS, 429 QUEUE_FULL. Needs jobs.create.';
revoke all on function public.enqueue_job from public, anon, authenticated, service_role;
grant execute on function public.enqueue_job to authenticated;
