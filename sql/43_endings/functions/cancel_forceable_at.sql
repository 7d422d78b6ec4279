create or replace function private.cancel_forceable_at(p_lease private.leases)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_seconds jsonb := (
        select t.settings #> '{queue,cancel_grace_seconds}' from public.tenants as t where t.tenant_id = p_lease.tenant_id
    );
begin
    return p_lease.cancel_requested_at + make_interval(secs => case
        when jsonb_typeof(v_seconds) = 'number' and v_seconds::numeric between 0 and 86400 then v_seconds::double precision
        else 60
    end);
end
$$;
comment on function private.cancel_forceable_at is
    'From when on the cancellation of a held job may be forced: its robot has a minute to stop, or what the settings of the job''s tenant say, {"queue": {"cancel_grace_seconds": 60}}; null when it was not asked to stop.';
revoke all on function private.cancel_forceable_at from public, anon, authenticated, service_role;
