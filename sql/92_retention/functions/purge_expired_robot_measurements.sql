create or replace function private.purge_expired_robot_measurements(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language sql
set search_path = pg_catalog, pg_temp
as $$
    select private.purge_expired_rows('robot_measurements', p_tenant_id, p_limit)
$$;
comment on function private.purge_expired_robot_measurements is
    'Duty, a tenant''s turn: see private.purge_expired_rows() and private.retentions.';
revoke all on function private.purge_expired_robot_measurements from public, anon, authenticated, service_role;
