create or replace function private.explain_held_job(p_lease private.leases)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := private.clock();
    v_over_at timestamptz := private.lease_over_at(p_lease);
begin
    return private.explain_reason(
        case
            when p_lease.cancel_requested_at is not null then 'cancel_requested'
            when v_over_at <= v_now and v_over_at = p_lease.lease_expires_at then 'lease_expired'
            when v_over_at <= v_now then 'time_over'
            when p_lease.started_at is null then 'held_claimed'
            else 'held_running'
        end,
        jsonb_build_object(
            'robot', private.name_robot(p_lease.robot_id, p_lease.tenant_id),
            'lease_until', private.to_words(v_over_at),
            'progress', p_lease.progress,
            'last_progress', private.to_words(p_lease.progress_at),
            'cancel_requested', private.to_words(p_lease.cancel_requested_at),
            'cancel_reason', p_lease.cancel_reason,
            'forceable', private.to_words(private.cancel_forceable_at(p_lease))
        )
    );
end
$$;
comment on function private.explain_held_job is
    'Who holds a job and until when, as private.explain_reason() says it.';
revoke all on function private.explain_held_job from public, anon, authenticated, service_role;
