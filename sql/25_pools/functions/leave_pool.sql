create or replace function public.leave_pool(p_pool text)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('settings.write');
    v_pool public.pools := private.find_pool(v_caller.tenant_id, p_pool, 'invited');
begin
    perform private.end_pool_membership(v_pool.pool_id, v_caller.tenant_id);
    delete from public.pool_members as m where m.pool_id = v_pool.pool_id and m.tenant_id = v_caller.tenant_id;
    return jsonb_build_object('pool_id', v_pool.pool_id, 'name', v_pool.name);
end
$$;
comment on function public.leave_pool is
    'Leaves a pool, or declines the invitation to it; the next claim of its robots takes no job of the tenant. What waits for the pool goes on waiting. Raises 404 POOL_NOT_FOUND, 409 POOL_AMBIGUOUS, POOL_OWNER_STAYS. Needs settings.write.';
revoke all on function public.leave_pool from public, anon, authenticated, service_role;
grant execute on function public.leave_pool to authenticated;
