-- On the path of every transition, so it is few statements: one event row, and one push to both topics.
create or replace function private.announce_job(
    p_event text,
    p_status text,
    p_tenant_id uuid,
    p_job_id uuid,
    p_workflow_id uuid,
    p_workflow_name text,
    p_robot_id uuid,
    p_attempt integer,
    p_details jsonb default null,
    p_is_pushed boolean default true
)
returns void
language plpgsql
set search_path = ''
as $$
declare
    v_data jsonb := jsonb_build_object(
        'job_id', p_job_id,
        'workflow_id', p_workflow_id,
        'workflow_name', p_workflow_name,
        'status', p_status,
        'robot_id', p_robot_id,
        'attempt', p_attempt,
        'timestamp', private.to_iso(private.clock())
    ) || coalesce(p_details, '{}');
begin
    if p_event <> 'job.progress' then
        -- As private.emit_event() does it.
        insert into private.event_inbox (tenant_id, event_type, occurred_at, job_id, robot_id, workflow_id, actor_id, data)
        values (
            p_tenant_id, p_event, private.clock(), p_job_id, p_robot_id, p_workflow_id,
            (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid, v_data
        );
    end if;
    if p_is_pushed and (select q.pushes_jobs from private.queue_tenants as q where q.tenant_id = p_tenant_id) then
        perform private.broadcast_job(
            case
                -- nobody can have joined the topic of a job that is not there yet
                when p_event = 'job.queued' then array['tenant:' || p_tenant_id || ':jobs']
                else array['tenant:' || p_tenant_id || ':jobs', 'job:' || p_job_id]
            end,
            p_event, v_data
        );
    end if;
end
$$;
comment on function private.announce_job(text, text, uuid, uuid, uuid, text, uuid, integer, jsonb, boolean) is
    'Tells what happened to a job: an event for those who resume, a push for those who watch. Progress is pushed only.';
revoke all on function private.announce_job(text, text, uuid, uuid, uuid, text, uuid, integer, jsonb, boolean)
    from public, anon, authenticated, service_role;
