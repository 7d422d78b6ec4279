create or replace function private.purge_expired_events()
returns integer
language sql
set search_path = pg_catalog, pg_temp
as $$
    select private.purge_expired_rows('events')
$$;
comment on function private.purge_expired_events() is 'Duty: see private.purge_expired_rows() and private.retentions.';
revoke all on function private.purge_expired_events() from public, anon, authenticated, service_role;
