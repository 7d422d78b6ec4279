create or replace function private.raise_lease_lost(p_caller private.caller, p_job_id uuid)
returns void
language plpgsql
stable
set search_path = ''
as $$
begin
    if private.find_reported_job(p_caller, p_job_id) is null then
        perform private.raise_error(404, 'JOB_NOT_FOUND', 'There is no such job.');
    end if;
    perform private.raise_error(409, 'LEASE_LOST', 'This lease token does not hold the job any more.');
end
$$;
comment on function private.raise_lease_lost(private.caller, uuid) is
    'Raises 409 LEASE_LOST for a job that the robot might have held, 404 JOB_NOT_FOUND for any other.';
revoke all on function private.raise_lease_lost(private.caller, uuid) from public, anon, authenticated, service_role;
