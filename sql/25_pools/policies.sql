alter table public.pools enable row level security, force row level security;
alter table public.pool_members enable row level security, force row level security;
alter table private.pool_turns enable row level security, force row level security;

revoke all on public.pools, public.pool_members from public, anon, authenticated, service_role;
grant select on public.pools to authenticated;
-- Without tenant_id, which tells whether an invitee exists, and without the people of the other side.
grant select (pool_id, invitee, weight, max_running, invited_at, accepted_at) on public.pool_members to authenticated;

drop policy if exists pools_select_owner_and_members on public.pools;
create policy pools_select_owner_and_members on public.pools
    for select to authenticated
    using (
        tenant_id = (select private.permitted_tenant_id('robots.read'))
        or pool_id = any (array(select private.joined_pool_ids()))
    );

drop policy if exists pool_members_select_owner_and_self on public.pool_members;
create policy pool_members_select_owner_and_self on public.pool_members
    for select to authenticated
    using (
        tenant_id = (select private.permitted_tenant_id('robots.read'))
        or pool_id in (
            select p.pool_id from public.pools as p where p.tenant_id = (select private.permitted_tenant_id('robots.read'))
        )
    );
