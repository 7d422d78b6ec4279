create or replace function public.update_pool(p_pool text, p_name text default null, p_shares_by text default null)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('robots.write');
    v_pool public.pools := private.find_pool(v_caller.tenant_id, p_pool, 'owner');
    v_name text := private.nfc(btrim(p_name));
begin
    if length(v_name) not between 1 and 64 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'name must have 1 to 64 characters.');
    elsif p_shares_by not in ('jobs', 'robot_seconds') then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'shares_by must be jobs or robot_seconds.');
    end if;
    begin
        update public.pools as p
        set name = coalesce(v_name, p.name), shares_by = coalesce(p_shares_by, p.shares_by)
        where p.pool_id = v_pool.pool_id;
    exception
        when unique_violation then
            perform private.raise_error(409, 'POOL_EXISTS', 'The tenant has a pool of this name.');
    end;
    return private.describe_pool(v_pool.pool_id, v_caller.tenant_id);
end
$$;
comment on function public.update_pool is
    'Gives a pool of the tenant''s own another name, or lets its members take turns by jobs or by robot_seconds, from the next claim on; null leaves what is. Raises 404 POOL_NOT_FOUND, 409 POOL_EXISTS. Needs robots.write.';
revoke all on function public.update_pool from public, anon, authenticated, service_role;
grant execute on function public.update_pool to authenticated;
