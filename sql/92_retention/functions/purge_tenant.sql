-- Called again until it says that the tenant is gone. The first call closes it, so that nothing new comes in; what the
-- foreign keys take with the tenant's own row in the end are its settings, people and robots, not what grows.
create or replace function private.purge_tenant(p_tenant text, p_limit integer default 10000)
returns table (purged bigint, is_gone boolean)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant_id uuid := private.get_abandoned_tenant(p_tenant);
    v_tenant_no integer;
    v_table text;
    v_count bigint;
begin
    purged := 0;
    update public.tenants as t
    set deleted_at = private.clock()
    where t.tenant_id = v_tenant_id and t.deleted_at is null;
    select q.tenant_no into v_tenant_no from private.queue_tenants as q where q.tenant_id = v_tenant_id;

    delete from private.ready as d
    where d.tenant_no = v_tenant_no
        and d.job_id = any (array(select r.job_id from private.ready as r where r.tenant_no = v_tenant_no limit p_limit));
    get diagnostics v_count = row_count;
    purged := purged + v_count;
    foreach v_table in array array[
        'private.leases', 'private.scheduled', 'private.dedupe_keys', 'public.dead_letters', 'public.late_results',
        'public.job_logs', 'public.robot_logs', 'public.robot_measurements', 'public.job_node_executions', 'private.schedule_news', 'public.schedule_fires',
        'private.chain_inbox',
        'public.trigger_delivery_bodies', 'public.trigger_deliveries', 'private.event_inbox', 'public.events'
    ] loop
        exit when purged >= p_limit;
        execute format(
            'delete from %1$s where ctid = any (array(select d.ctid from %1$s as d where d.tenant_id = $1 limit $2))', v_table
        )
        using v_tenant_id, p_limit - purged;
        get diagnostics v_count = row_count;
        purged := purged + v_count;
    end loop;
    if purged < p_limit then
        delete from public.jobs as d
        where d.tenant_id = v_tenant_id
            and d.job_id = any (
                array(
                    select j.job_id
                    from public.jobs as j
                    where j.tenant_id = v_tenant_id
                    order by j.job_id
                    limit p_limit - purged
                )
            );
        get diagnostics v_count = row_count;
        purged := purged + v_count;
    end if;

    is_gone := purged < p_limit;
    if is_gone then
        delete from private.waiting_robots as w where w.tenant_no = v_tenant_no;
        delete from private.pool_turns as t
        where t.robot_id = any (array(select r.robot_id from public.robots as r where r.tenant_id = v_tenant_id));
        delete from public.tenants as t where t.tenant_id = v_tenant_id;
    end if;
    return next;
end
$$;
comment on function private.purge_tenant is
    'Deletes a tenant whose last member is gone and everything of it but its audit trail, at most p_limit rows of what grows in a call: how many they were, and whether the tenant is gone. Raises 404 TENANT_NOT_FOUND, 409 TENANT_HAS_MEMBERS.';
revoke all on function private.purge_tenant from public, anon, authenticated, service_role;
