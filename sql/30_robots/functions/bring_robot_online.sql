create or replace function private.bring_robot_online(
    p_tenant_id uuid,
    p_robot_id uuid,
    p_metrics jsonb,
    p_health public.robot_health,
    p_session_id uuid default null
)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := private.clock();
    v_was record;
    v_is_desktop_open boolean := private.is_desktop_open(p_metrics);
    v_step timestamptz := date_bin('5 minutes', v_now, 'epoch');
    v_measured real[];
    v_is_idle boolean := p_metrics -> 'current_job_count' = '0' or p_metrics -> 'active_job_ids' = '[]';
begin
    select h.is_online, h.is_desktop_open, h.measured_since, h.measured into v_was
    from public.robot_heartbeats as h
    where h.robot_id = p_robot_id
    for update;
    -- Whoever takes a robot away holds this row before: what is seen now is what is left of it.
    if not exists (select from public.robots as r where r.robot_id = p_robot_id and r.deleted_at is null) then
        perform private.raise_error(404, 'ROBOT_NOT_FOUND', 'There is no such robot.');
    end if;
    if p_metrics is not null then
        if v_was.measured is not null and v_was.measured_since <> v_step then
            perform private.keep_measurements(p_tenant_id, p_robot_id, v_was.measured_since, v_was.measured);
            v_was.measured := null;
        end if;
        v_measured := private.add_measurements(v_was.measured, p_metrics);
    end if;
    if v_was is null then
        insert into public.robot_heartbeats as h (
            robot_id, tenant_id, last_heartbeat_at, online_since, metrics, is_desktop_open, health, session_id, idle_at,
            measured_since, measured
        )
        values (
            p_robot_id, p_tenant_id, v_now, v_now, coalesce(p_metrics, '{}'), v_is_desktop_open, coalesce(p_health, 'ok'),
            p_session_id, case when v_is_idle then v_now end, v_step, v_measured
        )
        on conflict (robot_id) do nothing;
        return found;
    end if;
    update public.robot_heartbeats as h
    set last_heartbeat_at = v_now,
        online_since = case when h.is_online then h.online_since else v_now end,
        is_online = true,
        is_signed_off = false,
        metrics = coalesce(p_metrics, h.metrics),
        is_desktop_open = case when p_metrics is null then h.is_desktop_open else v_is_desktop_open end,
        health = coalesce(p_health, h.health),
        session_id = coalesce(h.session_id, p_session_id),
        idle_at = case when v_is_idle then v_now else h.idle_at end,
        measured_since = case when p_metrics is null then h.measured_since else v_step end,
        measured = case when p_metrics is null then h.measured else v_measured end,
        other_session_at = case when h.session_id <> p_session_id then v_now else h.other_session_at end
    where h.robot_id = p_robot_id;
    if p_metrics is not null and v_was.is_desktop_open <> v_is_desktop_open then
        delete from private.waiting_robots as w where w.robot_id = p_robot_id;      -- waits with what it had before
        if v_is_desktop_open then       -- there may be jobs that waited for it
            perform private.broadcast('robot:' || p_robot_id, 'job_available', '{}');
        end if;
    end if;
    return not v_was.is_online;
end
$$;
comment on function private.bring_robot_online is
    'Records that a robot is alive, and returns whether it was offline before. Raises 404 ROBOT_NOT_FOUND for one that was taken away meanwhile. Null metrics or health leave the last ones; others add to what it measured in these five minutes. Records when the robot says that it runs nothing (current_job_count 0, or no active_job_ids), and when a session other than the last registered one is heard, and rings a robot whose desktop was unlocked.';
revoke all on function private.bring_robot_online from public, anon, authenticated, service_role;
