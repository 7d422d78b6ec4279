create or replace function private.find_robot_hindrance(p_live public.live_robots, p_is_signed_off boolean, p_has_key boolean)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return case
        when p_live.mode = 'disabled' then 'robot_disabled'
        when p_live.mode = 'maintenance' then 'robot_in_maintenance'
        when p_live.mode = 'draining' then 'robot_draining'
        when p_live.mode = 'paused' then 'robot_paused'
        when p_live.quarantined_at is not null then 'robot_quarantined'
        when not p_has_key then 'robot_key_missing'
        when p_is_signed_off then 'robot_signed_off'
        when not p_live.is_online then 'robot_offline'
        when p_live.health = 'error' then 'robot_in_error'
        when p_live.deaf_since is not null then 'robot_deaf'
        when p_live.load >= p_live.max_concurrent_jobs then 'slots_full'
    end;
end
$$;
comment on function private.find_robot_hindrance is
    'The reason code of what keeps a robot from any job at all; null when nothing does. A robot that is offline, in error or deaf may claim, but does not.';
revoke all on function private.find_robot_hindrance from public, anon, authenticated, service_role;
