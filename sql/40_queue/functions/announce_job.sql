create or replace function private.announce_job(
    p_event text,
    p_status text,
    p_tenant_id uuid,
    p_job_id uuid,
    p_workflow_id uuid,
    p_workflow_name text,
    p_robot_id uuid,
    p_attempt integer,
    p_details jsonb default null
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.announce_jobs(
        p_event, p_status,
        array[
            (p_tenant_id, p_job_id, p_workflow_id, p_workflow_name, p_robot_id, p_attempt, p_details)::private.job_notice
        ]
    );
end
$$;
comment on function private.announce_job is
    'Does private.announce_jobs() for one.';
revoke all on function private.announce_job from public, anon, authenticated, service_role;
