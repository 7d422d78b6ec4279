create or replace function private.check_new_job(p_tenant_id uuid, p_job private.new_job)
returns private.new_job
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_problem text;
begin
    p_job.environment := private.nfc(p_job.environment);
    p_job.required_capabilities := private.nfc_words(p_job.required_capabilities);
    p_job.required_tags := private.nfc_words(p_job.required_tags);
    p_job.dedupe_key := private.nfc(p_job.dedupe_key);
    p_job.concurrency_key := private.nfc(p_job.concurrency_key);
    v_problem := case
        when p_job.workflow_id is null then 'workflow_id must be given.'
        else private.find_job_problem(p_job)
    end;
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    end if;

    p_job.input := coalesce(p_job.input, '{}');
    p_job.priority := coalesce(p_job.priority, 10);
    p_job.environment := coalesce(p_job.environment, '*');
    p_job.execution_mode := coalesce(p_job.execution_mode, 'lan');
    p_job.required_capabilities := coalesce(p_job.required_capabilities, '{}');
    p_job.required_tags := coalesce(p_job.required_tags, '{}');
    p_job.max_attempts := coalesce(p_job.max_attempts, 3);
    p_job.timeout_seconds := coalesce(p_job.timeout_seconds, 3600);
    p_job.retry_policy := coalesce(
        p_job.retry_policy,
        '{"policy": "exponential", "base_delay_seconds": 5, "max_delay_seconds": 3600, "jitter": 0.2}'
    );
    p_job.metadata := coalesce(p_job.metadata, '{}');

    if p_job.robot_id is not null then
        p_job.robot_id := (private.find_robot(p_tenant_id, p_job.robot_id)).robot_id;
    end if;
    if p_job.pool is not null then
        p_job.pool := (private.find_pool(p_tenant_id, p_job.pool, 'member')).pool_id;
    end if;
    return p_job;
end
$$;
comment on function private.check_new_job is
    'A new job of a tenant as private.add_job() takes it: texts in one spelling, defaults filled in, robot and pool by their ids. Raises 400 INVALID_ARGUMENT with the field and its rule, 404 ROBOT_NOT_FOUND or POOL_NOT_FOUND, 409 POOL_AMBIGUOUS.';
revoke all on function private.check_new_job from public, anon, authenticated, service_role;
