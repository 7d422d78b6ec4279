create or replace function private.purge_expired_rows(p_kind text, p_limit integer default 10000)
returns integer
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
        when 'robot_commands' then 't.command_id < $2'
        when 'job_node_executions' then 't.job_id < $2'
        when 'schedule_fires' then 't.fire_time < $3'
        when 'audit_log' then 't.audit_id < $2'
        when 'events' then
            't.occurred_at < $3 and t.seq <= '
            '(select max(o.seq) from (select e.seq from public.events as e where e.tenant_id = $1 order by e.seq limit $4) as o)'
    end;
    v_tenant_id uuid;
    v_horizon timestamptz;
    v_left integer := p_limit;
    v_count integer;
    v_purged integer := 0;
    v_duty constant text := 'purge_expired_' || p_kind;
begin
    select (d.position ->> 'tenant_id')::uuid into v_tenant_id from private.duty_runs as d where d.name = v_duty;
    while v_left > 0 loop
        execute format('select t.tenant_id from public.%I as t where t.tenant_id > $1 order by t.tenant_id limit 1', p_kind)
        into v_tenant_id
        using coalesce(v_tenant_id, '00000000-0000-0000-0000-000000000000');
        exit when v_tenant_id is null;
        v_horizon := private.retention_horizon(p_kind, v_tenant_id);
        execute format(
            'delete from public.%1$I as x where x.ctid = any (array('
            'select t.ctid from public.%1$I as t where t.tenant_id = $1 and %2$s limit $4))',
            p_kind, v_expired
        )
        using v_tenant_id, private.uuid_v7_floor(v_horizon), v_horizon, v_left;
        get diagnostics v_count = row_count;
        v_purged := v_purged + v_count;
        v_left := v_left - v_count - 10;
    end loop;
    update private.duty_runs as d
    set position = case when v_tenant_id is not null then jsonb_build_object('tenant_id', v_tenant_id) end
    where d.name = v_duty;
    return v_purged;
end
$$;
comment on function private.purge_expired_rows(text, integer) is
    'Deletes rows of dead_letters, late_results, job_logs, robot_commands, job_node_executions, schedule_fires, events or audit_log that their tenant keeps no longer, at most p_limit, and returns how many. The next run goes on with the next tenant.';
revoke all on function private.purge_expired_rows(text, integer) from public, anon, authenticated, service_role;
