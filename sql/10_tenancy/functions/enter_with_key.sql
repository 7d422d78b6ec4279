create or replace function private.enter_with_key(p_key_hash bytea)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key public.api_keys;
    v_now timestamptz := private.clock();
begin
    select k.*
    into v_key
    from public.api_keys as k
    join public.tenants as t on t.tenant_id = k.tenant_id
    left join public.robots as r on r.robot_id = k.robot_id and r.tenant_id = k.tenant_id
    where k.key_hash = p_key_hash
        and k.revoked_at is null
        and (k.expires_at is null or k.expires_at > v_now)
        and t.deleted_at is null
        and (k.robot_id is null or (r.robot_id is not null and r.deleted_at is null));
    if not found then
        -- Unknown, revoked, expired, of a deleted robot or tenant: one answer.
        perform private.raise_error(401, 'AUTHENTICATION_FAILED', 'The key is not valid.');
    end if;

    -- At most once a minute, and never waiting for a request that is doing it.
    if (v_key.last_used_at is null or v_key.last_used_at <= v_now - interval '1 minute')
        and current_setting('transaction_read_only') = 'off'
    then
        update public.api_keys as k
        set last_used_at = v_now
        where k.api_key_id = (
            select u.api_key_id
            from public.api_keys as u
            where u.api_key_id = v_key.api_key_id
            for no key update skip locked
        );
    end if;

    perform set_config(
        'request.jwt.claims',
        jsonb_build_object(
            'sub', coalesce(v_key.robot_id, v_key.api_key_id),
            'role', 'authenticated',
            'app_metadata', jsonb_build_object(
                'tenant_id', v_key.tenant_id,
                'principal', v_key.kind,
                'robot_id', v_key.robot_id,
                'api_key_id', v_key.api_key_id
            )
        )::text,
        true
    );
end
$$;
comment on function private.enter_with_key is
    'Makes the rest of the transaction the request of the key''s robot or program; raises 401 AUTHENTICATION_FAILED for a key that is not live.';
revoke all on function private.enter_with_key from public, anon, authenticated, service_role;
grant execute on function private.enter_with_key to casare_functions;
