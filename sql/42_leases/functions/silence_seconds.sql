create or replace function private.silence_seconds(p_tenant_id uuid)
returns integer
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select least(greatest(t.robot_offline_after_seconds, 300), 3600)
        from public.tenants as t
        where t.tenant_id = p_tenant_id
    );
end
$$;
comment on function private.silence_seconds is
    'For how long an agent that knows no lease may be silent and keep its jobs: until it counts as offline, and five minutes at least.';
revoke all on function private.silence_seconds from public, anon, authenticated, service_role;
