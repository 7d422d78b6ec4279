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
    v_job private.new_job := private.job_of_schedule(p_schedule);
    v_job_id uuid;
begin
    v_job.dedupe_key := p_dedupe_key;
    v_job.metadata := v_job.metadata || jsonb_build_object('schedule_id', p_schedule.schedule_id);
    v_job_id := private.add_job(
        p_schedule.tenant_id, private.check_new_job(p_schedule.tenant_id, v_job), p_trigger_type, p_created_by
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
    'Puts a job in the queue as a schedule says it; the job''s metadata names the schedule. Raises what private.check_new_job() and private.add_job() raise: 404 POOL_NOT_FOUND when the tenant is in its pool no more, and 404 ROBOT_NOT_FOUND when its robot is deleted.';
revoke all on function private.enqueue_job_of_schedule from public, anon, authenticated, service_role;
