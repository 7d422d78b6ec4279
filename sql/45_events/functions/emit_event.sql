create or replace function private.emit_event(
    p_tenant_id uuid,
    p_type text,
    p_job_id uuid default null,
    p_robot_id uuid default null,
    p_workflow_id uuid default null,
    p_data jsonb default '{}'
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into private.event_inbox (tenant_id, event_type, occurred_at, job_id, robot_id, workflow_id, actor_id, data)
    values (
        p_tenant_id, p_type, private.clock(), p_job_id, p_robot_id, p_workflow_id, private.actor_id(), coalesce(p_data, '{}')
    );
    perform private.keep_for_chains(p_tenant_id, p_type, p_job_id, p_robot_id, p_workflow_id, p_data);
end
$$;
comment on function private.emit_event is
    'Records an event in the transaction that made it happen: one insert that waits for no other session.';
revoke all on function private.emit_event from public, anon, authenticated, service_role;
