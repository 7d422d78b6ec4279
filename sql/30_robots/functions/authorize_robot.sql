-- What private.authorize() asks, said here again: on the path of every verb of a robot each call inside a call costs.
create or replace function private.authorize_robot(p_permission text, p_permission_of_others text default null)
returns private.caller
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.caller();
begin
    if v_caller.robot_id is null or not private.has_permission(v_caller.permissions, p_permission) then
        if p_permission_of_others is not null and v_caller.principal is distinct from 'robot' then
            return private.authorize(p_permission_of_others);
        end if;
        perform private.authorize(p_permission);
        perform private.raise_error(403, 'FORBIDDEN', 'Only a registered robot may do this, with its own key.');
    end if;
    return v_caller;
end
$$;
comment on function private.authorize_robot is
    'The verified caller, who is a robot and has the permission, or a member or program with the second one, if one is named; raises 401 AUTHENTICATION_FAILED or 403 FORBIDDEN otherwise.';
revoke all on function private.authorize_robot from public, anon, authenticated, service_role;
