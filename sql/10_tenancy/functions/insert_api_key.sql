create or replace function private.insert_api_key(
    p_caller private.caller,
    p_kind public.api_key_kind,
    p_name text,
    p_key_hash bytea,
    p_prefix text,
    p_robot_id uuid,
    p_robot_external_id text,
    p_scopes text[],
    p_expires_at timestamptz
)
returns public.api_key_summary
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_api_key_id uuid;
begin
    p_name := private.nfc(btrim(p_name));
    if not private.has_permissions(
        p_caller.permissions, case p_kind when 'robot' then '{jobs.claim,jobs.report,robots.heartbeat}' else p_scopes end
    ) then
        perform private.raise_error(403, 'FORBIDDEN', 'A key cannot be allowed more than you are.');
    end if;
    if coalesce(length(p_name), 0) not between 1 and 128 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'name must have 1 to 128 characters.');
    end if;
    if p_key_hash is null or octet_length(p_key_hash) <> 32 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'key_hash must be a SHA-256.');
    end if;
    if coalesce(length(p_prefix), 0) not between 1 and 16 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'prefix must have 1 to 16 characters.');
    end if;
    insert into public.api_keys (
        tenant_id, kind, name, prefix, key_hash, robot_id, robot_external_id, scopes, created_by, expires_at
    )
    values (
        p_caller.tenant_id,
        p_kind,
        p_name,
        p_prefix,
        p_key_hash,
        p_robot_id,
        p_robot_external_id,
        p_scopes,
        coalesce(p_caller.user_id, p_caller.api_key_id),
        p_expires_at
    )
    on conflict (key_hash) do nothing
    returning api_key_id into v_api_key_id;
    if v_api_key_id is null then
        perform private.raise_error(409, 'API_KEY_EXISTS', 'Make another key.');
    end if;
    return private.summarize_api_key(v_api_key_id);
end
$$;
comment on function private.insert_api_key is
    'Writes the row of a new key that may do no more than its maker.';
revoke all on function private.insert_api_key from public, anon, authenticated, service_role;
