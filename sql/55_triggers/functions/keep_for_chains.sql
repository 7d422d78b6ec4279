create or replace function private.keep_for_chains(
    p_tenant_id uuid,
    p_type text,
    p_job_id uuid,
    p_robot_id uuid,
    p_workflow_id uuid,
    p_data jsonb
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
    insert into private.chain_inbox (tenant_id, event_type, occurred_at, job_id, robot_id, workflow_id, data)
    select q.tenant_id, p_type, private.clock(), p_job_id, p_robot_id, p_workflow_id, coalesce(p_data, '{}')
    from private.queue_tenants as q
    where q.tenant_id = p_tenant_id and q.has_chains
        -- Who hears of trigger.* waits for what triggers do, not for people who change them.
        and p_type not in ('trigger.created', 'trigger.updated', 'trigger.deleted');
end
$$;
comment on function private.keep_for_chains is
    'Keeps an event for private.fire_chains(), in the transaction of the event, if the tenant has triggers that wait for events.';
revoke all on function private.keep_for_chains from public, anon, authenticated, service_role;
