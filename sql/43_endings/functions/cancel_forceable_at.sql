create or replace function private.cancel_forceable_at(p_lease private.leases)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return p_lease.cancel_requested_at + make_interval(secs => private.cancel_grace_seconds(
        (select t.settings from public.tenants as t where t.tenant_id = p_lease.tenant_id)
    ));
end
$$;
comment on function private.cancel_forceable_at is
    'From when on the cancellation of a held job may be forced: its robot has the grace to stop that the settings of the job''s tenant say; null when it was not asked to stop.';
revoke all on function private.cancel_forceable_at from public, anon, authenticated, service_role;
