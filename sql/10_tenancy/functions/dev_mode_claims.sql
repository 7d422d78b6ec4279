create or replace function private.dev_mode_claims()
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return (
        select jsonb_build_object(
            'sub', mr.user_id,
            'role', 'authenticated',
            'app_metadata', jsonb_build_object('tenant_id', mr.tenant_id, 'principal', 'user')
        )
        from public.member_roles as mr
        join public.roles as r on r.role_id = mr.role_id and r.tenant_id is null and r.slug = 'admin'
        join public.tenants as t on t.tenant_id = mr.tenant_id and t.deleted_at is null
        order by t.created_at, t.tenant_id, mr.created_at, mr.user_id
        limit 1
    );
end
$$;
comment on function private.dev_mode_claims() is
    'The claims of the oldest tenant''s first admin, for JWT_DEV_MODE on the local stack. Only for the functions'' login, which may set any claims anyway.';
revoke all on function private.dev_mode_claims() from public, anon, authenticated, service_role;
grant execute on function private.dev_mode_claims() to casare_functions;
