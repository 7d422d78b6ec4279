create or replace function private.create_tenant(p_name text, p_admin_user_id uuid)
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_slug text := coalesce(nullif(btrim(left(regexp_replace(lower(p_name), '[^a-z0-9]+', '-', 'g'), 48), '-'), ''), 'tenant');
    v_tenant_id uuid;
begin
    p_name := private.nfc(btrim(p_name));
    if coalesce(length(p_name), 0) not between 1 and 255 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'tenant_name must have 1 to 255 characters.');
    end if;
    insert into public.tenants (name, slug)
    values (p_name, v_slug)
    on conflict (slug) do nothing
    returning tenant_id into v_tenant_id;
    if v_tenant_id is null then
        insert into public.tenants (name, slug)
        values (p_name, v_slug || '-' || left(replace(gen_random_uuid()::text, '-', ''), 8))
        returning tenant_id into v_tenant_id;
    end if;
    insert into public.memberships (tenant_id, user_id) values (v_tenant_id, p_admin_user_id);
    insert into public.member_roles (tenant_id, user_id, role_id)
    select v_tenant_id, p_admin_user_id, r.role_id
    from public.roles as r
    where r.tenant_id is null and r.slug = 'admin';
    return v_tenant_id;
end
$$;
comment on function private.create_tenant is
    'A new tenant whose only member, the given user, is its admin. Its slug is made from the name.';
revoke all on function private.create_tenant from public, anon, authenticated, service_role;
