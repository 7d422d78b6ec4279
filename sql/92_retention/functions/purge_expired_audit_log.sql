create or replace function private.purge_expired_audit_log()
returns integer
language sql
set search_path = pg_catalog, pg_temp
as $$
    select private.purge_expired_rows('audit_log')
$$;
comment on function private.purge_expired_audit_log() is 'Duty: see private.purge_expired_rows() and private.retentions.';
revoke all on function private.purge_expired_audit_log() from public, anon, authenticated, service_role;
