create or replace function public.record_heartbeat(p_robot text default null, p_metrics jsonb default null)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_robot public.robots := private.authorize_for_robot(p_robot, 'robots.control');
begin
    if jsonb_typeof(p_metrics) not in ('object', 'null') or pg_column_size(p_metrics) > 65536 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'metrics must be an object of at most 64 KB.');
    end if;
    if private.bring_robot_online(v_robot.tenant_id, v_robot.robot_id, nullif(p_metrics, 'null'), null) then
        perform private.announce_robot('robot.online', v_robot.robot_id);
    end if;
    return jsonb_build_object(
        'ok', true,
        'timestamp', private.to_iso(private.clock()),
        'heartbeat_interval', (
            select greatest(t.robot_offline_after_seconds / 3, 1) from public.tenants as t where t.tenant_id = v_robot.tenant_id
        ),
        'lease_seconds', 60,
        'pending_commands', (
            -- What a robot that has no Realtime must still learn.
            select coalesce(
                jsonb_agg(jsonb_build_object('command', 'cancel_job', 'job_id', l.job_id, 'reason', l.cancel_reason) order by l.job_id),
                '[]'
            )
            from private.leases as l
            where l.robot_id = v_robot.robot_id and l.cancel_requested_at is not null
        )
    );
end
$$;
comment on function public.record_heartbeat(text, jsonb) is
    'Notes that a robot is alive, with its metrics, and returns how often to say so and what waits for it (jobs to stop). Works for the robot itself and for callers with robots.control.';
revoke all on function public.record_heartbeat(text, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.record_heartbeat(text, jsonb) to authenticated;
