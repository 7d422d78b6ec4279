create or replace function public.get_robot_session()
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize_robot('jobs.report');
    v_settings jsonb := (select t.settings from public.tenants as t where t.tenant_id = v_caller.tenant_id);
begin
    return jsonb_build_object(
        'accept_grace_seconds', private.robot_patience_seconds(v_settings, 'accept_grace_seconds', 30),
        'reconnect_window_seconds', private.robot_patience_seconds(v_settings, 'reconnect_window_seconds', 60),
        'leases', (
            select coalesce(
                jsonb_agg(
                    jsonb_build_object(
                        'job_id', l.job_id,
                        'lease_token', l.lease_token,
                        'is_started', l.started_at is not null,
                        'cancel_requested', l.cancel_requested_at is not null,
                        'cancel_reason', l.cancel_reason
                    )
                    order by l.lease_token
                ),
                '[]'
            )
            from private.leases as l
            where l.robot_id = v_caller.robot_id
        )
    );
end
$$;
comment on function public.get_robot_session is
    'What a gateway that speaks for the calling robot must know: for how long a job may be offered, for how long leases outlive the robot''s connection, and the leases that the robot holds, with their tokens. Needs jobs.report (robots).';
revoke all on function public.get_robot_session from public, anon, authenticated, service_role;
grant execute on function public.get_robot_session to authenticated;
