create or replace function public.list_roles(p_role_id uuid default null)
returns table (
    role_id uuid,
    name text,
    slug text,
    description text,
    is_built_in boolean,
    created_at timestamptz,
    permissions jsonb
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_caller private.caller := private.authorize('members.read');
begin
    return query
    select
        r.role_id,
        r.name,
        r.slug,
        r.description,
        r.tenant_id is null,
        r.created_at,
        (
            select coalesce(jsonb_agg(jsonb_build_object('code', p.code, 'description', p.description) order by p.code), '[]')
            from public.permissions as p
            where private.has_permission(
                array(select rp.permission from public.role_permissions as rp where rp.role_id = r.role_id), p.code
            )
        )
    from public.roles as r
    where (r.tenant_id = v_caller.tenant_id or (r.tenant_id is null and r.slug <> 'robot'))
        and (p_role_id is null or r.role_id = p_role_id)
    order by r.tenant_id is not null, r.role_id;
end
$$;
comment on function public.list_roles is
    'The roles that members of the caller''s tenant may have, the built-in ones first, each with every permission that its codes and wildcards stand for. Needs members.read.';
revoke all on function public.list_roles from public, anon, authenticated, service_role;
grant execute on function public.list_roles to authenticated;
