create or replace function private.authorize(p_permission text)
returns private.caller
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.caller();
begin
    if v_caller.principal is null then
        perform private.refuse_caller();
    end if;
    if not private.has_permission(v_caller.permissions, p_permission) then
        perform private.raise_error(403, 'FORBIDDEN', format('This needs the permission %s.', p_permission));
    end if;
    return v_caller;
end
$$;
comment on function private.authorize is
    'The verified caller, who has the permission; raises 401 AUTHENTICATION_FAILED, 403 NO_TENANT or 403 FORBIDDEN otherwise. The first line of every public function.';
revoke all on function private.authorize from public, anon, authenticated, service_role;
grant execute on function private.authorize to authenticated;
