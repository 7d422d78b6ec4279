create or replace function private.raise_lease_lost(p_caller private.caller, p_job_id uuid)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant_id uuid := private.find_reported_job(p_caller, p_job_id);
    v_status public.job_status;
begin
    select j.status into v_status from public.jobs as j where j.job_id = p_job_id and j.tenant_id = v_tenant_id;
    if not found then
        perform private.raise_error(404, 'JOB_NOT_FOUND', 'There is no such job.');
    elsif v_status <> 'queued' then
        perform private.raise_error(409, 'JOB_ALREADY_FINISHED', format('The job is %s already.', v_status));
    end if;
    perform private.raise_error(409, 'LEASE_LOST', 'This lease token does not hold the job any more.');
end
$$;
comment on function private.raise_lease_lost is
    'Raises 409 LEASE_LOST for a job that the robot might have held, 409 JOB_ALREADY_FINISHED when it has ended, 404 JOB_NOT_FOUND for any other.';
revoke all on function private.raise_lease_lost from public, anon, authenticated, service_role;
