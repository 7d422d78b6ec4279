create or replace function private.purge_expired_rows(p_kind text, p_tenant_id uuid, p_limit integer)
returns private.turn
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
as $$
declare
    -- The id is the tables' own clock; each condition follows an index that begins with the tenant.
    v_expired constant text := case p_kind
        when 'dead_letters' then 't.job_id < $2 and t.dead_lettered_at < $3'
        when 'late_results' then 't.job_id < $2 and t.late_result_id < $2'
        when 'job_logs' then 't.job_id < $2 and t.job_log_id < $2'
        when 'robot_logs' then 't.robot_log_id < $2'
        when 'robot_commands' then 't.command_id < $2'
        when 'robot_measurements' then 't.starts_at < $3'
        when 'job_node_executions' then 't.job_id < $2'
        when 'schedule_fires' then 't.fire_time < $3'
        when 'trigger_deliveries' then 't.delivery_id < $2'
        when 'trigger_delivery_bodies' then 't.delivery_id < $2'
        when 'audit_log' then 't.audit_id < $2'
        when 'events' then
            't.occurred_at < $3 and t.seq <= '
            '(select max(o.seq) from (select e.seq from public.events as e where e.tenant_id = $1 order by e.seq limit $4) as o)'
    end;
    v_horizon timestamptz := private.retention_horizon(p_kind, p_tenant_id);
    v_count integer;
begin
    execute format(
        'delete from public.%1$I as x where x.ctid = any (array('
        'select t.ctid from public.%1$I as t where t.tenant_id = $1 and %2$s limit $4))',
        p_kind, v_expired
    )
    using p_tenant_id, private.uuid_v7_floor(v_horizon), v_horizon, p_limit;
    get diagnostics v_count = row_count;
    return (v_count, v_count, case when v_count = p_limit then 'more' end)::private.turn;
end
$$;
comment on function private.purge_expired_rows is
    'Deletes rows of dead_letters, late_results, job_logs, robot_logs, robot_commands, robot_measurements, job_node_executions, schedule_fires, trigger_deliveries, trigger_delivery_bodies, events or audit_log that their tenant keeps no longer, at most p_limit, and counts them.';
revoke all on function private.purge_expired_rows from public, anon, authenticated, service_role;
