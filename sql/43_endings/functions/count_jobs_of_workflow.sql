create or replace function private.count_jobs_of_workflow(p_tenant_id uuid, p_workflow_id uuid, p_most integer)
returns integer
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
    return (
        select count(*)
        from (
            select r.job_id
            from private.queue_tenants as q
            cross join lateral (select r.job_id from private.ready as r where r.tenant_no = q.tenant_no offset 0) as r
            where q.tenant_id = p_tenant_id
            union all
            select s.job_id from private.scheduled as s where s.tenant_id = p_tenant_id
            limit p_most
        ) as w
        cross join lateral (
            select from public.jobs as j where j.job_id = w.job_id and j.workflow_id = p_workflow_id offset 0
        ) as j
    );
end
$$;
comment on function private.count_jobs_of_workflow is
    'How many of the jobs that wait are of a workflow; looks at p_most of the tenant''s at most.';
revoke all on function private.count_jobs_of_workflow from public, anon, authenticated, service_role;
