create or replace function private.begin_idempotent_request(p_key text, p_request_hash bytea)
returns table (status_code integer, response jsonb)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.caller();
    v_actor_id uuid := coalesce(v_caller.user_id, v_caller.robot_id, v_caller.api_key_id);
    v_stored private.idempotency_keys;
    v_now timestamptz := private.clock();
begin
    if v_actor_id is null then
        perform private.refuse_caller();
    end if;
    if coalesce(length(p_key), 0) not between 1 and 255 or p_request_hash is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'Idempotency-Key must have 1 to 255 characters.');
    end if;
    -- The lock says that a transaction is at it; it is tried, not waited for, so that a retry storm holds no connections.
    if not pg_try_advisory_xact_lock(
        hashtextextended(v_caller.tenant_id::text || ' ' || v_actor_id::text || ' ' || p_key, private.request_lock())
    ) then
        perform private.raise_error(409, 'REQUEST_IN_PROGRESS', 'The first request with this Idempotency-Key is still running.');
    end if;

    insert into private.idempotency_keys as i (tenant_id, actor_id, key, request_hash, created_at)
    values (v_caller.tenant_id, v_actor_id, p_key, p_request_hash, v_now)
    on conflict (tenant_id, actor_id, key) do update
    set request_hash = excluded.request_hash, status_code = null, response = null, created_at = v_now
    where i.created_at <= v_now - interval '24 hours'
        or (i.status_code is null and i.created_at <= v_now - interval '5 minutes');
    if found then
        return;
    end if;

    select i.*
    into v_stored
    from private.idempotency_keys as i
    where i.tenant_id = v_caller.tenant_id and i.actor_id = v_actor_id and i.key = p_key;
    if v_stored.request_hash <> p_request_hash then
        perform private.raise_error(422, 'IDEMPOTENCY_KEY_REUSED', 'This Idempotency-Key came with another request before.');
    end if;
    if v_stored.status_code is null then
        perform private.raise_error(409, 'REQUEST_IN_PROGRESS', 'The first request with this Idempotency-Key is still running.');
    end if;
    return query select v_stored.status_code, v_stored.response;
end
$$;
comment on function private.begin_idempotent_request is
    'The answer that the caller''s first request with this key got, or no row and the key is reserved; raises 409 while the first runs (five minutes at most) and 422 for another request. Kept for 24 hours.';
revoke all on function private.begin_idempotent_request from public, anon, authenticated, service_role;
grant execute on function private.begin_idempotent_request to authenticated;
