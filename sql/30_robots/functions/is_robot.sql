create or replace function private.is_robot(p_robot_id uuid)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return exists (select from public.robots as r where r.robot_id = p_robot_id and r.deleted_at is null);
end
$$;
comment on function private.is_robot is
    'Whether a robot is still in the fleet: one that a person deleted did not die.';
revoke all on function private.is_robot from public, anon, authenticated, service_role;
