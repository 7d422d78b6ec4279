create or replace function public.create_trigger(
    p_workflow_id uuid,
    p_name text,
    p_trigger_type text,
    p_config jsonb default '{}',
    p_is_enabled boolean default true
)
returns public.triggers
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('triggers.write');
    v_now timestamptz := private.clock();
    v_trigger public.triggers;
    v_problem text;
    v_quota integer;
begin
    v_trigger.trigger_id := private.uuid_v7();
    v_trigger.tenant_id := v_caller.tenant_id;
    v_trigger.workflow_id := p_workflow_id;
    v_trigger.name := private.nfc(p_name);
    v_trigger.trigger_type := p_trigger_type;
    v_trigger.config := coalesce(p_config, '{}');
    v_trigger.is_enabled := coalesce(p_is_enabled, true);
    v_problem := private.find_trigger_problem(v_trigger);
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    end if;
    select t.unavailable into v_problem from private.trigger_types as t where t.trigger_type = p_trigger_type;
    if v_problem is not null then
        perform private.raise_error(501, 'TRIGGER_TYPE_UNAVAILABLE', format('Triggers of type %s cannot be made: %s', p_trigger_type, v_problem));
    end if;
    perform private.check_trigger_refers(v_trigger);

    perform pg_advisory_xact_lock(private.triggers_lock(), hashtext(v_caller.tenant_id::text));
    select private.trigger_quota(t.plan) into v_quota from public.tenants as t where t.tenant_id = v_caller.tenant_id;
    if (select count(*) from public.triggers as t where t.tenant_id = v_caller.tenant_id and t.deleted_at is null) >= v_quota then
        perform private.raise_error(409, 'TOO_MANY_TRIGGERS', format('The tenant''s plan allows %s triggers.', v_quota));
    end if;

    if p_trigger_type = 'webhook' then
        v_trigger.path := private.webhook_path(p_config ->> 'path');
        v_trigger.config := jsonb_build_object('auth', 'secret') || v_trigger.config || jsonb_build_object('path', v_trigger.path);
    elsif p_trigger_type = 'schedule' then
        v_trigger.schedule_id := (public.create_schedule(private.schedule_of_trigger(v_trigger))).schedule_id;
    end if;
    begin
        insert into public.triggers (
            trigger_id, tenant_id, workflow_id, name, trigger_type, config, path, schedule_id, is_enabled, created_by,
            created_at, updated_at
        )
        values (
            v_trigger.trigger_id, v_trigger.tenant_id, p_workflow_id, v_trigger.name, p_trigger_type, v_trigger.config,
            v_trigger.path, v_trigger.schedule_id, v_trigger.is_enabled, coalesce(v_caller.user_id, v_caller.api_key_id),
            v_now, v_now
        )
        returning * into v_trigger;
    exception
        when unique_violation then
            perform private.raise_error(409, 'WEBHOOK_PATH_TAKEN', 'config.path is taken; choose another, or none.');
    end;
    perform private.announce_trigger('created', v_trigger);
    return v_trigger;
end
$$;
comment on function public.create_trigger is
    'Makes a trigger of a workflow and returns it; a webhook accepts nothing before set_trigger_secret, unless its auth is none. Raises 404 WORKFLOW_NOT_FOUND, ROBOT_NOT_FOUND or POOL_NOT_FOUND, 409 WEBHOOK_PATH_TAKEN, TOO_MANY_TRIGGERS or POOL_AMBIGUOUS, 501 TRIGGER_TYPE_UNAVAILABLE, 400 INVALID_ARGUMENT. Needs triggers.write, and schedules.write for one of type schedule.';
revoke all on function public.create_trigger from public, anon, authenticated, service_role;
grant execute on function public.create_trigger to authenticated;
