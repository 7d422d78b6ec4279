create or replace function private.purge_expired_late_results()
returns integer
language sql
set search_path = pg_catalog, pg_temp
as $$
    select private.purge_expired_rows('late_results')
$$;
comment on function private.purge_expired_late_results() is 'Duty: see private.purge_expired_rows() and private.retentions.';
revoke all on function private.purge_expired_late_results() from public, anon, authenticated, service_role;
