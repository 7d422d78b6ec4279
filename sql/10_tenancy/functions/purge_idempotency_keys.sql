create or replace function private.purge_idempotency_keys(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_count integer;
begin
    delete from private.idempotency_keys as i
    where i.ctid = any (array(
        select o.ctid
        from private.idempotency_keys as o
        where o.tenant_id = p_tenant_id and o.created_at <= private.clock() - interval '24 hours'
        limit p_limit
    ));
    get diagnostics v_count = row_count;
    return (v_count, v_count, case when v_count = p_limit then 'more' end)::private.turn;
end
$$;
comment on function private.purge_idempotency_keys is
    'Duty, a tenant''s turn: forgets p_limit stored answers after 24 hours, and counts them.';
revoke all on function private.purge_idempotency_keys from public, anon, authenticated, service_role;
