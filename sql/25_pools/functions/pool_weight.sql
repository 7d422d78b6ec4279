create or replace function private.pool_weight(p_pool_id uuid, p_tenant_id uuid)
returns smallint
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
    return (
        select m.weight
        from public.pool_members as m
        where m.pool_id = p_pool_id
            and m.tenant_id = p_tenant_id
            and m.accepted_at is not null
            and exists (select from public.tenants as t where t.tenant_id = p_tenant_id and t.deleted_at is null)
    );
end
$$;
comment on function private.pool_weight is
    'How many jobs a pool''s robot gives a tenant in its turn; null for one that is not a member (any more).';
revoke all on function private.pool_weight from public, anon, authenticated, service_role;
