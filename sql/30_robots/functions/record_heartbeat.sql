create or replace function public.record_heartbeat(
    p_robot text default null,
    p_metrics jsonb default null,
    p_acknowledged_commands uuid[] default null,
    p_session_id uuid default null,
    p_claims_in_flight uuid[] default null
)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_robot public.robots := private.authorize_for_robot(p_robot, 'robots.control');
begin
    if jsonb_typeof(p_metrics) not in ('object', 'null') or pg_column_size(p_metrics) > 65536 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'metrics must be an object of at most 64 KB.');
    end if;
    if private.find_json_problem('metrics', p_metrics) is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', private.find_json_problem('metrics', p_metrics));
    end if;
    if private.find_session_problem(p_metrics -> 'session') is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', private.find_session_problem(p_metrics -> 'session'));
    end if;
    if cardinality(p_acknowledged_commands) > 100 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'acknowledged_commands must not have more than 100 entries.');
    end if;
    if cardinality(p_claims_in_flight) > 100 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'claims_in_flight must not have more than 100 entries.');
    end if;
    if jsonb_typeof(p_metrics -> 'active_job_ids') not in ('array', 'null') then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'active_job_ids must be a list of the ids of jobs.');
    end if;
    perform private.note_call();
    if jsonb_typeof(p_metrics -> 'active_job_ids') = 'array' then
        perform private.give_back_unknown_jobs(v_robot.robot_id, p_metrics -> 'active_job_ids', p_claims_in_flight);
    end if;
    if cardinality(p_acknowledged_commands) > 0 then
        update public.robot_commands as c
        set acknowledged_at = private.clock()
        where c.tenant_id = v_robot.tenant_id
            and c.robot_id = v_robot.robot_id
            and c.command_id = any (p_acknowledged_commands)
            and c.acknowledged_at is null;
        if found then
            perform private.announce_robot('robot.updated', v_robot.robot_id, '{"acknowledged": true}');
        end if;
    end if;
    if private.bring_robot_online(v_robot.tenant_id, v_robot.robot_id, nullif(p_metrics, 'null'), null, p_session_id) then
        perform private.announce_robot('robot.online', v_robot.robot_id);
    end if;
    return jsonb_build_object(
        'external_id', v_robot.external_id,
        'heard_at', private.to_iso(private.clock()),
        'heartbeat_seconds', (
            select greatest(t.robot_offline_after_seconds / 3, 1) from public.tenants as t where t.tenant_id = v_robot.tenant_id
        ),
        'lease_seconds', 60,
        'other_session_at', (
            select private.to_iso(r.other_session_at) from public.live_robots as r where r.robot_id = v_robot.robot_id
        ),
        'is_replaced', coalesce((
            select h.session_id <> p_session_id from public.robot_heartbeats as h where h.robot_id = v_robot.robot_id
        ), false),
        'pending_commands', (
            -- What a robot that has no Realtime must still learn: the jobs to stop, and what it has not acknowledged.
            select coalesce(jsonb_agg(p.command order by p.id), '[]')
            from (
                select l.job_id as id, jsonb_build_object(
                    'command', 'cancel_job', 'job_id', l.job_id, 'reason', l.cancel_reason
                ) as command
                from private.leases as l
                where l.robot_id = v_robot.robot_id and l.cancel_requested_at is not null
                union all
                select c.command_id, jsonb_build_object(
                    'command', c.command, 'command_id', c.command_id, 'reason', c.reason,
                    'issued_at', private.to_iso(c.issued_at)
                )
                from public.robot_commands as c
                where c.tenant_id = v_robot.tenant_id
                    and c.robot_id = v_robot.robot_id
                    and c.acknowledged_at is null
                    and c.superseded_at is null
            ) as p
        )
    );
end
$$;
comment on function public.record_heartbeat is
    'Records that a robot is alive, with its metrics (their session {user, interactive, locked, width, height} is the capability session:interactive while it is not locked) and the commands that it acknowledges, gives back the leases that it does not know (active_job_ids of the metrics, where it has them), and returns the interval of heartbeats, whether another session of the robot registered after this one (is_replaced) and what the robot must do (jobs to stop, commands). Works for the robot itself and for callers with robots.control.';
revoke all on function public.record_heartbeat from public, anon, authenticated, service_role;
grant execute on function public.record_heartbeat to authenticated;
