create or replace function public.command_robot(p_robot text, p_command text, p_reason text default null)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('robots.control');
    v_robot public.robots := private.find_robot(v_caller.tenant_id, p_robot);
    v_reason text := nullif(btrim(p_reason), '');
    v_mode public.robot_mode;
    v_command_id uuid;
begin
    if not coalesce(p_command in ('pause', 'resume', 'drain', 'shutdown', 'quarantine', 'release', 'status_request'), false) then
        perform private.raise_error(
            400, 'INVALID_ARGUMENT',
            'command must be pause, resume, drain, shutdown, quarantine, release or status_request.'
        );
    elsif length(v_reason) > 1024 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'reason must not have more than 1024 characters.');
    end if;

    if p_command = 'status_request' then
        v_command_id := private.send_robot_command(v_robot.tenant_id, v_robot.robot_id, p_command, v_reason);
    elsif p_command = 'quarantine' then
        v_command_id := private.quarantine_robot(
            v_robot.tenant_id, v_robot.robot_id, coalesce(v_reason, 'A person put it there.')
        );
        if v_command_id is null then
            perform private.raise_error(409, 'ROBOT_QUARANTINED', 'The robot is in quarantine already.');
        end if;
    else
        v_mode := case p_command
            when 'pause' then 'paused'
            when 'drain' then 'draining'
            when 'resume' then 'active'
            else v_robot.mode       -- a robot that was shut down works again when somebody starts it
        end;
        if p_command = 'release' then   -- before the robot's row, as who counts failures does
            delete from private.robot_failures as f
            where f.tenant_id = v_robot.tenant_id and f.robot_id = v_robot.robot_id;
        end if;
        update public.robots as r
        set mode = v_mode,
            quarantined_at = case when p_command = 'release' then null else r.quarantined_at end,
            quarantine_reason = case when p_command = 'release' then null else r.quarantine_reason end,
            updated_at = private.clock()
        where r.robot_id = v_robot.robot_id;
        if p_command = 'resume' then    -- also from what the robot said of itself
            update public.robot_heartbeats as h
            set is_in_maintenance = false
            where h.robot_id = v_robot.robot_id and h.is_in_maintenance;
        end if;
        if p_command not in ('resume', 'release') then
            delete from private.waiting_robots as w where w.robot_id = v_robot.robot_id;
        end if;
        v_command_id := private.send_robot_command(v_robot.tenant_id, v_robot.robot_id, p_command, v_reason);
        perform private.announce_robot(
            case when p_command = 'release' and v_robot.quarantined_at is not null then 'robot.released' else 'robot.updated' end,
            v_robot.robot_id, jsonb_build_object('command', p_command, 'reason', v_reason)
        );
    end if;
    return jsonb_build_object('command_id', v_command_id, 'command', p_command, 'robot_id', v_robot.robot_id);
end
$$;
comment on function public.command_robot is
    'Tells a robot to pause, to drain (finish what it holds, then stand by), to resume after either, to shut down, asks for its status (its next heartbeat answers), or puts it in quarantine or releases it. The cloud obeys at once: no jobs for a robot that may have none. The robot is told by push and heartbeat, and its acknowledgement is live_robots.last_command. Raises 404 ROBOT_NOT_FOUND, 409 ROBOT_QUARANTINED. Needs robots.control.';
revoke all on function public.command_robot from public, anon, authenticated, service_role;
grant execute on function public.command_robot to authenticated;
