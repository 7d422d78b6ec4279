create or replace function private.check_permissions_exist(p_field text, p_permissions text[])
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_unknown text;
begin
    select coalesce(g.code, 'null')
    into v_unknown
    from unnest(p_permissions) as g (code)
    where not exists (select from public.permissions as p where private.has_permission(array[g.code], p.code))
    limit 1;
    if found then
        perform private.raise_error(400, 'INVALID_ARGUMENT', format('%s: there is no permission %s.', p_field, left(v_unknown, 64)));
    end if;
end
$$;
comment on function private.check_permissions_exist is
    'Raises 400 INVALID_ARGUMENT for a code or wildcard that stands for no permission.';
revoke all on function private.check_permissions_exist from public, anon, authenticated, service_role;
