create or replace function public.set_robot_status(p_robot text, p_status text)
returns public.live_robots
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_robot public.robots := private.authorize_for_robot(p_robot, 'robots.control');
    v_mode public.robot_mode;
    v_is_news boolean;
    v_live public.live_robots;
begin
    if not coalesce(p_status in ('idle', 'busy', 'offline', 'error', 'maintenance'), false) then
        perform private.raise_error(
            400, 'INVALID_ARGUMENT', 'status must be idle, busy, offline, error or maintenance.'
        );
    end if;

    v_mode := case
        when p_status = 'maintenance' then 'maintenance'
        when p_status in ('idle', 'busy') and v_robot.mode = 'maintenance' then 'active'
        -- What a person decided about the robot is not undone by what the robot says of itself.
        when p_status in ('idle', 'busy') and (private.caller()).principal <> 'robot' then 'active'
        else v_robot.mode
    end;
    if v_mode <> v_robot.mode then
        update public.robots as r set mode = v_mode, updated_at = private.clock() where r.robot_id = v_robot.robot_id;
    end if;
    if p_status = 'offline' then
        update public.robot_heartbeats as h
        set is_online = false, is_signed_off = true
        where h.robot_id = v_robot.robot_id and (h.is_online or not h.is_signed_off);
        v_is_news := found;
    else
        v_is_news := private.bring_robot_online(
            v_robot.tenant_id, v_robot.robot_id, null,
            case when p_status = 'error' then 'error' when p_status in ('idle', 'busy') then 'ok' end::public.robot_health
        );
    end if;
    if p_status in ('offline', 'maintenance') then
        delete from private.waiting_robots as w where w.robot_id = v_robot.robot_id;
    end if;
    perform private.announce_robot(
        case
            when v_is_news and p_status = 'offline' then 'robot.offline'
            when v_is_news then 'robot.online'
            else 'robot.updated'
        end,
        v_robot.robot_id
    );
    select r.* into v_live from public.live_robots as r where r.robot_id = v_robot.robot_id;
    return v_live;
end
$$;
comment on function public.set_robot_status(text, text) is
    'Takes the status words of the orchestrator''s documents: offline signs the robot off, error and maintenance say so, idle and busy bring it back. Works for the robot itself and for callers with robots.control. Returns the robot.';
revoke all on function public.set_robot_status(text, text) from public, anon, authenticated, service_role;
grant execute on function public.set_robot_status(text, text) to authenticated;
