create or replace function private.ring_limit(p_limit_id integer, p_jobs integer)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_limit private.limits;
    v_tenant_no integer;
    v_lane_id integer;
    v_rung integer := 0;
begin
    select w.* into v_limit from private.limits as w where w.limit_id = p_limit_id;
    v_tenant_no := private.find_queue_tenant(v_limit.tenant_id);
    if not exists (select from private.waiting_robots as r where r.tenant_no = v_tenant_no)
        and not exists (select from private.waiting_robots as r where r.pool_id is not null)
    then
        return 0;
    end if;
    for v_lane_id in
        select l.lane_id
        from private.lanes as l
        where l.tenant_no = v_tenant_no
            and (
                v_limit.scope = 'tenant'
                or p_limit_id in (l.workflow_limit_id, l.key_limit_id)
                or 'pool:' || v_limit.pool_id = any (l.required)
            )
            and exists (select from private.ready as r where r.tenant_no = l.tenant_no and r.lane_id = l.lane_id)
        order by l.priority - l.promotion
    loop
        exit when v_rung >= p_jobs;
        v_rung := v_rung + private.ring_lane(v_lane_id, p_jobs - v_rung);
    end loop;
    return v_rung;
end
$$;
comment on function private.ring_limit is
    'Wakes robots for jobs that a limit kept waiting, when there is room for some again. The bell may be lost: robots also poll.';
revoke all on function private.ring_limit from public, anon, authenticated, service_role;
