create or replace function private.finish_idempotent_request(p_key text, p_status integer, p_response jsonb)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.caller();
begin
    update private.idempotency_keys as i
    set status_code = p_status, response = p_response
    where i.tenant_id = v_caller.tenant_id
        and i.actor_id = coalesce(v_caller.user_id, v_caller.robot_id, v_caller.api_key_id)
        and i.key = p_key
        and i.status_code is null;
end
$$;
comment on function private.finish_idempotent_request is
    'Keeps the answer to the request that reserved the key; in the transaction of the work, so that there is neither without the other.';
revoke all on function private.finish_idempotent_request from public, anon, authenticated, service_role;
grant execute on function private.finish_idempotent_request to authenticated;
