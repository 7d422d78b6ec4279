create or replace function private.get_abandoned_tenant(p_tenant text)
returns uuid
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant_id uuid;
begin
    select t.tenant_id
    into v_tenant_id
    from public.tenants as t
    where p_tenant in (t.tenant_id::text, t.slug)
    order by t.tenant_id::text = p_tenant desc      -- somebody may have named theirs by another's id
    limit 1;
    if v_tenant_id is null then
        perform private.raise_error(404, 'TENANT_NOT_FOUND', 'There is no such tenant.');
    elsif not exists (select from private.list_abandoned_tenants() as a where a.tenant_id = v_tenant_id) then
        perform private.raise_error(409, 'TENANT_HAS_MEMBERS', 'This tenant has members: they decide about it.');
    end if;
    return v_tenant_id;
end
$$;
comment on function private.get_abandoned_tenant is
    'The tenant with this id or slug, whose last member is gone. Raises 404 TENANT_NOT_FOUND, 409 TENANT_HAS_MEMBERS.';
revoke all on function private.get_abandoned_tenant from public, anon, authenticated, service_role;
