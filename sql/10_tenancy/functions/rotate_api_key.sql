create or replace function public.rotate_api_key(
    p_api_key_id uuid,
    p_key_hash bytea,
    p_prefix text,
    p_overlap_seconds integer default 0
)
returns public.api_key_summary
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('api_keys.write');
    v_now timestamptz := private.clock();
    v_old public.api_keys;
    v_new public.api_key_summary;
begin
    if p_overlap_seconds is null or p_overlap_seconds not between 0 and 604800 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'overlap_seconds must lie between 0 and 604800.');
    end if;
    select k.*
    into v_old
    from public.api_keys as k
    where k.api_key_id = p_api_key_id and k.tenant_id = v_caller.tenant_id
    for update;
    if not found then
        perform private.raise_error(404, 'API_KEY_NOT_FOUND', 'There is no such key.');
    end if;
    if v_old.revoked_at is not null or v_old.expires_at <= v_now then
        perform private.raise_error(409, 'API_KEY_NOT_LIVE', 'Only a live key can be rotated.');
    end if;
    v_new := private.insert_api_key(
        v_caller,
        v_old.kind,
        v_old.name,
        p_key_hash,
        p_prefix,
        v_old.robot_id,
        v_old.robot_external_id,
        v_old.scopes,
        v_now + (v_old.expires_at - v_old.created_at)
    );
    update public.api_keys as k
    set revoked_at = case when p_overlap_seconds = 0 then v_now end,
        expires_at = case
            when p_overlap_seconds = 0 then k.expires_at
            else least(k.expires_at, v_now + make_interval(secs => p_overlap_seconds))
        end
    where k.api_key_id = p_api_key_id;
    return v_new;
end
$$;
comment on function public.rotate_api_key is
    'A new key with the name, robot, scopes and life span of a live one, which goes on working for the overlap and then ends.';
revoke all on function public.rotate_api_key from public, anon, authenticated, service_role;
grant execute on function public.rotate_api_key to authenticated;
