create or replace function private.find_cron_problem(p_expression text)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_names text[] := array['minute', 'hour', 'day of month', 'month', 'day of week'];
    v_fields text[];
    v_problem text;
    v_first_day integer;
begin
    if coalesce(btrim(p_expression), '') = '' or length(p_expression) > 255 then
        return 'cron_expression must have 1 to 255 characters.';
    end if;
    v_fields := private.cron_fields(p_expression);
    if starts_with(v_fields[1], '@') and cardinality(v_fields) > 1 then
        return format('cron_expression: nothing may follow %s.', lower(v_fields[1]));
    elsif starts_with(v_fields[1], '@') then
        return format(
            'cron_expression: %s is none of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly.',
            lower(v_fields[1])
        );
    elsif cardinality(v_fields) <> 5 then
        return format(
            'cron_expression must have five fields (minute, hour, day of month, month, day of week), it has %s.',
            cardinality(v_fields)
        );
    end if;
    for i in 1..5 loop
        v_problem := (private.read_cron_field(v_fields[i], i)).problem;
        if v_problem is not null then
            return format('cron_expression: the field %s is wrong: %s.', v_names[i], v_problem);
        end if;
    end loop;
    if starts_with(v_fields[5], '*') then     -- no day of week stands in for a date that never comes
        v_first_day := (private.read_cron_field(v_fields[3], 3)).numbers[1];
        if not exists (
            select from unnest((private.read_cron_field(v_fields[4], 4)).numbers) as m
            where (array[31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])[m] >= v_first_day
        ) then
            return format(
                'cron_expression: the field day of month is wrong: no month of the field month has a day %s.', v_first_day
            );
        end if;
    end if;
    return null;
end
$$;
comment on function private.find_cron_problem is
    'What is wrong with a cron expression, as a sentence that names the field; null when it is right and comes at some time.';
revoke all on function private.find_cron_problem from public, anon, authenticated, service_role;
