create or replace function private.announce_fire(
    p_schedule public.schedules,
    p_event text,
    p_fire_time timestamptz,
    p_job_id uuid default null,
    p_data jsonb default '{}'
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.emit_event(
        p_schedule.tenant_id, 'schedule.' || p_event, p_job_id, null, p_schedule.workflow_id,
        jsonb_strip_nulls(jsonb_build_object(
            'schedule_id', p_schedule.schedule_id,
            'schedule_name', p_schedule.name,
            'fire_time', private.to_iso(p_fire_time),
            'manual', p_event = 'triggered'
        ) || p_data)
    );
end
$$;
comment on function private.announce_fire is
    'Emits what a schedule did at a due time, or by hand: schedule.fired, .triggered, .failed, .skipped or .missed.';
revoke all on function private.announce_fire from public, anon, authenticated, service_role;
