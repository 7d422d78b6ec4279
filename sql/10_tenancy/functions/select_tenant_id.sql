create or replace function private.select_tenant_id(p_user_id uuid, p_claimed_tenant_id uuid, p_session_id uuid)
returns uuid
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant_id uuid;
begin
    if p_claimed_tenant_id is not null then
        select m.tenant_id
        into v_tenant_id
        from public.memberships as m
        join public.tenants as t on t.tenant_id = m.tenant_id
        where m.tenant_id = p_claimed_tenant_id and m.user_id = p_user_id and m.deactivated_at is null and t.deleted_at is null;
    else
        select m.tenant_id
        into v_tenant_id
        from public.memberships as m
        join public.tenants as t on t.tenant_id = m.tenant_id
        left join private.session_tenants as s
            on s.session_id = p_session_id and s.user_id = m.user_id and s.tenant_id = m.tenant_id
        left join public.profiles as p on p.user_id = m.user_id and p.active_tenant_id = m.tenant_id
        where m.user_id = p_user_id and m.deactivated_at is null and t.deleted_at is null
        order by (s.session_id is null), (p.user_id is null), m.created_at, m.tenant_id
        limit 1;
    end if;
    return v_tenant_id;
end
$$;
comment on function private.select_tenant_id is
    'The tenant that a user acts in: the claimed one or none; without a claim the one that the session was moved to, else the active one of the profile, else the oldest membership.';
revoke all on function private.select_tenant_id from public, anon, authenticated, service_role;
