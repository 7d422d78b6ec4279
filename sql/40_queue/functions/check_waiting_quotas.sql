-- Counted here and not at every enqueue: a counter would be one row for which all enqueues of a tenant wait in turn, and a
-- count would read what waits. So a tenant may pass its quota by what it enqueues in a minute.
create or replace function private.check_waiting_quotas(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    v_tenant record;
    v_waiting bigint := 0;
    v_is_full boolean;
begin
    select q.tenant_no, q.is_full, private.waiting_quota(t.plan, t.settings) as quota
    into v_tenant
    from private.queue_tenants as q
    join public.tenants as t on t.tenant_id = q.tenant_id
    where q.tenant_id = p_tenant_id;
    -- Never more than the quota is read. A full queue has room again when a tenth of it is gone.
    if v_tenant.quota is not null then
        select count(*) into v_waiting
        from (
            select from private.ready as r where r.tenant_no = v_tenant.tenant_no
            union all
            select from private.scheduled as s where s.tenant_id = p_tenant_id
            limit v_tenant.quota
        ) as w;
    end if;
    v_is_full := coalesce(
        v_waiting >= v_tenant.quota - case when v_tenant.is_full then v_tenant.quota / 10 else 0 end, false
    );
    if v_is_full <> v_tenant.is_full then
        update private.queue_tenants as q set is_full = v_is_full where q.tenant_no = v_tenant.tenant_no;
        perform private.emit_event(
            p_tenant_id, case when v_is_full then 'queue.full' else 'queue.has_room' end, null, null, null,
            jsonb_build_object('max_waiting', v_tenant.quota)
        );
        return (1, 1 + v_waiting / 100, null)::private.turn;    -- counting is cheap
    end if;
    return (0, 1 + v_waiting / 100, null)::private.turn;
end
$$;
comment on function private.check_waiting_quotas is
    'Duty, a tenant''s turn: notes whether as many jobs of it wait as may, so that enqueueing answers 429 QUEUE_FULL, tells it by the events queue.full and queue.has_room, and counts whether that changed.';
revoke all on function private.check_waiting_quotas from public, anon, authenticated, service_role;
