create or replace function private.find_calendar_dates_problem(p_holidays jsonb, p_blackouts jsonb)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_item jsonb;
    v_number integer;
    v_starts_at timestamptz;
    v_ends_at timestamptz;
begin
    if p_holidays is not null and (jsonb_typeof(p_holidays) <> 'array' or jsonb_array_length(p_holidays) > 2000) then
        return 'holidays must be a list of at most 2000 days.';
    elsif p_blackouts is not null and (jsonb_typeof(p_blackouts) <> 'array' or jsonb_array_length(p_blackouts) > 500) then
        return 'blackouts must be a list of at most 500 periods.';
    end if;
    begin
        for v_item, v_number in
            select h.item, h.n from jsonb_array_elements(coalesce(p_holidays, '[]')) with ordinality as h (item, n)
        loop
            if jsonb_typeof(v_item) <> 'object' or length(v_item ->> 'name') not between 1 and 255 or v_item ->> 'name' is null
                or v_item ->> 'day' !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' or (v_item ->> 'day')::date is null
                or v_item - 'day' - 'name' <> '{}'
            then
                return format('holidays: holiday %s must be {day, name}, a date and 1 to 255 characters.', v_number);
            end if;
        end loop;
    exception
        when data_exception then
            return format('holidays: holiday %s is on a day that does not exist.', v_number);
    end;
    begin
        for v_item, v_number in
            select b.item, b.n from jsonb_array_elements(coalesce(p_blackouts, '[]')) with ordinality as b (item, n)
        loop
            if jsonb_typeof(v_item) <> 'object' or length(v_item ->> 'reason') not between 1 and 255
                or num_nulls(v_item ->> 'starts_at', v_item ->> 'ends_at', v_item ->> 'reason') > 0
                or v_item - 'starts_at' - 'ends_at' - 'reason' <> '{}'
            then
                return format('blackouts: blackout %s must be {starts_at, ends_at, reason}.', v_number);
            end if;
            v_starts_at := v_item ->> 'starts_at';
            v_ends_at := v_item ->> 'ends_at';
            if v_ends_at <= v_starts_at then
                return format('blackouts: blackout %s must have an ends_at later than its starts_at.', v_number);
            elsif not private.is_calendar_time(v_starts_at) or not private.is_calendar_time(v_ends_at) then
                return format('blackouts: blackout %s must lie in the years 1 to 9999.', v_number);
            end if;
        end loop;
    exception
        when data_exception then
            return format('blackouts: blackout %s has a time that does not exist.', v_number);
    end;
    return null;
end
$$;
comment on function private.find_calendar_dates_problem is
    'What is wrong with the holidays and blackouts of a calendar, as a sentence with their number; null when nothing is.';
revoke all on function private.find_calendar_dates_problem from public, anon, authenticated, service_role;
