create or replace function private.payload_of_event(p_event private.chain_inbox)
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select jsonb_strip_nulls(
        jsonb_build_object(
            'event_type', p_event.event_type, 'timestamp', private.to_iso(p_event.occurred_at), 'job_id', p_event.job_id,
            'robot_id', p_event.robot_id, 'workflow_id', p_event.workflow_id
        )
    ) || jsonb_build_object('data', p_event.data) || coalesce(
        (
            select jsonb_build_object('result', j.result)
            from public.jobs as j
            where j.job_id = p_event.job_id and p_event.event_type = 'job.completed'
        ),
        '{}'
    )
$$;
comment on function private.payload_of_event is
    'What a trigger that waits for events gets: event_type, timestamp, the ids that the event names, its data, and of a completed job the result.';
revoke all on function private.payload_of_event from public, anon, authenticated, service_role;
