create or replace function public.start_job(p_job_id uuid, p_lease_token bigint default null)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize_robot('jobs.report');
    v_now timestamptz := private.clock();
    v_lease private.leases;
begin
    select l.* into v_lease
    from private.leases as l
    where l.job_id = p_job_id
        and (p_lease_token is null or l.lease_token = p_lease_token)
        and l.robot_id is not distinct from v_caller.robot_id
    for update;
    if not found then
        perform private.raise_lease_lost(v_caller, p_job_id);
    end if;
    if v_lease.started_at is null then
        -- The time that a job may take counts from its start, not from its claim.
        update private.leases as l
        set started_at = v_now, away = '0', timeout_at = l.timeout_at + (v_now - l.claimed_at)
        where l.job_id = p_job_id;
        v_lease.started_at := v_now;
        perform private.announce_job(
            'job.started', 'running', v_lease.tenant_id, p_job_id, v_lease.workflow_id, v_lease.workflow_name,
            v_lease.robot_id, v_lease.attempt
        );
    end if;
    return jsonb_build_object(
        'job_id', p_job_id,
        'status', 'running',
        'started_at', private.to_iso(v_lease.started_at),
        'lease_expires_at', private.to_iso(v_lease.lease_expires_at),
        'cancel_requested', v_lease.cancel_requested_at is not null,
        'watched', private.is_job_watched(v_lease.tenant_id, p_job_id)
    );
end
$$;
comment on function public.start_job is
    'Says that a claimed job runs now. Idempotent. Without a token it is the calling robot''s own lease. Raises 409 LEASE_LOST or JOB_ALREADY_FINISHED without the newest lease, 404 JOB_NOT_FOUND. Needs jobs.report.';
revoke all on function public.start_job from public, anon, authenticated, service_role;
grant execute on function public.start_job to authenticated;
