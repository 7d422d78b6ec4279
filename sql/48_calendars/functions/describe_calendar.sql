create or replace function private.describe_calendar(p_calendar public.calendars)
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'calendar_id', p_calendar.calendar_id,
        'name', p_calendar.name,
        'working_hours', p_calendar.working_hours,
        'country', p_calendar.country,
        'subdivision', p_calendar.subdivision,
        'rules', p_calendar.rules,
        'blackouts', (
            select coalesce(
                jsonb_agg(
                    jsonb_build_object(
                        'starts_at', private.to_iso(b.starts_at), 'ends_at', private.to_iso(b.ends_at), 'reason', b.reason
                    )
                    order by b.starts_at, b.ends_at
                ),
                '[]'
            )
            from public.calendar_blackouts as b
            where b.tenant_id = p_calendar.tenant_id and b.calendar_id = p_calendar.calendar_id
        ),
        'holidays_until', p_calendar.holidays_until,
        'needs_refresh', coalesce(p_calendar.holidays_until < (private.clock() + interval '1 year')::date, false),
        'schedules', (
            select count(*)
            from public.schedules as s
            where s.tenant_id = p_calendar.tenant_id and s.calendar_id = p_calendar.calendar_id and s.deleted_at is null
        ),
        'created_by', p_calendar.created_by,
        'created_at', private.to_iso(p_calendar.created_at),
        'updated_at', private.to_iso(p_calendar.updated_at)
    )
$$;
comment on function private.describe_calendar is
    'A calendar as answers show it: what was said of it, to when its holidays are known, and how many schedules heed it.';
revoke all on function private.describe_calendar from public, anon, authenticated, service_role;
