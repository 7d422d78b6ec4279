-- A user who is deleted softly stays a row of auth.users; one from before the table trigger knew of it stays a member, too.
create or replace function private.list_abandoned_tenants()
returns table (tenant_id uuid, slug text, name text, created_at timestamptz, robots bigint, live_keys bigint)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        t.tenant_id, t.slug, t.name, t.created_at,
        (select count(*) from public.robots as r where r.tenant_id = t.tenant_id and r.deleted_at is null),
        (
            select count(*)
            from public.api_keys as k
            where k.tenant_id = t.tenant_id
                and k.revoked_at is null
                and (k.expires_at is null or k.expires_at > private.clock())
        )
    from public.tenants as t
    where not exists (
        select
        from public.memberships as m
        join auth.users as u on u.id = m.user_id and u.deleted_at is null
        where m.tenant_id = t.tenant_id and m.deactivated_at is null
    )
    order by t.created_at, t.tenant_id;
end
$$;
comment on function private.list_abandoned_tenants is
    'Tenants whose last active member is gone: nobody can sign in to them, and their robots and keys go on until an operator hands them over or purges them.';
revoke all on function private.list_abandoned_tenants from public, anon, authenticated, service_role;
