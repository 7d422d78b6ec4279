create or replace function private.enter_tenant(p_claims jsonb, p_tenant_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_user_id uuid := (p_claims ->> 'sub')::uuid;
    v_session_id uuid := (p_claims ->> 'session_id')::uuid;
begin
    if v_session_id is null then
        update public.profiles as p set active_tenant_id = p_tenant_id where p.user_id = v_user_id;
        return;
    end if;
    insert into private.session_tenants as s (session_id, tenant_id, user_id)
    values (v_session_id, p_tenant_id, v_user_id)
    on conflict (session_id) do update set tenant_id = excluded.tenant_id;
end
$$;
comment on function private.enter_tenant is
    'Moves the session of verified claims into a tenant of the user, and no other session; claims without a session, which Auth never makes, change where sessions begin.';
revoke all on function private.enter_tenant from public, anon, authenticated, service_role;
