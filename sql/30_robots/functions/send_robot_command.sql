create or replace function private.send_robot_command(p_tenant_id uuid, p_robot_id uuid, p_command text, p_reason text)
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := private.clock();
    v_command_id uuid;
begin
    update public.robot_commands as c
    set superseded_at = v_now
    where c.tenant_id = p_tenant_id
        and c.robot_id = p_robot_id
        and (c.command = 'status_request') = (p_command = 'status_request')    -- a question changes no order
        and c.acknowledged_at is null
        and c.superseded_at is null;
    insert into public.robot_commands (tenant_id, robot_id, command, reason, issued_by, issued_at)
    values (p_tenant_id, p_robot_id, p_command, p_reason, private.commanding_actor_id(), v_now)
    returning command_id into v_command_id;
    perform private.broadcast(
        'robot:' || p_robot_id, p_command,
        jsonb_build_object('command_id', v_command_id, 'command', p_command, 'reason', p_reason)
    );
    return v_command_id;
end
$$;
comment on function private.send_robot_command is
    'Writes down what a robot is to do and pushes it. The newest order counts: older ones that it has not acknowledged are superseded. A question for its status supersedes questions only.';
revoke all on function private.send_robot_command from public, anon, authenticated, service_role;
