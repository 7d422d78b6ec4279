-- The caller keeps claims of the tenant away until it commits.
create or replace function private.count_in_leases(p_limit private.limits)
returns integer
language plpgsql
set search_path = ''
as $$
declare
    v_running integer;
begin
    -- Leases in the order of their ids, as whoever takes several does; what ends meanwhile does not count.
    perform
    from private.leases as l
    where l.tenant_id = p_limit.tenant_id
    order by l.job_id
    for update;
    update private.leases as l
    set limit_ids = coalesce(l.limit_ids, '{}') || p_limit.limit_id
    from public.jobs as j
    where l.tenant_id = p_limit.tenant_id
        and j.job_id = l.job_id
        and (
            p_limit.scope = 'tenant'
            or j.workflow_id = p_limit.workflow_id
            or j.concurrency_key = p_limit.concurrency_key
            or p_limit.pool_id = (select r.pool_id from public.robots as r where r.robot_id = l.robot_id)
        );
    get diagnostics v_running = row_count;
    update private.limits as w set running = v_running where w.limit_id = p_limit.limit_id;
    return v_running;
end
$$;
comment on function private.count_in_leases(private.limits) is
    'Lets the leases that a new limit holds for count towards it, and returns how many they are.';
revoke all on function private.count_in_leases(private.limits) from public, anon, authenticated, service_role;
