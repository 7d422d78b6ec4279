-- Reads what the tenant has waiting, once: no index on jobs mentions what changes, so none knows the waiting jobs of a workflow.
create or replace function private.cancel_jobs_of_workflow(p_tenant_id uuid, p_workflow_id uuid, p_reason text)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant_no integer := private.find_queue_tenant(p_tenant_id);
    v_job_id uuid;
    v_cancelled integer := 0;
begin
    for v_job_id in
        delete from private.ready as r
        using public.jobs as j
        where r.tenant_no = v_tenant_no and j.job_id = r.job_id and j.workflow_id = p_workflow_id
        returning r.job_id
    loop
        perform private.end_unclaimed_job(v_job_id, p_reason);
        v_cancelled := v_cancelled + 1;
    end loop;
    for v_job_id in
        delete from private.scheduled as s
        using public.jobs as j
        where s.tenant_id = p_tenant_id and j.job_id = s.job_id and j.workflow_id = p_workflow_id
        returning s.job_id
    loop
        perform private.end_unclaimed_job(v_job_id, p_reason);
        v_cancelled := v_cancelled + 1;
    end loop;
    return v_cancelled;
end
$$;
comment on function private.cancel_jobs_of_workflow(uuid, uuid, text) is
    'Cancels every waiting job of a workflow and returns how many; those that a robot holds go on.';
revoke all on function private.cancel_jobs_of_workflow(uuid, uuid, text) from public, anon, authenticated, service_role;
