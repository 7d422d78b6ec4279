-- On the path of every transition, and the dearest part of it: one event row, and one push for each topic.
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
        perform private.emit_event(p_tenant_id, p_event, p_job_id, p_robot_id, p_workflow_id, v_data);
    end if;
    perform from private.queue_tenants as q where q.tenant_id = p_tenant_id and q.pushes_jobs and p_is_pushed;
    if found then
        perform private.broadcast('tenant:' || p_tenant_id || ':jobs', p_event, v_data);
        if p_event <> 'job.queued' then     -- nobody can have joined the topic of a job that is not there yet
            perform private.broadcast('job:' || p_job_id, p_event, v_data);
        end if;
    end if;
end
$$;
comment on function private.announce_job(text, text, uuid, uuid, uuid, text, uuid, integer, jsonb, boolean) is
    'Tells what happened to a job: an event for those who resume, a push for those who watch. Progress is pushed only.';
revoke all on function private.announce_job(text, text, uuid, uuid, uuid, text, uuid, integer, jsonb, boolean)
    from public, anon, authenticated, service_role;
