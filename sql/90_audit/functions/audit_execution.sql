create or replace function private.audit_execution(p_job_id uuid)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('jobs.create');
begin
    insert into public.audit_log (
        tenant_id, actor_id, principal, action, resource_type, resource_id, new_values, request_id, ip_address, created_at
    )
    select
        j.tenant_id, j.created_by, v_caller.principal, 'execute', 'workflows', j.workflow_id::text,
        jsonb_build_object('job_id', j.job_id, 'version', j.workflow_version),
        left(nullif(current_setting('casare.request_id', true), ''), 128), private.client_ip(), private.clock()
    from public.jobs as j
    where j.job_id = p_job_id
        and j.tenant_id = v_caller.tenant_id
        and j.created_by = coalesce(v_caller.user_id, v_caller.robot_id, v_caller.api_key_id)
        and j.trigger_type = 'manual';
end
$$;
comment on function private.audit_execution is
    'Writes down that the caller ran a workflow by hand, in the transaction in which its job was enqueued. Needs jobs.create.';
revoke all on function private.audit_execution from public, anon, authenticated, service_role;
grant execute on function private.audit_execution to authenticated;
