-- A null leaves a field as it is, and an empty text takes away what need not be there.
create or replace function private.read_schedule_changes(p_old public.schedules, p_changes jsonb)
returns public.schedules
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_settable constant text[] := array[
        'workflow_id', 'name', 'frequency', 'cron_expression', 'run_at', 'interval_seconds', 'timezone', 'starts_at', 'ends_at',
        'paused_until', 'calendar_id', 'on_closed_day', 'jitter_seconds', 'misfire_policy', 'misfire_cap', 'overlap_policy', 'max_consecutive_failures',
        'is_enabled', 'priority', 'execution_mode', 'environment', 'required_capabilities', 'required_tags', 'robot_id', 'pool',
        'dedupe_key', 'input', 'metadata'
    ];
    v_removable constant text[] := array['starts_at', 'ends_at', 'paused_until', 'calendar_id', 'robot_id', 'pool', 'dedupe_key'];
    v_new public.schedules := p_old;
    v_field text;
    v_value jsonb;
begin
    if jsonb_typeof(p_changes) is distinct from 'object' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'A schedule must be an object.');
    end if;
    for v_field, v_value in select c.key, c.value from jsonb_each(p_changes) as c loop
        if v_field <> all (v_settable) then
            perform private.raise_error(400, 'INVALID_ARGUMENT', format('%s is no field of a schedule that can be set.', v_field));
        end if;
        continue when jsonb_typeof(v_value) = 'null' or v_field in ('pool', 'robot_id') and v_value <> '""';
        if v_value = '""' and v_field = any (v_removable) then
            v_value := 'null';
            v_field := case v_field when 'pool' then 'pool_id' else v_field end;
        end if;
        begin
            v_new := jsonb_populate_record(v_new, jsonb_build_object(v_field, v_value));
        exception
            when data_exception then
                perform private.raise_error(
                    400, 'INVALID_ARGUMENT',
                    case
                        when v_field = 'frequency' then 'frequency must be once, interval, hourly, daily, weekly, monthly or cron.'
                        when v_field = 'misfire_policy' then 'misfire_policy must be skip, once or all.'
                        when v_field = 'overlap_policy' then 'overlap_policy must be allow, skip, queue or cancel_previous.'
                        when v_field = 'on_closed_day' then 'on_closed_day must be skip, next or previous.'
                        when v_field = 'execution_mode' then 'execution_mode must be lan or internet.'
                        else format('%s has a value of the wrong type: %s.', v_field, sqlerrm)
                    end
                );
        end;
    end loop;
    if v_new.calendar_id is null and p_old.calendar_id is not null and p_changes ->> 'on_closed_day' is null then
        v_new.on_closed_day := 'skip';
    end if;
    v_new.name := private.nfc(v_new.name);
    v_new.environment := private.nfc(v_new.environment);
    v_new.required_capabilities := private.nfc_words(v_new.required_capabilities);
    v_new.required_tags := private.nfc_words(v_new.required_tags);
    v_new.dedupe_key := private.nfc(v_new.dedupe_key);
    return v_new;
end
$$;
comment on function private.read_schedule_changes is
    'A schedule with what somebody says of it in the fields, read and not yet judged; robot and pool are left to the caller. Raises 400 INVALID_ARGUMENT, which names the field that is unknown or has a value of a wrong type.';
revoke all on function private.read_schedule_changes from public, anon, authenticated, service_role;
