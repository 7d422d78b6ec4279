create or replace function public.enqueue_job(
    p_workflow_id uuid,
    p_input jsonb default '{}',
    p_priority integer default 10,
    p_environment text default '*',
    p_execution_mode text default 'lan',
    p_required_capabilities text[] default '{}',
    p_required_tags text[] default '{}',
    p_robot_id text default null,
    p_run_at timestamptz default null,
    p_dedupe_key text default null,
    p_max_attempts integer default 3,
    p_timeout_seconds integer default 3600,
    p_retry_policy jsonb default null,
    p_metadata jsonb default '{}',
    p_trigger_type text default 'manual',
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
    v_robot_id uuid;
    v_pool_id uuid;
    v_job_id uuid;
    v_job public.live_jobs;
begin
    p_environment := private.nfc(p_environment);
    p_required_capabilities := private.nfc_words(p_required_capabilities);
    p_required_tags := private.nfc_words(p_required_tags);
    p_dedupe_key := private.nfc(p_dedupe_key);
    p_concurrency_key := private.nfc(p_concurrency_key);
    p_trigger_type := private.nfc(p_trigger_type);
    if p_robot_id is not null then
        v_robot_id := (private.find_robot(v_caller.tenant_id, p_robot_id)).robot_id;
    end if;
    if p_pool is not null then
        v_pool_id := (private.find_pool(v_caller.tenant_id, p_pool, 'member')).pool_id;
    end if;
    v_job_id := private.add_job(
        v_caller.tenant_id,
        coalesce(v_caller.user_id, v_caller.robot_id, v_caller.api_key_id),
        p_workflow_id, p_version, p_input, p_priority, p_environment, p_execution_mode, p_required_capabilities,
        p_required_tags, v_robot_id, p_run_at, p_dedupe_key, p_max_attempts, p_timeout_seconds, p_retry_policy, p_metadata,
        p_trigger_type, p_concurrency_key => p_concurrency_key, p_pool_id => v_pool_id,
        p_progress_timeout_seconds => p_progress_timeout_seconds
    );
    select j.* into v_job from public.live_jobs as j where j.job_id = v_job_id;
    return v_job;
end
$$;
comment on function public.enqueue_job is
    'Puts one job in the queue and returns it; with a dedupe key that an unfinished job has, returns that one. Environment * is any robot''s. With a pool (id or name) its robots run it. With progress_timeout_seconds an attempt that reports no progress for so long is ended. Raises 404 POOL_NOT_FOUND, 409 POOL_AMBIGUOUS. Needs jobs.create.';
revoke all on function public.enqueue_job from public, anon, authenticated, service_role;
grant execute on function public.enqueue_job to authenticated;
