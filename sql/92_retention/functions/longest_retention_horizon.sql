create or replace function private.longest_retention_horizon()
returns timestamptz
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(min(private.retention_horizon('jobs', t.tenant_id)), private.clock()) from public.tenants as t
$$;
comment on function private.longest_retention_horizon is 'The time before which no tenant''s jobs are kept any more, but for those that are live or dead letters.';
revoke all on function private.longest_retention_horizon from public, anon, authenticated, service_role;
