create or replace function private.end_unclaimed_jobs(p_job_ids uuid[], p_reason text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_now timestamptz := private.clock();
    -- Its bounds choose the partitions before the statement begins.
    v_low_job_id uuid := (select i.id from unnest(p_job_ids) as i (id) order by i.id limit 1);
    v_high_job_id uuid := (select i.id from unnest(p_job_ids) as i (id) order by i.id desc limit 1);
    v_job record;
    v_notices private.job_notice[] := '{}';
begin
    if p_job_ids = '{}' then
        return;
    end if;
    for v_job in
        update public.jobs as j
        set status = 'cancelled',
            finished_at = v_now,
            error_message = p_reason,
            error_type = null,      -- of an attempt that was to be retried
            error_details = null
        where j.job_id = any (p_job_ids) and j.job_id between v_low_job_id and v_high_job_id
        returning j.job_id, j.tenant_id, j.workflow_id, j.workflow_name, j.attempts, j.dedupe_key
    loop
        if v_job.dedupe_key is not null then
            delete from private.dedupe_keys as d where d.tenant_id = v_job.tenant_id and d.dedupe_key = v_job.dedupe_key;
        end if;
        v_notices := v_notices || (
            v_job.tenant_id, v_job.job_id, v_job.workflow_id, v_job.workflow_name, null, v_job.attempts,
            jsonb_build_object('message', p_reason)
        )::private.job_notice;
    end loop;
    perform private.announce_jobs('job.cancelled', 'cancelled', v_notices);
end
$$;
comment on function private.end_unclaimed_jobs is
    'Writes and tells that jobs of one tenant ended cancelled. Their rows in ready or scheduled have been taken away by the same transaction.';
revoke all on function private.end_unclaimed_jobs from public, anon, authenticated, service_role;
