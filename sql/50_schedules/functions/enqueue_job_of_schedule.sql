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
declare
    v_job_id uuid;
begin
    if p_schedule.pool_id is not null then
        perform private.find_pool(p_schedule.tenant_id, p_schedule.pool_id::text, 'member');     -- it may have left
    end if;
    if p_schedule.robot_id is not null then
        perform private.find_robot(p_schedule.tenant_id, p_schedule.robot_id::text);    -- it may be deleted
    end if;
    v_job_id := private.add_job(
        p_schedule.tenant_id, p_created_by, p_schedule.workflow_id, null, p_schedule.input, p_schedule.priority,
        p_schedule.environment, p_schedule.execution_mode::text, p_schedule.required_capabilities, p_schedule.required_tags,
        p_schedule.robot_id, null, p_dedupe_key, 3, 3600, null,
        p_schedule.metadata || jsonb_build_object('schedule_id', p_schedule.schedule_id), p_trigger_type,
        p_pool_id => p_schedule.pool_id
    );
    if private.is_followed(p_schedule) then
        insert into private.schedule_jobs (job_id, tenant_id, schedule_id)
        values (v_job_id, p_schedule.tenant_id, p_schedule.schedule_id)
        on conflict do nothing;     -- another session's, by the dedupe key
    end if;
    return v_job_id;
end
$$;
comment on function private.enqueue_job_of_schedule is
    'Puts a job in the queue as a schedule says it; the job''s metadata names the schedule. Raises what private.add_job raises, 404 POOL_NOT_FOUND when the tenant is in its pool no more, and 404 ROBOT_NOT_FOUND when its robot is deleted.';
revoke all on function private.enqueue_job_of_schedule from public, anon, authenticated, service_role;
