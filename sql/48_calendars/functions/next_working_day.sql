create or replace function private.next_working_day(p_calendar public.calendars, p_day date, p_step integer)
returns date
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    for i in 1..400 loop
        p_day := p_day + p_step;
        if (private.read_calendar_day(p_calendar, p_day)).opens_at is not null then
            return p_day;
        end if;
    end loop;
    return null;
end
$$;
comment on function private.next_working_day is
    'The first working day of a calendar after p_day (p_step 1), or the last one before it (-1); null when there is none within 400 days.';
revoke all on function private.next_working_day from public, anon, authenticated, service_role;
