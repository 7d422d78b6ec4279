create or replace function public.list_members(
    p_user_id uuid default null,
    p_role_id uuid default null,
    p_limit integer default 100,
    p_offset integer default 0,
    p_search text default null      -- a part of name or address
)
returns table (
    total bigint,
    user_id uuid,
    username text,
    email text,
    first_name text,
    last_name text,
    is_active boolean,
    created_at timestamptz,
    roles jsonb
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
        count(*) over (),
        m.user_id,
        p.username,
        u.email::text,
        p.first_name,
        p.last_name,
        m.deactivated_at is null,
        m.created_at,
        (
            select coalesce(jsonb_agg(jsonb_build_object(
                'role_id', r.role_id, 'name', r.name, 'slug', r.slug, 'description', r.description
            ) order by r.slug), '[]')
            from public.member_roles as mr
            join public.roles as r on r.role_id = mr.role_id
            where mr.tenant_id = m.tenant_id and mr.user_id = m.user_id
        )
    from public.memberships as m
    join auth.users as u on u.id = m.user_id
    left join public.profiles as p on p.user_id = m.user_id
    where m.tenant_id = v_caller.tenant_id
        and (p_user_id is null or m.user_id = p_user_id)
        and (
            p_role_id is null
            or exists (
                select from public.member_roles as mr
                where mr.tenant_id = m.tenant_id and mr.user_id = m.user_id and mr.role_id = p_role_id
            )
        )
        and (
            p_search is null
            or strpos(lower(concat_ws(' ', p.username, u.email, p.first_name, p.last_name)), lower(private.nfc(p_search))) > 0
        )
    order by m.created_at, m.user_id
    limit p_limit
    offset p_offset;
end
$$;
comment on function public.list_members is
    'The members of the caller''s tenant, the oldest first, each with address, roles and whether they are active; of one user, of one role, or with a part of a name or address if asked. Needs members.read.';
revoke all on function public.list_members from public, anon, authenticated, service_role;
grant execute on function public.list_members to authenticated;
