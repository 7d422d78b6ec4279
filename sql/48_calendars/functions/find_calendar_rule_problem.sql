create or replace function private.find_calendar_rule_problem(p_rules jsonb)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_fields constant jsonb := '{
        "fixed": ["month", "day"], "nth_weekday": ["month", "weekday", "nth"], "easter": ["offset"], "date": ["date"],
        "working_date": ["date"]
    }';
    v_rule jsonb;
    v_number integer;
    v_field text;
    v_problem text;
    v_month integer;
    v_date date;
begin
    if jsonb_typeof(p_rules) is distinct from 'array' or jsonb_array_length(p_rules) > 1000 then
        return 'rules must be a list of at most 1000 rules.';
    end if;
    for v_rule, v_number in select r.rule, r.n from jsonb_array_elements(p_rules) with ordinality as r (rule, n) loop
        v_problem := null;
        if jsonb_typeof(v_rule) <> 'object' or v_fields -> (v_rule ->> 'type') is null then
            return format('rules: rule %s must be an object whose type is fixed, nth_weekday, easter, date or working_date.', v_number);
        elsif jsonb_typeof(v_rule -> 'name') is distinct from 'string' or length(v_rule ->> 'name') not between 1 and 255 then
            return format('rules: rule %s must have a name of 1 to 255 characters.', v_number);
        end if;
        for v_field in select k from jsonb_object_keys(v_rule) as k loop
            if v_field not in ('type', 'name') and not v_fields -> (v_rule ->> 'type') ? v_field then
                return format('rules: rule %s is of type %s, which has no field %s.', v_number, v_rule ->> 'type', left(v_field, 64));
            end if;
        end loop;
        for v_field in select f from jsonb_array_elements_text(v_fields -> (v_rule ->> 'type')) as f loop
            v_problem := coalesce(v_problem, case
                when v_field = 'date' then
                    case when v_rule ->> 'date' !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' or v_rule ->> 'date' is null
                        then 'date must be a date such as 2027-12-24' end
                when v_field = 'weekday' then
                    case when lower(v_rule ->> 'weekday') not in ('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun')
                        or v_rule ->> 'weekday' is null then 'weekday must be mon, tue, wed, thu, fri, sat or sun' end
                when jsonb_typeof(v_rule -> v_field) is distinct from 'number' or v_rule ->> v_field !~ '^-?[0-9]{1,3}$' then
                    format('%s must be a whole number', v_field)
                when v_field = 'month' and (v_rule ->> 'month')::integer not between 1 and 12 then
                    'month must be between 1 and 12'
                when v_field = 'nth' and (v_rule ->> 'nth')::integer not in (1, 2, 3, 4, 5, -1) then
                    'nth must be 1 to 5, or -1 for the last'
                when v_field = 'offset' and (v_rule ->> 'offset')::integer not between -100 and 250 then
                    'offset must be -100 to 250 days from Easter Sunday'
            end);
        end loop;
        if v_problem is null and v_rule ->> 'type' = 'fixed' then
            v_month := (v_rule ->> 'month')::integer;
            if (v_rule ->> 'day')::integer not between 1
                and (array[31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])[v_month]
            then
                v_problem := format('day %s does not exist in month %s', v_rule ->> 'day', v_month);
            end if;
        elsif v_problem is null and v_rule ? 'date' then
            begin
                v_date := (v_rule ->> 'date')::date;
            exception
                when data_exception then
                    v_problem := format('%s is no date that exists', v_rule ->> 'date');
            end;
            if v_date not between '1970-01-01' and '2199-12-31' then
                v_problem := 'date must lie between 1970 and 2199';
            end if;
        end if;
        if v_problem is not null then
            return format('rules: rule %s: %s.', v_number, v_problem);
        end if;
    end loop;
    return null;
end
$$;
comment on function private.find_calendar_rule_problem is
    'What is wrong with the own rules of a calendar, as a sentence with the number of the rule; null when nothing is. {"type": "fixed", "month", "day"} | nth_weekday: month, weekday, nth | easter: offset | date: date | working_date: date; each with a name.';
revoke all on function private.find_calendar_rule_problem from public, anon, authenticated, service_role;
