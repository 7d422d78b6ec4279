create or replace function private.move_robot(p_robot_id uuid, p_environment text)
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_environment text := private.nfc(p_environment);
    v_problem text := private.find_robot_problem(null, null, null, null, null, v_environment, null, null);
begin
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    end if;
    update public.robots as r set environment = v_environment, updated_at = private.clock() where r.robot_id = p_robot_id;
    delete from private.waiting_robots as w where w.robot_id = p_robot_id;     -- waits with what it had before
    perform private.announce_robot('robot.updated', p_robot_id);
    return v_environment;
end
$$;
comment on function private.move_robot is
    'Puts a robot into the environment that it says it works in, and returns that. Raises 400 INVALID_ARGUMENT.';
revoke all on function private.move_robot from public, anon, authenticated, service_role;
