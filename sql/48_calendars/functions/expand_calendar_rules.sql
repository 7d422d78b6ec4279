create or replace function private.expand_calendar_rules(p_tenant_id uuid, p_calendar_id uuid)
returns date
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_year integer := extract(year from private.clock() at time zone 'UTC');
begin
    delete from public.calendar_days as d
    where d.tenant_id = p_tenant_id and d.calendar_id = p_calendar_id and d.source = 'rule';
    insert into public.calendar_days (tenant_id, calendar_id, day, source, is_working, name)
    select distinct on (e.day) p_tenant_id, p_calendar_id, e.day, 'rule'::public.calendar_day_source, e.is_working, e.name
    from (
        select
            case r.rule ->> 'type'
                when 'fixed' then (
                    select m.first + (r.rule ->> 'day')::integer - 1
                    -- 29 February is no day of most years.
                    where extract(day from m.first + interval '1 month - 1 day') >= (r.rule ->> 'day')::integer
                )
                when 'nth_weekday' then private.nth_weekday(m.first, r.rule ->> 'weekday', (r.rule ->> 'nth')::integer)
                when 'easter' then private.easter_sunday(y.year) + (r.rule ->> 'offset')::integer
                else (r.rule ->> 'date')::date
            end as day,
            r.rule ->> 'type' = 'working_date' as is_working,
            r.rule ->> 'name' as name,
            r.n
        from public.calendars as c
        cross join lateral jsonb_array_elements(c.rules) with ordinality as r (rule, n)
        cross join generate_series(v_year - 1, v_year + 5) as y (year)
        cross join lateral (select make_date(y.year, coalesce((r.rule ->> 'month')::integer, 1), 1) as first) as m
        where c.tenant_id = p_tenant_id and c.calendar_id = p_calendar_id
    ) as e
    where e.day is not null
    order by e.day, e.is_working desc, e.n;
    return make_date(v_year + 5, 12, 31);
end
$$;
comment on function private.expand_calendar_rules is
    'Writes down the days that the own rules of a calendar come to, from last year to five years ahead, and returns to when.';
revoke all on function private.expand_calendar_rules from public, anon, authenticated, service_role;
