-- Without a SET clause, so that it is inlined. It is no security definer and runs inside functions whose search path is set.
create or replace function private.has_permission(p_granted text[], p_permission text)
returns boolean
language sql
immutable
parallel safe
as $$
    select coalesce(
        p_granted operator(pg_catalog.&&) array[
            p_permission,
            '*',
            pg_catalog.split_part(p_permission, '.', 1) operator(pg_catalog.||) '.*',
            '*.' operator(pg_catalog.||) pg_catalog.split_part(p_permission, '.', 2)
        ],
        false
    )
$$;
comment on function private.has_permission is
    'Whether a set of granted codes (exact, resource.*, *.action or *) holds a permission.';
revoke all on function private.has_permission from public, anon, authenticated, service_role;
