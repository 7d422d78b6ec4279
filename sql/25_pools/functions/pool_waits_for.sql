create or replace function private.pool_waits_for(
    p_pool_id uuid,
    p_owner_id uuid,
    p_environment text,
    p_offers text[]
)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return exists (
        select
        from public.pool_members as m
        join private.queue_tenants as q on q.tenant_id = m.tenant_id
        join private.lanes as e on e.tenant_no = q.tenant_no and e.robot_id is null
        where m.pool_id = p_pool_id
            and m.tenant_id <> p_owner_id
            and private.pool_weight(p_pool_id, m.tenant_id) is not null
            and 'pool:' || p_pool_id = any (e.required)
            and private.lane_suits(e.environment, e.required, p_environment, p_offers)
            and (private.lane_room(e.workflow_limit_id, e.key_limit_id) > 0) is not false
            and exists (select from private.ready as r where r.tenant_no = e.tenant_no and r.lane_id = e.lane_id)
            and not exists (
                select
                from private.limits as w
                where w.tenant_id = m.tenant_id
                    and (w.scope = 'tenant' or w.pool_id = p_pool_id)
                    and private.lane_room(w.limit_id, null) = 0
            )
    );
end
$$;
comment on function private.pool_waits_for is
    'Whether other members than its owner have jobs for a pool that a robot with these things may take. For explanations: it looks at every member.';
revoke all on function private.pool_waits_for from public, anon, authenticated, service_role;
