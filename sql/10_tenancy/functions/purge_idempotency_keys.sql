create or replace function private.purge_idempotency_keys()
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_count integer;
begin
    delete from private.idempotency_keys as i where i.created_at <= private.clock() - interval '24 hours';
    get diagnostics v_count = row_count;
    return v_count;
end
$$;
comment on function private.purge_idempotency_keys() is 'Forgets stored answers after 24 hours; returns how many.';
revoke all on function private.purge_idempotency_keys() from public, anon, authenticated, service_role;
