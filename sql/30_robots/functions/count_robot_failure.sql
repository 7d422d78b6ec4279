-- The job may be another tenant's, of the robot's pool. However many of them fail in a row, they count as one failure until
-- somebody else's job fails too: else a member could put every robot of a pool out of work.
create or replace function private.count_robot_failure(p_job_tenant_id uuid, p_robot_id uuid, p_job_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := private.clock();
    v_tenant_id uuid;       -- the robot's
    v_failures integer;
    v_limit integer;
begin
    insert into private.robot_failures as f (
        tenant_id, robot_id, failures, first_failed_at, last_failed_at, last_job_id, last_job_tenant_id
    )
    select r.tenant_id, r.robot_id, 1, v_now, v_now, p_job_id, p_job_tenant_id
    from public.robots as r
    where r.robot_id = p_robot_id and r.deleted_at is null
    on conflict (tenant_id, robot_id) do update set
        failures = f.failures + case
            when excluded.last_job_tenant_id <> f.tenant_id and excluded.last_job_tenant_id = f.last_job_tenant_id then 0
            else 1
        end,
        last_failed_at = excluded.last_failed_at,
        last_job_id = excluded.last_job_id,
        last_job_tenant_id = excluded.last_job_tenant_id
    returning f.tenant_id, f.failures into v_tenant_id, v_failures;
    select t.quarantine_after_failures into v_limit from public.tenants as t where t.tenant_id = v_tenant_id;
    if v_limit > 0 and v_failures >= v_limit then
        perform private.quarantine_robot(
            v_tenant_id, p_robot_id, format('It failed %s attempts in a row.', v_failures),
            jsonb_build_object('failures', v_failures, 'last_job_id', p_job_id)
        );
    end if;
end
$$;
comment on function private.count_robot_failure is
    'Notes that a robot failed an attempt at a job of a tenant, and quarantines it after as many in a row as the robot''s tenant allows (quarantine_after_failures; 0: never).';
revoke all on function private.count_robot_failure from public, anon, authenticated, service_role;
