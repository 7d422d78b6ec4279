create or replace function private.is_job_watched(p_tenant_id uuid, p_job_id uuid)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_now timestamptz := private.clock();
begin
    return exists (
        select
        from private.queue_tenants as q
        where q.tenant_id = p_tenant_id
            and q.jobs_watched_until > v_now
            and (
                q.jobs_watched_until = 'infinity'
                or exists (select from private.job_watches as w where w.job_id = p_job_id and w.watched_until > v_now)
            )
    );
end
$$;
comment on function private.is_job_watched is
    'Whether somebody watches a job of a tenant now: one look at the tenant while none of its jobs is watched.';
revoke all on function private.is_job_watched from public, anon, authenticated, service_role;
