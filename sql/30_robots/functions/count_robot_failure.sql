create or replace function private.count_robot_failure(p_tenant_id uuid, p_robot_id uuid, p_job_id uuid)
returns void
language plpgsql
set search_path = ''
as $$
declare
    v_now timestamptz := private.clock();
    v_failures integer;
    v_limit integer;
begin
    insert into private.robot_failures as f (tenant_id, robot_id, failures, first_failed_at, last_failed_at, last_job_id)
    select r.tenant_id, r.robot_id, 1, v_now, v_now, p_job_id
    from public.robots as r
    where r.tenant_id = p_tenant_id and r.robot_id = p_robot_id and r.deleted_at is null
    on conflict (tenant_id, robot_id) do update set
        failures = f.failures + 1,
        last_failed_at = excluded.last_failed_at,
        last_job_id = excluded.last_job_id
    returning f.failures into v_failures;
    select t.quarantine_after_failures into v_limit from public.tenants as t where t.tenant_id = p_tenant_id;
    if v_limit > 0 and v_failures >= v_limit then
        perform private.quarantine_robot(
            p_tenant_id, p_robot_id, format('It failed %s attempts in a row.', v_failures),
            jsonb_build_object('failures', v_failures, 'last_job_id', p_job_id)
        );
    end if;
end
$$;
comment on function private.count_robot_failure(uuid, uuid, uuid) is
    'Notes that a robot failed an attempt, and quarantines it after as many in a row as its tenant allows (quarantine_after_failures; 0: never).';
revoke all on function private.count_robot_failure(uuid, uuid, uuid) from public, anon, authenticated, service_role;
