create or replace function private.announce_robot(p_event text, p_robot_id uuid, p_data jsonb default '{}')
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_robot public.live_robots;
begin
    select r.* into v_robot from public.live_robots as r where r.robot_id = p_robot_id;
    if not found then
        return;
    end if;
    perform private.emit_event(
        v_robot.tenant_id, p_event, null, p_robot_id, null,
        jsonb_build_object(
            'robot_id', v_robot.robot_id,
            'external_id', v_robot.external_id,
            'name', v_robot.name,
            'mode', v_robot.mode,
            'is_online', v_robot.is_online,
            'is_active', v_robot.is_active,
            'is_healthy', v_robot.is_healthy,
            'is_busy', v_robot.is_busy
        ) || p_data
    );
end
$$;
comment on function private.announce_robot is
    'Tells that a robot came, went or changed; nothing of one that was taken away.';
revoke all on function private.announce_robot from public, anon, authenticated, service_role;
