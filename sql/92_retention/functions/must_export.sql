create or replace function private.must_export(p_tenant_id uuid)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(
        (
            select t.settings #> '{retention,export_before_drop}' = 'true' and private.may_export(t.plan)
            from public.tenants as t
            where t.tenant_id = p_tenant_id
        ),
        false
    )
$$;
comment on function private.must_export is 'Whether a tenant wants its jobs in a file before they leave (settings.retention.export_before_drop), and its plan lets it.';
revoke all on function private.must_export from public, anon, authenticated, service_role;
