-- Here and not among the functions, because the view of robots calls it.
create or replace function private.count_held_jobs(p_robot_id uuid)
returns bigint
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select count(*)
        from public.robots as r
        join private.leases as l on l.robot_id = r.robot_id
        where r.robot_id = p_robot_id and r.tenant_id = private.permitted_tenant_id('robots.read')
        having count(*) > 0
    );
end
$$;
comment on function private.count_held_jobs(uuid) is
    'How many jobs a robot of the caller''s tenant holds, whosever they are; null for none, and for any other robot. For the view of robots, whose reader may not see the leases of other tenants'' jobs.';
revoke all on function private.count_held_jobs(uuid) from public, anon, authenticated, service_role;
grant execute on function private.count_held_jobs(uuid) to authenticated;
