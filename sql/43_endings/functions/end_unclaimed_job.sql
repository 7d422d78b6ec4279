create or replace function private.end_unclaimed_job(p_job_id uuid, p_reason text)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    select private.end_unclaimed_jobs(array[p_job_id], p_reason)
$$;
comment on function private.end_unclaimed_job is 'Does private.end_unclaimed_jobs() for one.';
revoke all on function private.end_unclaimed_job from public, anon, authenticated, service_role;
