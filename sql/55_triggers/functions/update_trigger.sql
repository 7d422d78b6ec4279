create or replace function public.update_trigger(p_trigger_id uuid, p_changes jsonb)
returns public.triggers
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('triggers.write');
    v_old public.triggers := private.lock_trigger(v_caller.tenant_id, p_trigger_id);
    v_new public.triggers := v_old;
    v_taken_away text[];    -- names that config takes away
    v_problem text;
begin
    if jsonb_typeof(p_changes) is distinct from 'object' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'The changes must be an object.');
    end if;
    select format('%s cannot be changed.', left(k, 64)) into v_problem
    from jsonb_object_keys(p_changes) as k
    where k not in ('workflow_id', 'name', 'config', 'is_enabled')
    limit 1;
    if v_problem is null then
        begin
            v_new.workflow_id := coalesce((p_changes ->> 'workflow_id')::uuid, v_old.workflow_id);
            v_new.is_enabled := coalesce((p_changes ->> 'is_enabled')::boolean, v_old.is_enabled);
        exception
            when data_exception then
                v_problem := 'A change has a value of the wrong type: ' || sqlerrm || '.';
        end;
    end if;
    v_new.name := coalesce(private.nfc(p_changes ->> 'name'), v_old.name);
    if jsonb_typeof(p_changes -> 'config') = 'object' then
        -- What config does not name stays, as fields do; a null takes a name away.
        v_taken_away := array(select e.key from jsonb_each(p_changes -> 'config') as e where e.value = 'null' order by e.key);
        v_new.config := (v_old.config || (p_changes -> 'config')) - v_taken_away;
        if v_old.schedule_id is null then
            v_problem := coalesce(v_problem, (
                select format('config has no field %s.', left(n.name, 64))
                from private.trigger_types as t
                cross join unnest(v_taken_away) as n (name)
                where t.trigger_type = v_old.trigger_type and not t.config_schema -> 'properties' ? n.name
                limit 1
            ));
        end if;
    elsif p_changes ->> 'config' is not null then
        v_problem := coalesce(v_problem, 'config must be an object.');
    end if;
    v_problem := coalesce(v_problem, private.find_trigger_problem(v_new));
    if v_old.trigger_type = 'webhook' and v_problem is null then
        v_new.path := coalesce(private.webhook_path(v_new.config ->> 'path'), v_old.path);
        if not v_new.config ? 'path' then
            v_new.path := v_old.path;
        end if;
        v_new.config := jsonb_build_object('auth', v_old.config -> 'auth') || v_new.config || jsonb_build_object('path', v_new.path);
        if v_new.config -> 'auth' <> v_old.config -> 'auth' then
            v_problem := 'config.auth cannot be changed, as its secret is of another kind: make another trigger.';
        end if;
    end if;
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    end if;
    if v_new.config <> v_old.config or v_new.workflow_id <> v_old.workflow_id or v_new.is_enabled and not v_old.is_enabled then
        perform private.check_trigger_refers(v_new);
    end if;
    if v_new.is_enabled and not v_old.is_enabled then
        v_new.disabled_reason := null;
    end if;
    if v_old.schedule_id is not null then
        perform public.update_schedule(
            v_old.schedule_id,
            -- Of a schedule, an empty text takes away what need not be there, and everything else needs a value.
            private.schedule_of_trigger(v_new) || (
                select coalesce(jsonb_object_agg(case n.name when 'cron' then 'cron_expression' else n.name end, ''), '{}')
                from unnest(v_taken_away) as n (name)
            )
        );
    end if;
    begin
        update public.triggers as t
        set workflow_id = v_new.workflow_id,
            name = v_new.name,
            config = v_new.config,
            path = v_new.path,
            is_enabled = v_new.is_enabled,
            disabled_reason = v_new.disabled_reason,
            version = t.version + 1,
            updated_at = private.clock()
        where t.trigger_id = p_trigger_id
        returning t.* into v_new;
    exception
        when unique_violation then
            perform private.raise_error(409, 'WEBHOOK_PATH_TAKEN', 'config.path is taken; choose another, or none.');
    end;
    perform private.announce_trigger('updated', v_new);
    return v_new;
end
$$;
comment on function public.update_trigger is
    'Changes the named fields of a trigger (workflow_id, name, config, is_enabled) and returns it; a null leaves a field as it is. Of config too it changes what is named there, and a null takes a name away, but auth and path, which stay. Raises 404 TRIGGER_NOT_FOUND and what create_trigger raises. Needs triggers.write.';
revoke all on function public.update_trigger from public, anon, authenticated, service_role;
grant execute on function public.update_trigger to authenticated;
