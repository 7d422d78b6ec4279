create or replace function private.find_working_hours_problem(p_hours jsonb)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_day text;
    v_span jsonb;
begin
    if jsonb_typeof(p_hours) is distinct from 'object' then
        return 'working_hours must be an object such as {"mon": ["09:00", "17:00"]}.';
    elsif p_hours = '{}' then
        return 'working_hours leave no working day.';
    end if;
    for v_day, v_span in select h.key, h.value from jsonb_each(p_hours) as h loop
        if v_day not in ('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun') then
            return format('working_hours: %s is none of mon, tue, wed, thu, fri, sat, sun.', quote_literal(left(v_day, 64)));
        elsif jsonb_typeof(v_span) <> 'array' or jsonb_array_length(v_span) <> 2
            or v_span ->> 0 !~ '^([01][0-9]|2[0-3]):[0-5][0-9]$' or v_span ->> 1 !~ '^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$'
        then
            return format('working_hours: %s must be two times such as ["09:00", "17:00"]; a day ends at 24:00.', v_day);
        elsif v_span ->> 1 <= v_span ->> 0 then
            return format('working_hours: %s must end later than it begins.', v_day);
        end if;
    end loop;
    return null;
end
$$;
comment on function private.find_working_hours_problem is
    'What is wrong with working hours that somebody wants, as a sentence; null when nothing is.';
revoke all on function private.find_working_hours_problem from public, anon, authenticated, service_role;
