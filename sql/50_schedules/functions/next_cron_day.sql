create or replace function private.next_cron_day(
    p_days integer[],
    p_months integer[],
    p_weekdays integer[],
    p_must_fit_both boolean,
    p_from date,
    p_closed_days datemultirange
)
returns date
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    v_month date := date_trunc('month', p_from::timestamp);
    v_next_month date;
    v_day date := p_from;
    v_is_day boolean;
    v_is_weekday boolean;
begin
    -- Most often it is one of the next days: that is cheaper than a look at a month.
    while v_day < p_from + 8 loop
        v_is_day := extract(day from v_day)::integer = any (p_days);
        v_is_weekday := extract(dow from v_day)::integer = any (p_weekdays);
        if extract(month from v_day)::integer = any (p_months)
            and (v_is_day and v_is_weekday or not p_must_fit_both and (v_is_day or v_is_weekday))
            and not v_day <@ p_closed_days
        then
            return v_day;
        end if;
        v_day := v_day + 1;
    end loop;
    -- A Sunday, 29 February, is at most 40 years away. Calendars have their exceptions, so the search must end.
    while v_month < p_from + 14976 loop
        v_next_month := v_month + interval '1 month';
        if extract(month from v_month)::integer = any (p_months) then
            select min(d.day) into v_day
            from (
                select v_month + n as day from generate_series(greatest(p_from - v_month, 0), v_next_month - v_month - 1) as n
            ) as d
            where not d.day <@ p_closed_days
                and case
                    when p_must_fit_both then
                        extract(day from d.day)::integer = any (p_days)
                        and extract(dow from d.day)::integer = any (p_weekdays)
                    else
                        extract(day from d.day)::integer = any (p_days)
                        or extract(dow from d.day)::integer = any (p_weekdays)
                end;
            if v_day is not null then
                return v_day;
            end if;
        end if;
        v_month := v_next_month;
    end loop;
    return null;
end
$$;
comment on function private.next_cron_day is
    'The first day from p_from on, within 40 years, that a cron expression means: by month, and by day of month and day of week, of which both must fit or either; never a closed day.';
revoke all on function private.next_cron_day from public, anon, authenticated, service_role;
