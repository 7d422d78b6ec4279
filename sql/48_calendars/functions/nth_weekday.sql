create or replace function private.nth_weekday(p_first date, p_weekday text, p_nth integer)
returns date
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select d.days[case when p_nth > 0 then p_nth else cardinality(d.days) end]
    from (
        select array_agg(g.day::date order by g.day) as days
        from generate_series(p_first, p_first + interval '1 month - 1 day', interval '1 day') as g (day)
        where extract(isodow from g.day)
            = array_position(array['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], lower(p_weekday))
    ) as d
$$;
comment on function private.nth_weekday is
    'The nth (-1: the last) Monday, Tuesday … of the month that begins on p_first; null when it has no fifth.';
revoke all on function private.nth_weekday from public, anon, authenticated, service_role;
