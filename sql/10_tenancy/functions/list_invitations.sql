create or replace function public.list_invitations(
    p_status text default null,
    p_invitation_id uuid default null,
    p_limit integer default 100,
    p_offset integer default 0
)
returns table (
    total bigint,
    invitation_id uuid,
    email text,
    role_id uuid,
    role_slug text,
    role_name text,
    invited_by uuid,
    inviter text,
    status text,
    created_at timestamptz,
    expires_at timestamptz,
    accepted_at timestamptz,
    revoked_at timestamptz
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
        count(*) over (), i.invitation_id, i.email, i.role_id, r.slug, r.name, i.invited_by,
        coalesce(u.email::text, k.name), i.status, i.created_at, i.expires_at, i.accepted_at, i.revoked_at
    from (
        select
            o.*,
            case
                when o.accepted_at is not null then 'accepted'
                when o.revoked_at is not null then 'revoked'
                when o.expires_at <= private.clock() then 'expired'
                when not private.may_still_invite(o.tenant_id, o.invited_by, o.role_id) then 'void'
                else 'open'
            end as status
        from public.invitations as o
        where o.tenant_id = v_caller.tenant_id and (p_invitation_id is null or o.invitation_id = p_invitation_id)
    ) as i
    join public.roles as r on r.role_id = i.role_id
    left join auth.users as u on u.id = i.invited_by
    left join public.api_keys as k on k.api_key_id = i.invited_by and k.tenant_id = i.tenant_id
    where p_status is null or i.status = p_status
    order by i.invitation_id desc
    limit p_limit
    offset p_offset;
end
$$;
comment on function public.list_invitations is
    'The invitations of the caller''s tenant, the newest first, each with its role, who sent it, and its status: open, accepted, revoked, expired, or void when who sent it may not invite any more. Needs members.read.';
revoke all on function public.list_invitations from public, anon, authenticated, service_role;
grant execute on function public.list_invitations to authenticated;
