create or replace function public.whoami()
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.caller();
begin
    if v_caller.principal is null then
        perform private.refuse_caller();
    end if;
    return (
        select jsonb_build_object(
            'principal', v_caller.principal,
            'tenant_id', t.tenant_id,
            'tenant_name', t.name,
            'user_id', v_caller.user_id,
            'email', u.email,
            'username', p.username,
            'first_name', p.first_name,
            'last_name', p.last_name,
            'created_at', coalesce(u.created_at, p.created_at),
            'robot_id', v_caller.robot_id,
            'api_key_id', v_caller.api_key_id,
            'roles', case v_caller.principal
                when 'user' then to_jsonb(private.list_member_roles(v_caller.tenant_id, v_caller.user_id))
                when 'robot' then '["robot"]'
                else '[]'
            end,
            'permissions', to_jsonb(v_caller.permissions),
            'tenants', (
                select coalesce(jsonb_agg(jsonb_build_object('tenant_id', o.tenant_id, 'slug', o.slug, 'name', o.name) order by o.name), '[]')
                from public.memberships as m
                join public.tenants as o on o.tenant_id = m.tenant_id and o.deleted_at is null
                where m.user_id = v_caller.user_id and m.deactivated_at is null
            )
        )
        from public.tenants as t
        left join public.profiles as p on p.user_id = v_caller.user_id
        left join auth.users as u on u.id = v_caller.user_id
        where t.tenant_id = v_caller.tenant_id
    );
end
$$;
comment on function public.whoami is
    'The verified caller: principal, tenant, roles, permissions and, for users, name, address and the tenants to choose from.';
revoke all on function public.whoami from public, anon, authenticated, service_role;
grant execute on function public.whoami to authenticated;
