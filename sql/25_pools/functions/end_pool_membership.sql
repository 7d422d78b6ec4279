create or replace function private.end_pool_membership(p_pool_id uuid, p_tenant_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform from public.pools as p where p.pool_id = p_pool_id and p.tenant_id = p_tenant_id;
    if found then
        perform private.raise_error(409, 'POOL_OWNER_STAYS', 'The owner of a pool is always a member.');
    end if;
    -- What robots hold of it they finish; the counters are of no use any more.
    delete from private.shares as s where s.pool_id = p_pool_id and s.tenant_id = p_tenant_id;
    delete from private.limits as w
    where w.tenant_id = p_tenant_id and w.scope = 'pool' and w.pool_id = p_pool_id;
end
$$;
comment on function private.end_pool_membership is
    'Takes away what a pool keeps of a tenant beside its membership. Raises 409 POOL_OWNER_STAYS for the owner.';
revoke all on function private.end_pool_membership from public, anon, authenticated, service_role;
