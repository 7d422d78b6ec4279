create or replace function private.has_live_key(p_tenant_id uuid, p_robot_id uuid)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return exists (
        select
        from public.api_keys as k
        where k.tenant_id = p_tenant_id
            and k.robot_id = p_robot_id
            and k.kind = 'robot'
            and k.revoked_at is null
            and (k.expires_at is null or k.expires_at > private.clock())
    );
end
$$;
comment on function private.has_live_key is
    'Whether a robot has a key with which private.caller() lets it in.';
revoke all on function private.has_live_key from public, anon, authenticated, service_role;
