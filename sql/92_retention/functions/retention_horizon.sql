create or replace function private.retention_horizon(p_kind text, p_tenant_id uuid)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_days integer;
begin
    select case
        when r.may_be_shortened
            then private.setting_number(t.settings, array['retention', p_kind || '_days'], 1, r.days, r.days)
        else r.days
    end
    into v_days
    from public.tenants as t
    join private.retentions as r on r.kind = p_kind and r.plan = t.plan
    where t.tenant_id = p_tenant_id;
    return private.clock() - make_interval(days => coalesce(v_days, 0));
end
$$;
comment on function private.retention_horizon is
    'What a tenant has of a kind from before this time is kept no longer: by its plan, or sooner by settings.retention.<kind>_days. The present for a tenant that is gone.';
revoke all on function private.retention_horizon from public, anon, authenticated, service_role;
