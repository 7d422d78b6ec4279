create or replace function private.get_dev_mode_claims()
returns jsonb
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'sub', m.user_id,
        'role', 'authenticated',
        'app_metadata', jsonb_build_object('principal', 'user', 'tenant_id', m.tenant_id)
    )
    from public.member_roles as m
    join public.roles as r on r.role_id = m.role_id and r.tenant_id is null and r.slug = 'admin'
    join public.tenants as t on t.tenant_id = m.tenant_id and t.deleted_at is null
    order by t.created_at, t.tenant_id, m.created_at, m.user_id
    limit 1
$$;
comment on function private.get_dev_mode_claims is
    'The claims that JWT_DEV_MODE gives a request without credentials: the first admin of the oldest tenant. The functions ask on the local stack only; it tells them nothing that their login may not set by itself.';
revoke all on function private.get_dev_mode_claims from public, anon, authenticated, service_role;
grant execute on function private.get_dev_mode_claims to casare_functions;
