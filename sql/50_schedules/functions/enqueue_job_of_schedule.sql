create or replace function private.enqueue_job_of_schedule(
    p_schedule public.schedules,
    p_trigger_type text,
    p_created_by uuid,
    p_dedupe_key text
)
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_schedule.pool_id is not null then
        perform private.find_pool(p_schedule.tenant_id, p_schedule.pool_id::text, 'member');     -- it may have left
    end if;
    return private.add_job(
        p_schedule.tenant_id, p_created_by, p_schedule.workflow_id, null, p_schedule.input, p_schedule.priority,
        p_schedule.environment, p_schedule.execution_mode::text, '{}', '{}', null, null, p_dedupe_key, 3, 3600, null,
        p_schedule.metadata || jsonb_build_object('schedule_id', p_schedule.schedule_id), p_trigger_type,
        p_pool_id => p_schedule.pool_id
    );
end
$$;
comment on function private.enqueue_job_of_schedule is
    'Puts a job in the queue as a schedule says it; the job''s metadata names the schedule. Raises what private.add_job raises, and 404 POOL_NOT_FOUND when the tenant is in its pool no more.';
revoke all on function private.enqueue_job_of_schedule from public, anon, authenticated, service_role;
