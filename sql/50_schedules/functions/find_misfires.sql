-- A due time is late when nobody served it for five minutes: where cron knows no seconds, a minute is usual.
create or replace function private.find_misfires(
    p_schedule public.schedules,
    p_first timestamptz,                -- the first due time that nobody served
    p_until timestamptz,                -- what came until then is due
    out served timestamptz[],           -- those that are to be served, in order
    out next_due timestamptz,           -- that comes after them all; null: nothing is left
    out missed_until timestamptz        -- the newest of the others; null: there are none
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_last timestamptz := p_first;
    v_is_late boolean;
begin
    next_due := private.next_due_time(p_schedule, p_first);
    if next_due <= p_until then
        v_last := private.last_due_time(p_schedule, next_due, p_until);
        next_due := private.next_due_time(p_schedule, v_last);
    end if;
    v_is_late := v_last < p_until - interval '5 minutes';
    if p_schedule.misfire_policy = 'skip' and v_is_late then
        served := '{}';
        missed_until := v_last;
        return;
    end if;
    served := array[v_last];
    if p_schedule.misfire_policy = 'all' then
        while cardinality(served) < p_schedule.misfire_cap and served[1] > p_first loop
            served := private.last_due_time(p_schedule, p_first, served[1] - interval '1 microsecond') || served;
        end loop;
    end if;
    if served[1] > p_first then
        missed_until := private.last_due_time(p_schedule, p_first, served[1] - interval '1 microsecond');
    end if;
end
$$;
comment on function private.find_misfires is
    'Which of the due times that passed are served by a schedule''s misfire policy: none or the newest, the newest, or as many of the newest as its cap allows.';
revoke all on function private.find_misfires from public, anon, authenticated, service_role;
