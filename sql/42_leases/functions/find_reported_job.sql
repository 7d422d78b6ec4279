create or replace function private.find_reported_job(p_caller private.caller, p_job_id uuid)
returns uuid
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select j.tenant_id
        from public.jobs as j
        where j.job_id = p_job_id
            and (
                j.tenant_id = p_caller.tenant_id
                or j.pool_id = (select r.pool_id from public.robots as r where r.robot_id = p_caller.robot_id)
            )
    );
end
$$;
comment on function private.find_reported_job is
    'The tenant of a job that the calling robot might have held: one of its own tenant, or one that asked for the robot''s pool; null for any other.';
revoke all on function private.find_reported_job from public, anon, authenticated, service_role;
