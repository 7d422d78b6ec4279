create or replace function private.next_run_time(p_schedule public.schedules, p_now timestamptz)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_jitter interval := private.jitter_of(p_schedule.schedule_id, p_schedule.jitter_seconds);
begin
    if not p_schedule.is_enabled then
        return null;
    end if;
    return v_jitter + private.next_due_time(
        p_schedule, greatest(p_now - v_jitter, p_schedule.paused_until - interval '1 microsecond')
    );
end
$$;
comment on function private.next_run_time is
    'When a schedule runs next after p_now: the jitter after its first due time that no pause covers; null when it is not enabled or nothing is left.';
revoke all on function private.next_run_time from public, anon, authenticated, service_role;
