create or replace function private.take_member_jobs(
    p_pool_id uuid,
    p_owner_id uuid,
    p_tenant_id uuid,           -- the member
    p_tenant_no integer,
    p_robot_id uuid,
    p_environment text,
    p_offers text[],
    p_want integer,
    p_may_wait boolean          -- for limits
)
returns private.taken_job[]
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_limits record;
begin
    -- Not waited for: who sets a limit of the tenant may wait for a lease of another that this claim keeps waiting.
    if p_tenant_id <> p_owner_id
        and not pg_try_advisory_xact_lock_shared(private.limits_lock(), hashtext(p_tenant_id::text))
    then
        return '{}';
    end if;
    select
        (
            select w.limit_id
            from private.limits as w
            where w.tenant_id = p_tenant_id and w.scope = 'pool' and w.pool_id = p_pool_id
        ) as pool_limit_id,
        (
            select w.limit_id from private.limits as w where w.tenant_id = p_tenant_id and w.scope = 'tenant'
        ) as limit_id,
        exists (
            select from private.limits as w where w.tenant_id = p_tenant_id and w.scope > 'tenant'
        ) or exists (
            select from private.workflow_removals as w where w.tenant_id = p_tenant_id
        ) as may_stray,
        (select q.is_fair from private.queue_tenants as q where q.tenant_no = p_tenant_no) as is_fair
    into v_limits;
    return private.take_jobs(
        p_tenant_id, p_tenant_no, p_robot_id, p_environment, p_offers, v_limits.limit_id,
        v_limits.may_stray, p_want, p_may_wait, case when p_tenant_id <> p_owner_id then p_pool_id end,
        v_limits.pool_limit_id, v_limits.is_fair
    );
end
$$;
comment on function private.take_member_jobs is
    'Takes up to p_want jobs of one member of a pool for one of its robots, as private.take_jobs() does: jobs that ask for the pool, or all of the owner''s; none while a limit of the member is being set.';
revoke all on function private.take_member_jobs from public, anon, authenticated, service_role;
