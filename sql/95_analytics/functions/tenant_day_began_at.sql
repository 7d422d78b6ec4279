create or replace function private.tenant_day_began_at(p_tenant_id uuid)
returns timestamptz
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select date_trunc('hour', date_trunc('day', private.clock(), t.timezone), 'UTC')
    from public.tenants as t
    where t.tenant_id = p_tenant_id
$$;
comment on function private.tenant_day_began_at is
    'The UTC hour in which today began in the tenant''s timezone: the first hour whose rollups count as today''s.';
revoke all on function private.tenant_day_began_at from public, anon, authenticated, service_role;
