-- Lists are replaced as a whole. A null leaves a field as it is, and an empty text takes the country or its part away.
create or replace function private.change_calendar(p_calendar public.calendars, p_changes jsonb)
returns public.calendars
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_new public.calendars := p_calendar;
    v_changes jsonb := jsonb_strip_nulls(p_changes);
    v_holidays jsonb;
    v_problem text;
begin
    if jsonb_typeof(p_changes) is distinct from 'object' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'A calendar must be an object.');
    end if;
    select format('%s is no field of a calendar that can be set.', left(k, 64)) into v_problem
    from jsonb_object_keys(p_changes) as k
    where k not in ('name', 'working_hours', 'country', 'subdivision', 'rules', 'blackouts', 'holidays', 'holidays_until')
    limit 1;
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    end if;
    v_new.name := private.nfc(coalesce(v_changes ->> 'name', v_new.name));
    v_new.working_hours := coalesce(v_changes -> 'working_hours', v_new.working_hours);
    v_new.rules := coalesce(v_changes -> 'rules', v_new.rules);
    v_new.country := nullif(coalesce(v_changes ->> 'country', v_new.country), '');
    v_new.subdivision := case when v_new.country is not null then nullif(coalesce(v_changes ->> 'subdivision', v_new.subdivision), '') end;
    v_holidays := case when v_new.country is null then '[]' else v_changes -> 'holidays' end;
    v_problem := case
        when v_new.name is null or length(v_new.name) not between 1 and 255 or v_new.name !~ '\S'
            then 'name must have 1 to 255 characters, and not blanks only.'
        when v_new.country !~ '^[A-Z]{2}$' then 'country must be a code of two letters (ISO 3166), such as DE.'
        when length(v_new.subdivision) > 64 then 'subdivision must have at most 64 characters.'
        when v_new.country is null and nullif(v_changes ->> 'subdivision', '') is not null then 'subdivision needs a country.'
        when v_holidays is null and (v_new.country, v_new.subdivision) is distinct from (p_calendar.country, p_calendar.subdivision)
            then 'holidays must be given with another country: [{day, name}], as REST and the client do.'
        else coalesce(
            private.find_working_hours_problem(v_new.working_hours),
            private.find_calendar_rule_problem(v_new.rules),
            private.find_calendar_dates_problem(v_holidays, v_changes -> 'blackouts')
        )
    end;
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    end if;
    if v_holidays is not null then
        begin
            v_new.holidays_until := case
                when v_new.country is not null then coalesce(
                    (v_changes ->> 'holidays_until')::date,
                    (select max((h.holiday ->> 'day')::date) from jsonb_array_elements(v_holidays) as h (holiday)),
                    private.clock()::date
                )
            end;
        exception
            when data_exception then
                perform private.raise_error(400, 'INVALID_ARGUMENT', 'holidays_until must be a date such as 2031-12-31.');
        end;
    end if;
    v_new.updated_at := private.clock();
    insert into public.calendars values (v_new.*)
    on conflict (calendar_id) do update
    set name = v_new.name, working_hours = v_new.working_hours, country = v_new.country, subdivision = v_new.subdivision,
        rules = v_new.rules, holidays_until = v_new.holidays_until, updated_at = v_new.updated_at;
    if v_holidays is not null then
        delete from public.calendar_days as d
        where d.tenant_id = v_new.tenant_id and d.calendar_id = v_new.calendar_id and d.source = 'country';
        insert into public.calendar_days (tenant_id, calendar_id, day, source, name)
        select distinct on (1, 2, 3)
            v_new.tenant_id, v_new.calendar_id, (h.holiday ->> 'day')::date, 'country'::public.calendar_day_source,
            h.holiday ->> 'name'
        from jsonb_array_elements(v_holidays) as h (holiday);
    end if;
    if v_changes ? 'blackouts' then
        delete from public.calendar_blackouts as b
        where b.tenant_id = v_new.tenant_id and b.calendar_id = v_new.calendar_id
            and not exists (
                select
                from jsonb_array_elements(v_changes -> 'blackouts') as k (kept)
                where (k.kept ->> 'starts_at')::timestamptz = b.starts_at and (k.kept ->> 'ends_at')::timestamptz = b.ends_at
                    and k.kept ->> 'reason' = b.reason
            );
        insert into public.calendar_blackouts (tenant_id, calendar_id, starts_at, ends_at, reason)
        select
            v_new.tenant_id, v_new.calendar_id, (b.blackout ->> 'starts_at')::timestamptz, (b.blackout ->> 'ends_at')::timestamptz,
            b.blackout ->> 'reason'
        from jsonb_array_elements(v_changes -> 'blackouts') as b (blackout)
        on conflict do nothing;
    end if;
    update public.calendars as c
    set rules_until = private.expand_calendar_rules(v_new.tenant_id, v_new.calendar_id)
    where c.calendar_id = v_new.calendar_id
    returning c.* into v_new;
    if private.next_working_day(v_new, private.clock()::date, 1) is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'working_hours and rules leave no working day within 400 days.');
    end if;
    return v_new;
exception
    when unique_violation then
        perform private.raise_error(409, 'CALENDAR_EXISTS', 'There is a calendar with this name.');
end
$$;
comment on function private.change_calendar is
    'Writes a calendar with changes, the days that it comes to and its blackouts, and returns it. Raises 400 INVALID_ARGUMENT, which names the field, also when no working day is left, and 409 CALENDAR_EXISTS.';
revoke all on function private.change_calendar from public, anon, authenticated, service_role;
