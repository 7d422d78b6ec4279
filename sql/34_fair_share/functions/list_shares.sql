create or replace function public.list_shares(p_offset integer default 0, p_limit integer default 100)
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
    select private.describe_share(s)
    from private.shares as s
    where s.tenant_id = v_caller.tenant_id and s.pool_id is null
    order by s.share_id
    offset p_offset
    limit p_limit;
end
$$;
comment on function public.list_shares is
    'The shares of the tenant''s workflows: weight, load (robot-seconds had lately, over the weight) and how many jobs run now. Needs settings.read.';
revoke all on function public.list_shares from public, anon, authenticated, service_role;
grant execute on function public.list_shares to authenticated;
