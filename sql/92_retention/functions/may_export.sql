-- A week of jobs is one partition of all tenants, which stays as long as one of them waits for an export.
create or replace function private.may_export(p_plan public.tenant_plan)
returns boolean
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select p_plan <> 'free'
$$;
comment on function private.may_export is 'Whether tenants of a plan may ask that their jobs are exported before they leave.';
revoke all on function private.may_export from public, anon, authenticated, service_role;
