create or replace function public.update_schedule(p_schedule_id uuid, p_changes jsonb)
returns public.schedules
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('schedules.write');
    v_old public.schedules := private.lock_schedule(v_caller.tenant_id, p_schedule_id);
    v_new public.schedules;
    v_problem text;
begin
    if jsonb_typeof(p_changes) is distinct from 'object' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'The changes must be an object.');
    end if;
    select format('%s cannot be changed.', k) into v_problem
    from jsonb_object_keys(p_changes) as k
    where k not in (
        'workflow_id', 'name', 'cron_expression', 'timezone', 'is_enabled', 'priority', 'execution_mode', 'environment',
        'input', 'metadata', 'pool'
    )
    limit 1;
    if v_problem is null then
        begin
            v_new := jsonb_populate_record(v_old, jsonb_strip_nulls(p_changes));
        exception
            when data_exception then
                v_problem := 'A change has a value of the wrong type: ' || sqlerrm || '.';
        end;
    end if;
    -- Stripping nulls goes into the depth, where nulls are the tenant's own.
    v_new.input := case when p_changes ->> 'input' is null then v_old.input else p_changes -> 'input' end;
    v_new.metadata := case when p_changes ->> 'metadata' is null then v_old.metadata else p_changes -> 'metadata' end;
    v_new.name := private.nfc(v_new.name);
    v_new.environment := private.nfc(v_new.environment);
    v_new.cron_expression := btrim(v_new.cron_expression);
    v_problem := coalesce(
        v_problem,
        private.find_schedule_problem(v_new),
        case when v_new.timezone <> v_old.timezone then private.find_timezone_problem(v_new.timezone) end
    );
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    end if;
    if v_new.workflow_id <> v_old.workflow_id then
        perform private.require_schedulable_workflow(v_caller.tenant_id, v_new.workflow_id);
    end if;
    if p_changes ->> 'pool' is not null then
        v_new.pool_id := case
            when p_changes ->> 'pool' <> ''
                then (private.find_pool(v_caller.tenant_id, p_changes ->> 'pool', 'member')).pool_id
        end;
    end if;
    if not v_new.is_enabled then
        v_new.next_run_at := null;
    elsif v_new.next_run_at is null
        or v_new.cron_expression <> v_old.cron_expression
        or v_new.timezone <> v_old.timezone
    then
        v_new.next_run_at := private.next_cron_time(v_new.cron_expression, v_new.timezone, private.clock());
    end if;
    update public.schedules as s
    set workflow_id = v_new.workflow_id,
        name = v_new.name,
        cron_expression = v_new.cron_expression,
        timezone = v_new.timezone,
        is_enabled = v_new.is_enabled,
        priority = v_new.priority,
        execution_mode = v_new.execution_mode,
        environment = v_new.environment,
        pool_id = v_new.pool_id,
        input = v_new.input,
        metadata = v_new.metadata,
        next_run_at = v_new.next_run_at,
        updated_at = private.clock()
    where s.schedule_id = p_schedule_id
    returning s.* into v_new;
    return v_new;
end
$$;
comment on function public.update_schedule is
    'Changes the named fields of a schedule and returns it; a null leaves a field as it is, and an empty pool is none. Disabled it has no next run; enabled, or with other times, it has a new one. Raises 404 SCHEDULE_NOT_FOUND, WORKFLOW_NOT_FOUND or POOL_NOT_FOUND, 409 POOL_AMBIGUOUS, 400 INVALID_ARGUMENT. Needs schedules.write.';
revoke all on function public.update_schedule from public, anon, authenticated, service_role;
grant execute on function public.update_schedule to authenticated;
