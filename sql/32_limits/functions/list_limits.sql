create or replace function public.list_limits(p_offset integer default 0, p_limit integer default 100)
returns setof jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('settings.read');
begin
    if p_limit not between 1 and 1000 or p_limit is null or p_offset < 0 or p_offset is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'limit must be between 1 and 1000, offset at least 0.');
    end if;
    return query
    select private.describe_limit(w)
    from private.limits as w
    where w.tenant_id = v_caller.tenant_id and w.scope <> 'pool'     -- those are the pool's owner's
    order by w.scope, w.limit_id
    offset p_offset
    limit p_limit;
end
$$;
comment on function public.list_limits is
    'The limits of the tenant, the widest scope first, each with how many jobs count towards it now. Needs settings.read.';
revoke all on function public.list_limits from public, anon, authenticated, service_role;
grant execute on function public.list_limits to authenticated;
