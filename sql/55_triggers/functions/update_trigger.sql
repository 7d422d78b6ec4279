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
    if p_changes ->> 'config' is not null then
        -- A schedule keeps what is not named, and so does its trigger.
        v_new.config := case when v_old.schedule_id is not null then v_old.config else '{}' end || (p_changes -> 'config');
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
        perform public.update_schedule(v_old.schedule_id, private.schedule_of_trigger(v_new));
    end if;
    begin
        update public.triggers as t
        set workflow_id = v_new.workflow_id,
            name = v_new.name,
            config = v_new.config,
            path = v_new.path,
            is_enabled = v_new.is_enabled,
            disabled_reason = v_new.disabled_reason,
            updated_at = private.clock()
        where t.trigger_id = p_trigger_id
        returning t.* into v_new;
    exception
        when unique_violation then
            perform private.raise_error(409, 'WEBHOOK_PATH_TAKEN', 'config.path is taken; choose another, or none.');
    end;
    return v_new;
end
$$;
comment on function public.update_trigger is
    'Changes the named fields of a trigger (workflow_id, name, config as a whole, is_enabled) and returns it; a null leaves a field as it is, and a config without a path keeps that of before. Raises 404 TRIGGER_NOT_FOUND and what create_trigger raises. Needs triggers.write.';
revoke all on function public.update_trigger from public, anon, authenticated, service_role;
grant execute on function public.update_trigger to authenticated;
