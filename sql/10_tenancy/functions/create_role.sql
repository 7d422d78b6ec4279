create or replace function public.create_role(
    p_name text,
    p_slug text,
    p_permissions text[],
    p_description text default ''
)
returns uuid
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize_for_members();
    v_role_id uuid;
begin
    p_name := private.nfc(btrim(p_name));
    if coalesce(length(p_name), 0) not between 1 and 128 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'name must have 1 to 128 characters.');
    end if;
    if p_slug is null or p_slug !~ '^[a-z][a-z0-9_-]{0,63}$' then
        perform private.raise_error(
            400, 'INVALID_ARGUMENT', 'slug must be lower-case letters, digits, - or _, starting with a letter, at most 64.'
        );
    end if;
    if exists (select from public.roles as r where r.tenant_id is null and r.slug = p_slug) then
        perform private.raise_error(409, 'ROLE_EXISTS', 'There is a role with this slug already.');
    end if;
    if (select count(*) from public.roles as r where r.tenant_id = v_caller.tenant_id) >= private.role_quota() then
        perform private.raise_error(
            409, 'TOO_MANY_ROLES', format('A tenant has at most %s roles of its own; delete some.', private.role_quota())
        );
    end if;
    insert into public.roles (tenant_id, name, slug, description)
    values (v_caller.tenant_id, p_name, p_slug, left(coalesce(p_description, ''), 1000))
    on conflict (tenant_id, slug) do nothing
    returning role_id into v_role_id;
    if v_role_id is null then
        perform private.raise_error(409, 'ROLE_EXISTS', 'There is a role with this slug already.');
    end if;
    perform private.set_role_permissions(v_caller, v_role_id, p_permissions);
    return v_role_id;
end
$$;
comment on function public.create_role is
    'A role of the caller''s tenant with permissions that the caller has; returns its id. Raises 409 ROLE_EXISTS or TOO_MANY_ROLES.';
revoke all on function public.create_role from public, anon, authenticated, service_role;
grant execute on function public.create_role to authenticated;
