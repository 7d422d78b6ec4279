create or replace function private.authorize_for_robot(p_robot text, p_permission text)
returns public.robots
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.caller();
    v_robot public.robots;
begin
    if v_caller.principal is distinct from 'robot' then
        v_caller := private.authorize(p_permission);
        if p_robot is null then
            perform private.raise_error(400, 'INVALID_ARGUMENT', 'robot_id must be given.');
        end if;
        return private.find_robot(v_caller.tenant_id, p_robot);
    end if;
    v_caller := private.authorize_robot('robots.heartbeat');
    select r.* into v_robot from public.robots as r where r.robot_id = v_caller.robot_id;
    -- Another robot and no robot get the same answer.
    if p_robot is not null and lower(p_robot) <> v_robot.robot_id::text and p_robot <> v_robot.external_id then
        perform private.raise_error(403, 'FORBIDDEN', 'A robot''s key works for its own robot only.');
    end if;
    return v_robot;
end
$$;
comment on function private.authorize_for_robot is
    'The robot that a request is about: a robot''s own (null: itself), or any of the tenant for a caller with the permission. Raises 401, 403 FORBIDDEN, 404 ROBOT_NOT_FOUND.';
revoke all on function private.authorize_for_robot from public, anon, authenticated, service_role;
