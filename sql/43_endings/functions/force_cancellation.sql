create or replace function private.force_cancellation(p_lease private.leases)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_forceable_at timestamptz := private.cancel_forceable_at(p_lease);
begin
    if v_forceable_at is null then
        perform private.raise_error(
            409, 'CANCEL_NOT_FORCEABLE', 'The robot has not been asked to stop the job yet: cancel it without force first.'
        );
    elsif v_forceable_at > private.clock() then
        perform private.raise_error(
            409, 'CANCEL_NOT_FORCEABLE',
            format('The robot may still stop the job by itself; the cancellation may be forced from %s on.', private.to_iso(v_forceable_at))
        );
    end if;
    delete from private.leases as l where l.job_id = p_lease.job_id;
    p_lease.cancel_reason := p_lease.cancel_reason || ' The robot did not stop, so the cancellation was forced.';
    if p_lease.started_at is not null then
        perform private.end_attempt(p_lease, 'forced', null, null, null, false);
    else
        perform private.end_uncounted(p_lease, null);
        if p_lease.counter_ids is not null then
            perform private.count_out(p_lease.counter_ids);
        end if;
    end if;
    return jsonb_build_object(
        'job_id', p_lease.job_id,
        'cancelled', true,
        'cancel_requested', false,
        'is_forced', true,
        'previous_status', case when p_lease.started_at is null then 'claimed' else 'running' end
    );
end
$$;
comment on function private.force_cancellation is
    'Takes a job away from a robot that was asked to stop it and did not, locked by the caller, and cancels it: its slot and its limits are free at once, and what the robot reports of it is refused. Raises 409 CANCEL_NOT_FORCEABLE before the grace time is over.';
revoke all on function private.force_cancellation from public, anon, authenticated, service_role;
