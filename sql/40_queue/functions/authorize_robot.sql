create or replace function private.authorize_robot(p_permission text)
returns private.caller
language plpgsql
stable
set search_path = ''
as $$
declare
    v_caller private.caller := private.authorize(p_permission);
begin
    if v_caller.robot_id is null then
        perform private.raise_error(403, 'FORBIDDEN', 'Only a registered robot may do this, with its own key.');
    end if;
    return v_caller;
end
$$;
comment on function private.authorize_robot(text) is
    'The verified caller, who is a robot and has the permission; raises 401 AUTHENTICATION_FAILED or 403 FORBIDDEN otherwise.';
revoke all on function private.authorize_robot(text) from public, anon, authenticated, service_role;
