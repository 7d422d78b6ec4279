create or replace function private.holds_live_lease(p_caller private.caller, p_job_id uuid)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return exists (
        select from private.leases as l
        where l.job_id = p_job_id
            and l.robot_id = p_caller.robot_id
            and l.lease_expires_at > private.clock()
    );
end
$$;
comment on function private.holds_live_lease is 'Whether the caller is the robot that holds a job now.';
revoke all on function private.holds_live_lease from public, anon, authenticated, service_role;
