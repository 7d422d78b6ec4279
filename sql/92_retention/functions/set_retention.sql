create or replace function public.set_retention(p_days jsonb default '{}', p_export_before_drop boolean default null)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('settings.write');
    v_kind text;
    v_days jsonb;
    v_most record;
    v_retention jsonb;
    v_may_export boolean;
begin
    select coalesce(t.settings -> 'retention', '{}'), private.may_export(t.plan) into v_retention, v_may_export
    from public.tenants as t
    where t.tenant_id = v_caller.tenant_id
    for update;
    if jsonb_typeof(p_days) is distinct from 'object' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'days must be an object such as {"jobs": 3}.');
    end if;
    for v_kind, v_days in select d.key, d.value from jsonb_each(p_days) as d loop
        select r.days into v_most
        from private.retentions as r
        join public.tenants as t on t.plan = r.plan
        where t.tenant_id = v_caller.tenant_id and r.kind = v_kind and r.may_be_shortened;
        if not found then
            perform private.raise_error(400, 'INVALID_ARGUMENT', format('days.%s cannot be set.', v_kind));
        elsif v_days = 'null' then
            v_retention := v_retention - (v_kind || '_days');
        elsif v_days::text !~ '^[1-9][0-9]{0,4}$' or v_days::text::integer > v_most.days then
            perform private.raise_error(
                400, 'INVALID_ARGUMENT', format('days.%s must be a whole number from 1 to %s, the plan''s.', v_kind, v_most.days)
            );
        else
            v_retention := v_retention || jsonb_build_object(v_kind || '_days', v_days);
        end if;
    end loop;
    if p_export_before_drop is not null then
        if not v_may_export then
            perform private.raise_error(
                403, 'SETTING_OF_THE_PLAN', 'retention.export_before_drop is decided by the plan of the tenant.'
            );
        end if;
        v_retention := v_retention || jsonb_build_object('export_before_drop', p_export_before_drop);
    end if;
    update public.tenants as t
    set settings = jsonb_set(t.settings, '{retention}', v_retention), updated_at = private.clock()
    where t.tenant_id = v_caller.tenant_id;
    return public.get_retention();
end
$$;
comment on function public.set_retention is
    'Shortens how many days the caller''s tenant keeps jobs, job_logs, robot_logs, job_node_executions, late_results, dead_letters and events (null: as long as the plan says again), or asks that jobs are exported before they are dropped (403 SETTING_OF_THE_PLAN in the plan free). Needs settings.write.';
revoke all on function public.set_retention from public, anon, authenticated, service_role;
grant execute on function public.set_retention to authenticated;
