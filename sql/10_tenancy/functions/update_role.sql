create or replace function public.update_role(
    p_role_id uuid,
    p_name text default null,
    p_description text default null,
    p_permissions text[] default null
)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize_for_members();
    v_role public.roles := private.get_assignable_role(v_caller, p_role_id);
begin
    p_name := private.nfc(btrim(p_name));
    if v_role.tenant_id is null then
        perform private.raise_error(409, 'ROLE_BUILT_IN', 'A built-in role cannot be changed.');
    end if;
    if length(p_name) not between 1 and 128 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'name must have 1 to 128 characters.');
    end if;
    update public.roles as r
    set name = coalesce(p_name, r.name), description = coalesce(left(p_description, 1000), r.description)
    where r.role_id = p_role_id;
    if p_permissions is not null then
        perform private.set_role_permissions(v_caller, p_role_id, p_permissions);
    end if;
end
$$;
comment on function public.update_role is
    'Changes a role of the tenant, before and after within what the caller may; null leaves a part as it is.';
revoke all on function public.update_role from public, anon, authenticated, service_role;
grant execute on function public.update_role to authenticated;
