create or replace function private.read_cron_field(
    p_field text,
    p_position integer,
    out numbers integer[],
    out problem text
)
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    v_low integer := (array[0, 0, 1, 1, 0])[p_position];
    v_high integer := (array[59, 23, 31, 12, 6])[p_position];
    v_names text[] := case p_position
        when 4 then array['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
        when 5 then array['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']
    end;
    v_item text;
    v_part text[];
    v_first integer;
    v_last integer;
    v_step integer;
begin
    if coalesce(p_field, '') = '' then
        problem := 'it is missing';
        return;
    elsif p_field = '*' then
        numbers := (array[
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30,
            31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59
        ])[v_low + 1:v_high + 1];
        return;
    elsif p_field ~ '^[0-9]{1,2}$' and p_field::integer between v_low and v_high then   -- as most are
        numbers := array[p_field::integer];
        return;
    end if;
    foreach v_item in array string_to_array(p_field, ',') loop
        v_part := regexp_match(v_item, '^(?:\*|([0-9]{1,2}|[A-Z]{3})(?:-([0-9]{1,2}|[A-Z]{3}))?)(?:/([0-9]{1,3}))?$');
        if v_part is null then
            problem := format('%L is no number, range, list or step', v_item);
            return;
        end if;
        -- A name is the place that it has in the list, from the field's lowest value on.
        v_first := case
            when v_part[1] ~ '^[0-9]' then v_part[1]::integer
            when v_part[1] is not null then array_position(v_names, v_part[1]) - 1 + v_low
            else v_low
        end;
        v_last := case
            when v_part[2] ~ '^[0-9]' then v_part[2]::integer
            when v_part[2] = 'SUN' and p_position = 5 then 7     -- as the end of a range: SAT-SUN
            when v_part[2] is not null then array_position(v_names, v_part[2]) - 1 + v_low
            when v_part[1] is null or v_part[3] is not null then v_high
            else v_first
        end;
        if p_position = 5 and v_first = 7 then      -- Sunday has two numbers
            v_first := 0;
            v_last := case when v_last = 7 then 0 else v_last end;
        end if;
        v_step := coalesce(v_part[3]::integer, 1);
        if v_first is null or v_last is null then
            problem := case
                when v_names is null then format('%L has a name, and this field knows numbers only', v_item)
                else format('%L has a name that is none of %s', v_item, array_to_string(v_names, ', '))
            end;
        elsif v_first not between v_low and v_high or v_last not between v_low and v_high + (p_position = 5)::integer then
            problem := format(
                '%L must lie between %s and %s', v_item, v_low, v_high + (p_position = 5)::integer
            );
        elsif v_last < v_first then
            problem := format('%L ends before it begins', v_item);
        elsif v_step not between 1 and v_high - v_low + 1 then
            problem := format('%L must have a step between 1 and %s', v_item, v_high - v_low + 1);
        end if;
        if problem is not null then
            numbers := null;
            return;
        end if;
        numbers := numbers || array(
            select case when p_position = 5 then n % 7 else n end from generate_series(v_first, v_last, v_step) as n
        );
    end loop;
    if v_last = 7 or p_field like '%,%' then     -- else they are in order, each once
        numbers := array(select distinct v from unnest(numbers) as v order by v);
    end if;
end
$$;
comment on function private.read_cron_field is
    'The values that a field of a cron expression (1: minute … 5: day of week, Sunday is 0) stands for, in order; or what is wrong with it.';
revoke all on function private.read_cron_field from public, anon, authenticated, service_role;
