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
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_now timestamptz := private.clock();
    v_is_watched boolean;
begin
    with told as (
        insert into private.event_inbox (tenant_id, event_type, occurred_at, job_id, robot_id, workflow_id, actor_id, data)
        values (p_tenant_id, p_type, v_now, p_job_id, p_robot_id, p_workflow_id, private.actor_id(), coalesce(p_data, '{}'))
    )
    select q.watched_until > v_now into v_is_watched from private.queue_tenants as q where q.tenant_id = p_tenant_id;
    if v_is_watched then
        perform private.ring_bell(p_tenant_id);
    end if;
    perform private.keep_for_chains(p_tenant_id, p_type, p_job_id, p_robot_id, p_workflow_id, p_data);
end
$$;
comment on function private.emit_event is
    'Writes down that something happened, with the transaction that made it happen: one insert that waits for nobody. Rings for those who watch the tenant.';
revoke all on function private.emit_event from public, anon, authenticated, service_role;
