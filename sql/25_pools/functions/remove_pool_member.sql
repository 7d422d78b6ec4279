create or replace function public.remove_pool_member(p_pool text, p_tenant text)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('robots.write');
    v_pool public.pools := private.find_pool(v_caller.tenant_id, p_pool, 'owner');
    v_member public.pool_members;
begin
    delete from public.pool_members as m
    where m.pool_id = v_pool.pool_id and m.invitee = lower(btrim(p_tenant))
    returning * into v_member;
    if not found then
        perform private.raise_error(404, 'POOL_MEMBER_NOT_FOUND', 'The pool has no such member or invitation.');
    elsif v_member.accepted_at is not null then
        perform private.end_pool_membership(v_pool.pool_id, v_member.tenant_id);
    end if;
    return private.describe_pool_member(v_member);
end
$$;
comment on function public.remove_pool_member is
    'Takes a member out of a pool of the caller''s tenant, or an invitation back, by the name that it was invited with; the next claim gives it nothing. Its jobs that asked for the pool wait. Raises 404 POOL_NOT_FOUND, POOL_MEMBER_NOT_FOUND, 409 POOL_OWNER_STAYS. Needs robots.write.';
revoke all on function public.remove_pool_member from public, anon, authenticated, service_role;
grant execute on function public.remove_pool_member to authenticated;
