create or replace function public.accept_pool(p_pool text)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('settings.write');
    v_pool public.pools := private.find_pool(v_caller.tenant_id, p_pool, 'invited');
    v_member public.pool_members;
begin
    -- Who was invited by its slug and by its id has two invitations: the newest counts.
    select m.* into v_member
    from public.pool_members as m
    where m.pool_id = v_pool.pool_id and m.tenant_id = v_caller.tenant_id
    order by m.invited_at desc, m.invitee
    limit 1
    for update;
    if not found then   -- taken back meanwhile
        perform private.raise_error(404, 'POOL_NOT_FOUND', 'There is no such pool.');
    end if;
    perform private.find_queue_tenant(v_caller.tenant_id);
    if v_member.accepted_at is null then
        delete from public.pool_members as m
        where m.pool_id = v_pool.pool_id and m.tenant_id = v_caller.tenant_id and m.invitee <> v_member.invitee;
        update public.pool_members as m
        set accepted_at = private.clock(), accepted_by = coalesce(v_caller.user_id, v_caller.api_key_id)
        where m.pool_id = v_pool.pool_id and m.invitee = v_member.invitee;
        insert into private.shares (pool_id, tenant_id, folded_at)
        values (v_pool.pool_id, v_caller.tenant_id, private.clock())
        on conflict (pool_id, tenant_id) do nothing;
        perform private.set_pool_limit(v_pool.pool_id, v_caller.tenant_id, v_member.max_running);
    end if;
    return private.describe_pool(v_pool.pool_id, v_caller.tenant_id);
end
$$;
comment on function public.accept_pool is
    'Accepts the invitation to a pool, so that its robots run those of the tenant''s jobs that ask for it. Raises 404 POOL_NOT_FOUND, 409 POOL_AMBIGUOUS. Needs settings.write.';
revoke all on function public.accept_pool from public, anon, authenticated, service_role;
grant execute on function public.accept_pool to authenticated;
