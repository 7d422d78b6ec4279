create or replace function private.end_unclaimed_job(p_job_id uuid, p_reason text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_job public.jobs;
begin
    update public.jobs as j
    set status = 'cancelled',
        finished_at = private.clock(),
        error_message = p_reason,
        error_type = null,      -- of an attempt that was to be retried
        error_details = null
    where j.job_id = p_job_id
    returning j.* into v_job;
    if v_job.dedupe_key is not null then
        delete from private.dedupe_keys as d where d.tenant_id = v_job.tenant_id and d.dedupe_key = v_job.dedupe_key;
    end if;
    perform private.announce_job(
        'job.cancelled', 'cancelled', v_job.tenant_id, p_job_id, v_job.workflow_id, v_job.workflow_name, null,
        v_job.attempts, jsonb_build_object('message', p_reason)
    );
end
$$;
comment on function private.end_unclaimed_job(uuid, text) is
    'Writes and tells that a job ended cancelled. Its row in ready or scheduled has been taken away by the same transaction.';
revoke all on function private.end_unclaimed_job(uuid, text) from public, anon, authenticated, service_role;
