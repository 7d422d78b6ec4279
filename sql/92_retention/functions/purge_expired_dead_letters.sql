create or replace function private.purge_expired_dead_letters()
returns integer
language sql
set search_path = pg_catalog, pg_temp
as $$
    select private.purge_expired_rows('dead_letters')
$$;
comment on function private.purge_expired_dead_letters() is 'Duty: see private.purge_expired_rows() and private.retentions.';
revoke all on function private.purge_expired_dead_letters() from public, anon, authenticated, service_role;
