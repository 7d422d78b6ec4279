create or replace function private.announce_fire(
    p_schedule public.schedules,
    p_fire_time timestamptz,
    p_is_manual boolean,
    p_job_id uuid,
    p_reason text
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.emit_event(
        p_schedule.tenant_id,
        case when p_job_id is not null then 'schedule.triggered' else 'schedule.failed' end,
        p_job_id, null, p_schedule.workflow_id,
        jsonb_strip_nulls(jsonb_build_object(
            'schedule_id', p_schedule.schedule_id,
            'schedule_name', p_schedule.name,
            'fire_time', private.to_iso(p_fire_time),
            'manual', p_is_manual,
            'reason', p_reason
        ))
    );
end
$$;
comment on function private.announce_fire is
    'Emits schedule.triggered, or schedule.failed when no job came of it.';
revoke all on function private.announce_fire from public, anon, authenticated, service_role;
