create or replace function public.retry_job(p_job_id uuid, p_input jsonb default null)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize('jobs.retry');
    v_job public.jobs;
    v_new private.new_job;
    v_new_job_id uuid;
begin
    select j.* into v_job from public.jobs as j where j.job_id = p_job_id and j.tenant_id = v_caller.tenant_id;
    if not found then
        perform private.raise_error(404, 'JOB_NOT_FOUND', 'There is no such job.');
    elsif v_job.status = 'queued' or v_job.status = 'completed' and p_input is null then
        perform private.raise_error(
            400, 'JOB_NOT_RETRYABLE',
            'Only a job that is failed, cancelled or timed out can be retried; with another input, a completed one as well.'
        );
    end if;
    if p_input is not null then
        perform private.authorize('jobs.create');
    end if;
    v_job.result := null;
    v_new := jsonb_populate_record(null::private.new_job, to_jsonb(v_job));
    v_new.version := v_job.workflow_version;
    v_new.robot_id := v_job.target_robot_id;
    v_new.pool := v_job.pool_id;
    v_new.input := coalesce(p_input, v_new.input);
    v_new_job_id := private.add_job(
        v_job.tenant_id, private.check_new_job(v_job.tenant_id, v_new), 'retry',
        coalesce(v_caller.user_id, v_caller.api_key_id), v_job.job_id
    );
    -- An unfinished job that has its dedupe key does other work: this one would be lost.
    if v_job.dedupe_key is not null and not exists (
        select from public.jobs as j where j.job_id = v_new_job_id and j.retry_of = p_job_id
    ) then
        perform private.raise_error(
            409, 'DEDUPE_KEY_TAKEN', format('The unfinished job %s has the dedupe key of this one.', v_new_job_id)
        );
    end if;
    update public.dead_letters as d
    set resolved_at = private.clock(),
        resolved_by = coalesce(v_caller.user_id, v_caller.api_key_id),
        requeued_job_id = v_new_job_id
    where d.job_id = p_job_id and d.resolved_at is null;
    return jsonb_build_object('job_id', p_job_id, 'new_job_id', v_new_job_id);
end
$$;
comment on function public.retry_job is
    'Enqueues a new job like one that failed, was cancelled or timed out, linked to it by retry_of; its dead letter is resolved. With p_input, an object, it begins with that and may repeat a completed job as well; that needs jobs.create, too. Raises 400 JOB_NOT_RETRYABLE or INVALID_ARGUMENT, 404 JOB_NOT_FOUND, 404 ROBOT_NOT_FOUND when the only robot that may have it is deleted, 404 POOL_NOT_FOUND when it asked for a pool that the tenant is not a member of any more, 409 DEDUPE_KEY_TAKEN when another unfinished job has its dedupe key. Needs jobs.retry.';
revoke all on function public.retry_job from public, anon, authenticated, service_role;
grant execute on function public.retry_job to authenticated;
