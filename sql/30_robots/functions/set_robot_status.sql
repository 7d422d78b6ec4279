create or replace function public.set_robot_status(p_robot text, p_status text, p_session_id uuid default null)
returns public.live_robots
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_robot public.robots := private.authorize_for_robot(p_robot, 'robots.control');
    v_is_robot boolean := (private.caller()).principal is not distinct from 'robot';
    v_mode public.robot_mode;
    v_is_news boolean;
    v_has_others boolean := false;      -- processes of the robot that have not left
    v_live public.live_robots;
begin
    if not coalesce(p_status in ('idle', 'busy', 'offline', 'error', 'maintenance', 'paused'), false) then
        perform private.raise_error(
            400, 'INVALID_ARGUMENT', 'status must be idle, busy, offline, error, maintenance or paused.'
        );
    end if;

    -- What people decide about the robot is its mode, and what it says of itself stands beside that: neither it nor a job that
    -- runs on it can undo a pause.
    v_mode := case
        when v_is_robot then v_robot.mode
        when p_status in ('maintenance', 'paused') then p_status::public.robot_mode
        when p_status in ('idle', 'busy') then 'active'
        else v_robot.mode
    end;
    if v_mode <> v_robot.mode then
        update public.robots as r set mode = v_mode, updated_at = private.clock() where r.robot_id = v_robot.robot_id;
        if v_mode = 'active' then       -- the robot's program may have been told to pause or drain: it hears that this is over
            perform private.send_robot_command(v_robot.tenant_id, v_robot.robot_id, 'resume', null);
        end if;
    end if;
    if p_status = 'offline' then
        -- A process that leaves says so of itself. While another one of the same robot lives, or may, the robot stays.
        update public.robot_heartbeats as h
        set session_id = case when h.session_id <> p_session_id then h.session_id end, other_session_at = null
        from public.tenants as t
        where h.robot_id = v_robot.robot_id
            and t.tenant_id = h.tenant_id
            and h.is_online
            and (
                h.session_id <> p_session_id
                or (
                    p_session_id is not null
                    and h.other_session_at > private.clock() - make_interval(secs => t.robot_offline_after_seconds)
                )
            );
        v_has_others := found;
        if not v_has_others then
            update public.robot_heartbeats as h
            set is_online = false, is_signed_off = true, session_id = null, other_session_at = null
            where h.robot_id = v_robot.robot_id and (h.is_online or not h.is_signed_off);
        end if;
        v_is_news := found and not v_has_others;
    else
        v_is_news := private.bring_robot_online(
            v_robot.tenant_id, v_robot.robot_id, null,
            case when p_status = 'error' then 'error' when p_status in ('idle', 'busy') then 'ok' end::public.robot_health
        );
    end if;
    if p_status in ('idle', 'busy') or p_status in ('maintenance', 'paused') and v_is_robot then
        update public.robot_heartbeats as h
        set is_in_maintenance = p_status in ('maintenance', 'paused')
        where h.robot_id = v_robot.robot_id and h.is_in_maintenance <> (p_status in ('maintenance', 'paused'));
    end if;
    if p_status in ('offline', 'maintenance', 'paused') and not v_has_others then
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
comment on function public.set_robot_status is
    'Takes the status words of the orchestrator''s documents: offline signs the robot off (said by one of its processes: unless another one is alive), error, maintenance and paused (the robot''s own pause, which is its maintenance) say so, idle and busy bring it back. Works for callers with robots.control, and for the robot itself, which ends only a maintenance that it announced itself: what people decided stays. Returns the robot.';
revoke all on function public.set_robot_status from public, anon, authenticated, service_role;
grant execute on function public.set_robot_status to authenticated;
