create or replace function private.purge_job_rollups()
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_count integer;
begin
    delete from public.job_rollups as r
    where r.level in ('tenant_hour', 'workflow_hour', 'robot_hour') and r.starts_at < private.clock() - interval '100 days'
        or r.level in ('tenant_day', 'workflow_day') and r.starts_at < private.clock() - interval '800 days';
    get diagnostics v_count = row_count;
    return v_count;
end
$$;
comment on function private.purge_job_rollups() is
    'Duty: removes rollups of hours after 100 days and of days after 800, and returns how many. A tenant''s total stays.';
revoke all on function private.purge_job_rollups() from public, anon, authenticated, service_role;
