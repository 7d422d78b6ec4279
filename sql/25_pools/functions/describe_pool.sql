create or replace function private.describe_pool(p_pool_id uuid, p_tenant_id uuid)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select jsonb_build_object(
            'pool_id', p.pool_id,
            'name', p.name,
            'standing', case
                when p.tenant_id = p_tenant_id then 'owner'
                when m.accepted_at is not null then 'member'
                else 'invited'
            end,
            'shares_by', p.shares_by,
            'weight', m.weight,
            'max_running', m.max_running,
            'invited_at', private.to_iso(m.invited_at),
            'accepted_at', private.to_iso(m.accepted_at)
        )
        from public.pools as p
        join public.pool_members as m on m.pool_id = p.pool_id and m.tenant_id = p_tenant_id
        where p.pool_id = p_pool_id
        order by m.accepted_at nulls last, m.invited_at desc
        limit 1
    );
end
$$;
comment on function private.describe_pool is
    'A pool as one of its tenants may see it: {pool_id, name, standing (owner, member, invited), shares_by (jobs, robot_seconds), weight, max_running, invited_at, accepted_at}.';
revoke all on function private.describe_pool from public, anon, authenticated, service_role;
