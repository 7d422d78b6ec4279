create or replace function private.list_actor_permissions(p_tenant_id uuid, p_actor_id uuid)
returns text[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(
        (
            select k.scopes
            from public.api_keys as k
            where k.api_key_id = p_actor_id
                and k.tenant_id = p_tenant_id
                and k.kind = 'service'
                and k.revoked_at is null
                and (k.expires_at is null or k.expires_at > private.clock())
        ),
        (
            select private.list_member_permissions(m.tenant_id, m.user_id)
            from public.memberships as m
            where m.tenant_id = p_tenant_id and m.user_id = p_actor_id and m.deactivated_at is null
        ),
        '{}'
    );
end
$$;
comment on function private.list_actor_permissions is
    'What an active member or a live service key may do now, found by the id that was written down when it acted.';
revoke all on function private.list_actor_permissions from public, anon, authenticated, service_role;
