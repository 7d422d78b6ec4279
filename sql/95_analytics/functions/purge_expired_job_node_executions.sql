create or replace function private.purge_expired_job_node_executions()
returns integer
language sql
set search_path = pg_catalog, pg_temp
as $$
    select private.purge_expired_rows('job_node_executions')
$$;
comment on function private.purge_expired_job_node_executions() is 'Duty: see private.purge_expired_rows() and private.retentions.';
revoke all on function private.purge_expired_job_node_executions() from public, anon, authenticated, service_role;
