create or replace function public.set_settings(p_changes jsonb)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('settings.write');
    v_tenant public.tenants;
    v_name text;
    v_value jsonb;
    v_known record;
    v_problem text;
    v_path text[];
begin
    select t.* into v_tenant from public.tenants as t where t.tenant_id = v_caller.tenant_id for no key update;
    if jsonb_typeof(p_changes) is distinct from 'object' or p_changes = '{}' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'changes must be an object such as {"timezone": "Europe/Berlin"}.');
    end if;
    for v_name, v_value in select c.key, c.value from jsonb_each(p_changes) as c loop
        select k.* into v_known from private.list_known_settings(v_caller.tenant_id) as k where k.name = v_name;
        if not found then
            perform private.raise_error(400, 'UNKNOWN_SETTING', format('%s is not a setting.', left(v_name, 64)));
        elsif not v_known.is_changeable then
            perform private.raise_error(
                403, 'SETTING_OF_THE_PLAN', format('%s is decided by the plan of the tenant.', v_name)
            );
        end if;
        if v_value = 'null' then    -- back to the default
            if v_name = 'name' then
                perform private.raise_error(400, 'INVALID_ARGUMENT', 'name has no default, and cannot be reset.');
            end if;
        else
            v_problem := private.find_setting_problem(
                v_name, v_value, v_known.type, v_known.minimum, v_known.maximum, v_known.choices
            );
            if v_problem is not null then
                perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
            end if;
        end if;
        case v_name
            when 'name' then
                v_tenant.name := private.nfc(btrim(v_value #>> '{}'));
            when 'timezone' then
                v_tenant.timezone := coalesce(nullif(v_value, 'null'), v_known.default_value) #>> '{}';
            when 'robots.offline_after_seconds' then
                v_tenant.robot_offline_after_seconds := coalesce(nullif(v_value, 'null'), v_known.default_value)::integer;
            when 'robots.quarantine_after_failures' then
                v_tenant.quarantine_after_failures := coalesce(nullif(v_value, 'null'), v_known.default_value)::integer;
            else
                v_path := string_to_array(v_name, '.');
                if v_value = 'null' then
                    v_tenant.settings := v_tenant.settings #- v_path;
                else
                    v_tenant.settings := v_tenant.settings || jsonb_build_object(
                        v_path[1], coalesce(v_tenant.settings -> v_path[1], '{}') || jsonb_build_object(v_path[2], v_value)
                    );
                end if;
        end case;
    end loop;
    update public.tenants as t
    set name = v_tenant.name,
        timezone = v_tenant.timezone,
        robot_offline_after_seconds = v_tenant.robot_offline_after_seconds,
        quarantine_after_failures = v_tenant.quarantine_after_failures,
        settings = v_tenant.settings,
        updated_at = private.clock()
    where t.tenant_id = v_caller.tenant_id;
end
$$;
comment on function public.set_settings is
    'Changes settings of the caller''s tenant by their names, {"queue.fair_share": true}; null sets one back to its default. All or none. Raises 400 UNKNOWN_SETTING or INVALID_ARGUMENT, 403 SETTING_OF_THE_PLAN. Needs settings.write.';
revoke all on function public.set_settings from public, anon, authenticated, service_role;
grant execute on function public.set_settings to authenticated;
