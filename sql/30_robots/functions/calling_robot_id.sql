create or replace function private.calling_robot_id()
returns uuid
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return (private.caller()).robot_id;
end
$$;
comment on function private.calling_robot_id is 'The robot that makes this request, verified; null for anybody else. For policies.';
revoke all on function private.calling_robot_id from public, anon, authenticated, service_role;
grant execute on function private.calling_robot_id to authenticated;
