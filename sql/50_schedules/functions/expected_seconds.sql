create or replace function private.expected_seconds(p_tenant_id uuid, p_workflow_id uuid)
returns double precision
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select sum(r.duration_ms_sum) / 1000.0 / nullif(sum(r.completed), 0)
    from public.job_rollups as r
    where r.tenant_id = p_tenant_id and r.level = 'workflow_day' and r.subject_id = p_workflow_id
        and r.starts_at > private.clock() - interval '30 days'
$$;
comment on function private.expected_seconds is
    'How long a job of a workflow takes, by those that completed in the last 30 days; null when there is none.';
revoke all on function private.expected_seconds from public, anon, authenticated, service_role;
