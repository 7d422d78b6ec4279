create or replace function private.next_cron_day(
    p_days integer[],
    p_months integer[],
    p_weekdays integer[],
    p_from date,
    p_closed_days datemultirange
)
returns date
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_month date := date_trunc('month', p_from::timestamp);
    v_next_month date;
    v_day date;
begin
    -- 29 February is at most eight years away, and calendars have their exceptions: further nobody looks.
    while v_month < p_from + 3653 loop
        v_next_month := v_month + interval '1 month';
        if extract(month from v_month)::integer = any (p_months) then
            select min(d.day) into v_day
            from (
                select v_month + n as day from generate_series(greatest(p_from - v_month, 0), v_next_month - v_month - 1) as n
            ) as d
            where not d.day <@ p_closed_days
                and case
                    when p_days is null and p_weekdays is null then true
                    else coalesce(extract(day from d.day)::integer = any (p_days), false)
                        or coalesce(extract(dow from d.day)::integer = any (p_weekdays), false)
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
comment on function private.next_cron_day(integer[], integer[], integer[], date, datemultirange) is
    'The first day from p_from on, within ten years, that a cron expression means: by month, and by day of month or day of week (null: any; when both are given either will do); never a closed day.';
revoke all on function private.next_cron_day(integer[], integer[], integer[], date, datemultirange)
    from public, anon, authenticated, service_role;
