create or replace function private.raise_lease_lost(p_tenant_id uuid, p_job_id uuid)
returns void
language plpgsql
stable
set search_path = ''
as $$
begin
    perform from public.jobs as j where j.job_id = p_job_id and j.tenant_id = p_tenant_id;
    if not found then
        perform private.raise_error(404, 'JOB_NOT_FOUND', 'There is no such job.');
    end if;
    perform private.raise_error(409, 'LEASE_LOST', 'This lease token does not hold the job any more.');
end
$$;
comment on function private.raise_lease_lost(uuid, uuid) is
    'Raises 409 LEASE_LOST for a job of the tenant, 404 JOB_NOT_FOUND for any other.';
revoke all on function private.raise_lease_lost(uuid, uuid) from public, anon, authenticated, service_role;
