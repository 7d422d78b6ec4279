create or replace function private.explain_finished_job(p_job public.jobs)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_letter public.dead_letters;
begin
    select d.* into v_letter from public.dead_letters as d where d.job_id = p_job.job_id;
    return private.explain_reason(
        case
            when v_letter.resolved_at is not null then 'requeued'
            when p_job.status = 'timeout' and p_job.error_type = 'NO_PROGRESS' then 'no_progress'
            when p_job.status = 'timeout' then 'timed_out'
            when v_letter.job_id is not null then 'dead_lettered'
            when p_job.status = 'completed' and p_job.cancel_requested_at is not null then 'completed_despite_cancel'
            else p_job.status::text
        end,
        jsonb_build_object(
            'robot', private.name_robot(p_job.robot_id, p_job.tenant_id),
            'finished', private.to_words(p_job.finished_at),
            'cancel_requested', private.to_words(p_job.cancel_requested_at),
            'error', left(coalesce(p_job.error_message, 'no message'), 500),
            'timeout', p_job.timeout_seconds,
            'progress_timeout', p_job.progress_timeout_seconds,
            'attempts', p_job.attempts,
            'max_attempts', p_job.max_attempts,
            'dead_reason', v_letter.reason,
            'requeued_job', v_letter.requeued_job_id
        )
    );
end
$$;
comment on function private.explain_finished_job is
    'How a job ended, as private.explain_reason() says it.';
revoke all on function private.explain_finished_job from public, anon, authenticated, service_role;
