-- Counted here and not at every enqueue: a counter would be one row for which all enqueues of a tenant wait in turn, and a
-- count would read what waits. So a tenant may pass its quota by what it enqueues in a minute.
create or replace function private.check_waiting_quotas()
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    v_tenant record;
    v_waiting bigint;
    v_is_full boolean;
    v_changed integer := 0;
begin
    for v_tenant in
        select q.tenant_id, q.tenant_no, q.is_full, private.waiting_quota(t.plan, t.settings) as quota
        from private.queue_tenants as q
        join public.tenants as t on t.tenant_id = q.tenant_id
        order by q.tenant_no
    loop
        -- Never more than the quota is read. A full queue has room again when a tenth of it is gone.
        v_waiting := 0;
        if v_tenant.quota is not null then
            select count(*) into v_waiting
            from (
                select from private.ready as r where r.tenant_no = v_tenant.tenant_no
                union all
                select from private.scheduled as s where s.tenant_id = v_tenant.tenant_id
                limit v_tenant.quota
            ) as w;
        end if;
        v_is_full := coalesce(
            v_waiting >= v_tenant.quota - case when v_tenant.is_full then v_tenant.quota / 10 else 0 end, false
        );
        continue when v_is_full = v_tenant.is_full;
        update private.queue_tenants as q set is_full = v_is_full where q.tenant_no = v_tenant.tenant_no;
        perform private.emit_event(
            v_tenant.tenant_id, case when v_is_full then 'queue.full' else 'queue.has_room' end, null, null, null,
            jsonb_build_object('max_waiting', v_tenant.quota)
        );
        v_changed := v_changed + 1;
    end loop;
    return v_changed;
end
$$;
comment on function private.check_waiting_quotas() is
    'Notes which tenants have as many jobs waiting as they may, so that enqueueing answers 429 QUEUE_FULL, tells it by the events queue.full and queue.has_room, and returns for how many that changed.';
revoke all on function private.check_waiting_quotas() from public, anon, authenticated, service_role;
