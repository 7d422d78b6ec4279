create or replace function private.next_due_time(p_schedule public.schedules, p_after timestamptz)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_schedule.calendar_id is null or p_schedule.on_closed_day = 'skip' then
        return private.next_planned_time(p_schedule, p_after);
    end if;
    return private.next_moved_time(p_schedule, p_after);
end
$$;
comment on function private.next_due_time is
    'The first due time of a schedule after p_after, whether it is enabled or not: a planned time, or where its calendar moves one. Null when nothing is left.';
revoke all on function private.next_due_time from public, anon, authenticated, service_role;
