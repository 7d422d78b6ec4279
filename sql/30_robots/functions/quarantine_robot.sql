create or replace function private.quarantine_robot(p_tenant_id uuid, p_robot_id uuid, p_reason text, p_data jsonb default '{}')
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_command_id uuid;
begin
    update public.robots as r
    set quarantined_at = private.clock(), quarantine_reason = p_reason, updated_at = private.clock()
    where r.tenant_id = p_tenant_id and r.robot_id = p_robot_id and r.quarantined_at is null and r.deleted_at is null;
    if not found then
        return null;
    end if;
    delete from private.waiting_robots as w where w.robot_id = p_robot_id;
    v_command_id := private.send_robot_command(p_tenant_id, p_robot_id, 'quarantine', p_reason);
    perform private.announce_robot('robot.quarantined', p_robot_id, jsonb_build_object('reason', p_reason) || p_data);
    return v_command_id;
end
$$;
comment on function private.quarantine_robot is
    'Takes a robot out of work until a person releases it, tells it so, and returns the command; null when it is in quarantine already. It may finish the jobs that it holds.';
revoke all on function private.quarantine_robot from public, anon, authenticated, service_role;
