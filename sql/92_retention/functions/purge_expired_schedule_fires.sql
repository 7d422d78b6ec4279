create or replace function private.purge_expired_schedule_fires()
returns integer
language sql
set search_path = pg_catalog, pg_temp
as $$
    select private.purge_expired_rows('schedule_fires')
$$;
comment on function private.purge_expired_schedule_fires() is 'Duty: see private.purge_expired_rows() and private.retentions.';
revoke all on function private.purge_expired_schedule_fires() from public, anon, authenticated, service_role;
