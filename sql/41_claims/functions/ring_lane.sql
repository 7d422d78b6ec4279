create or replace function private.ring_lane(p_lane_id integer, p_jobs integer default 1)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select private.ring_robots(l.tenant_no, l.environment, l.required, l.robot_id, p_jobs)
        from private.lanes as l
        where l.lane_id = p_lane_id
    );
end
$$;
comment on function private.ring_lane is 'Wakes robots for jobs that became ready in a lane. See private.ring_robots().';
revoke all on function private.ring_lane from public, anon, authenticated, service_role;
