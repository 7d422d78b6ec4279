create or replace function public.create_pool(p_name text, p_shares_by text default 'jobs')
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('robots.write');
    v_actor_id uuid := coalesce(v_caller.user_id, v_caller.api_key_id);
    v_now timestamptz := private.clock();
    v_name text := private.nfc(btrim(p_name));
    v_pool public.pools;
begin
    if length(v_name) not between 1 and 64 or v_name is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'name must have 1 to 64 characters.');
    elsif p_shares_by not in ('jobs', 'robot_seconds') or p_shares_by is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'shares_by must be jobs or robot_seconds.');
    end if;
    insert into public.pools (tenant_id, name, shares_by, created_at)
    values (v_caller.tenant_id, v_name, p_shares_by, v_now)
    on conflict (tenant_id, name) do nothing
    returning * into v_pool;
    if not found then
        perform private.raise_error(409, 'POOL_EXISTS', 'The tenant has a pool of this name.');
    end if;
    perform private.find_queue_tenant(v_caller.tenant_id);
    insert into public.pool_members (pool_id, invitee, tenant_id, invited_by, invited_at, accepted_by, accepted_at)
    select v_pool.pool_id, t.slug, t.tenant_id, v_actor_id, v_now, v_actor_id, v_now
    from public.tenants as t
    where t.tenant_id = v_caller.tenant_id;
    insert into private.shares (pool_id, tenant_id, folded_at) values (v_pool.pool_id, v_caller.tenant_id, v_now);
    return private.describe_pool(v_pool.pool_id, v_caller.tenant_id);
end
$$;
comment on function public.create_pool is
    'Makes a pool without robots, whose first member is its owner, the caller''s tenant. Its members take turns by jobs, or by robot_seconds. Raises 409 POOL_EXISTS. Needs robots.write.';
revoke all on function public.create_pool from public, anon, authenticated, service_role;
grant execute on function public.create_pool to authenticated;
