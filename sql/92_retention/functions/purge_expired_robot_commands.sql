create or replace function private.purge_expired_robot_commands()
returns integer
language sql
set search_path = pg_catalog, pg_temp
as $$
    select private.purge_expired_rows('robot_commands')
$$;
comment on function private.purge_expired_robot_commands() is 'Duty: see private.purge_expired_rows() and private.retentions.';
revoke all on function private.purge_expired_robot_commands() from public, anon, authenticated, service_role;
