-- Without its counters: who rescues several leases counts them out together, after the lanes of all.
create or replace function private.rescue_lease(p_lease private.leases)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    -- The deadline that passed first decides the outcome.
    v_over_at timestamptz := private.lease_over_at(p_lease);
begin
    delete from private.leases as l where l.job_id = p_lease.job_id;
    p_lease.counter_ids := null;
    if p_lease.started_at is null then
        perform private.end_uncounted(p_lease, 'The robot did not start it in time.');
    elsif v_over_at = p_lease.timeout_at then
        perform private.end_attempt(p_lease, 'timeout', 'The job took longer than its timeout.', 'JOB_TIMEOUT', null, true);
    elsif v_over_at = private.progress_due_at(p_lease) then
        perform private.end_attempt(
            p_lease, 'no_progress',
            format('The robot reported no progress for %s seconds.', p_lease.progress_timeout_seconds), 'NO_PROGRESS', null, true
        );
    else
        perform private.end_attempt(p_lease, 'lost', 'The robot did not renew its lease.', 'LEASE_EXPIRED', null, true);
    end if;
end
$$;
comment on function private.rescue_lease is
    'Takes back a lease that is over, locked by its caller, and ends the attempt, which counts if it was started. Its counters and its robot''s failures are the caller''s to count.';
revoke all on function private.rescue_lease from public, anon, authenticated, service_role;
