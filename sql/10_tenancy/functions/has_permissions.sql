create or replace function private.has_permissions(p_granted text[], p_permissions text[])
returns boolean
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return not exists (
        select from unnest(p_permissions) as p (permission) where not private.has_permission(p_granted, p.permission)
    );
end
$$;
comment on function private.has_permissions is
    'Whether a set of granted codes holds every one of another set, wildcards included: a member can only give permissions that they have.';
revoke all on function private.has_permissions from public, anon, authenticated, service_role;
