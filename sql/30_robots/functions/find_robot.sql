create or replace function private.find_robot(p_tenant_id uuid, p_robot text)
returns public.robots
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_robot public.robots;
begin
    -- An external id may look like a UUID; the robot's own id wins.
    if p_robot ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
        select r.* into v_robot
        from public.robots as r
        where r.robot_id = p_robot::uuid and r.tenant_id = p_tenant_id and r.deleted_at is null;
    end if;
    if v_robot.robot_id is null then
        select r.* into v_robot
        from public.robots as r
        where r.tenant_id = p_tenant_id and r.external_id = p_robot and r.deleted_at is null;
    end if;
    if v_robot.robot_id is null then
        perform private.raise_error(404, 'ROBOT_NOT_FOUND', 'There is no such robot.');
    end if;
    return v_robot;
end
$$;
comment on function private.find_robot is
    'The robot of a tenant by its id or its external id. Raises 404 ROBOT_NOT_FOUND for one that is deleted, another tenant''s or not there.';
revoke all on function private.find_robot from public, anon, authenticated, service_role;
