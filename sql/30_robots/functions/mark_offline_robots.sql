create or replace function private.mark_offline_robots()
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_robot_id uuid;
    v_marked integer := 0;
begin
    for v_robot_id in
        select h.robot_id
        from public.robot_heartbeats as h
        join public.tenants as t on t.tenant_id = h.tenant_id
        where h.is_online
            and h.last_heartbeat_at <= private.clock() - make_interval(secs => t.robot_offline_after_seconds)
        for update of h skip locked
    loop
        update public.robot_heartbeats as h set is_online = false where h.robot_id = v_robot_id;
        delete from private.waiting_robots as w where w.robot_id = v_robot_id;
        perform private.announce_robot('robot.offline', v_robot_id);
        v_marked := v_marked + 1;
    end loop;
    return v_marked;
end
$$;
comment on function private.mark_offline_robots() is
    'Notices robots that have not been heard of for their tenant''s robot_offline_after_seconds, tells it once, and returns how many.';
revoke all on function private.mark_offline_robots() from public, anon, authenticated, service_role;
