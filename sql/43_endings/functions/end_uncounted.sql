-- The lease is gone already, and its caller counts it out of its counters, as with private.end_attempt(). Three ends in a row
-- cost no time; after that the job waits, so that no robot and no network can hand it round in circles as fast as they can.
create or replace function private.end_uncounted(p_lease private.leases, p_message text)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_ends integer;
    v_retry_at timestamptz;
begin
    update public.jobs as j
    set uncounted_ends = least(j.uncounted_ends + 1, 1000),
        past_leases = private.add_past_lease(j.past_leases, p_lease),
        cancel_requested_at = p_lease.cancel_requested_at
    where j.job_id = p_lease.job_id
    returning j.uncounted_ends into v_ends;
    if p_lease.cancel_requested_at is not null then
        perform private.end_unclaimed_job(p_lease.job_id, coalesce(p_lease.cancel_reason, 'Cancelled.'));
        return jsonb_build_object('job_id', p_lease.job_id, 'status', 'cancelled', 'outcome', 'applied');
    end if;
    if v_ends <= 3 then
        perform private.put_back(p_lease.tenant_no, p_lease.lane_id, array[p_lease.job_id], array[p_lease.attempt - 1]);
        perform private.ring_lane(p_lease.lane_id);
    else
        v_retry_at := private.clock() + make_interval(secs => least(5 * 2.0 ^ least(v_ends - 4, 10), 300));
        insert into private.scheduled (job_id, tenant_id, tenant_no, lane_id, run_at, attempts)
        values (
            p_lease.job_id, p_lease.tenant_id, p_lease.tenant_no, p_lease.lane_id, v_retry_at, p_lease.attempt - 1
        );
    end if;
    perform private.announce_job(
        'job.queued', 'queued', p_lease.tenant_id, p_lease.job_id, p_lease.workflow_id, p_lease.workflow_name, null,
        p_lease.attempt - 1,
        jsonb_strip_nulls(jsonb_build_object('message', p_message, 'run_at', private.to_iso(v_retry_at)))
    );
    return jsonb_strip_nulls(jsonb_build_object(
        'job_id', p_lease.job_id, 'status', 'queued', 'outcome', 'applied', 'retry_at', private.to_iso(v_retry_at)
    ));
end
$$;
comment on function private.end_uncounted is
    'Puts a job back whose lease ended without an attempt that counts, as if it had not been claimed; cancels it when that was requested. From the fourth such end in a row on it waits 5 seconds, then twice as long each time, at most 5 minutes.';
revoke all on function private.end_uncounted from public, anon, authenticated, service_role;
