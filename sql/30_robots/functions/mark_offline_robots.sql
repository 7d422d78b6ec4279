create or replace function private.mark_offline_robots(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_robot_id uuid;
    v_marked integer := 0;
    v_back_at timestamptz := private.back_at();
begin
    if private.is_away() then       -- none of them could be heard
        return (0, 0, null)::private.turn;
    end if;
    for v_robot_id in
        select h.robot_id
        from public.robot_heartbeats as h
        join public.tenants as t on t.tenant_id = h.tenant_id
        where h.tenant_id = p_tenant_id
            and h.is_online
            and greatest(h.last_heartbeat_at, v_back_at) <= private.clock() - make_interval(secs => t.robot_offline_after_seconds)
        limit p_limit
        for update of h skip locked
    loop
        update public.robot_heartbeats as h set is_online = false where h.robot_id = v_robot_id;
        delete from private.waiting_robots as w where w.robot_id = v_robot_id;
        perform private.announce_robot('robot.offline', v_robot_id);
        v_marked := v_marked + 1;
    end loop;
    return (v_marked, v_marked, case when v_marked = p_limit then 'more' end)::private.turn;
end
$$;
comment on function private.mark_offline_robots is
    'Duty, a tenant''s turn: notices at most p_limit robots that have not been heard of for robot_offline_after_seconds in which the service was there, tells it once, and counts them.';
revoke all on function private.mark_offline_robots from public, anon, authenticated, service_role;
