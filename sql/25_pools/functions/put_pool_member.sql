create or replace function public.put_pool_member(
    p_pool text,
    p_tenant text,
    p_weight integer default 1,
    p_max_running integer default null
)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('robots.write');
    v_pool public.pools := private.find_pool(v_caller.tenant_id, p_pool, 'owner');
    v_invitee text := lower(btrim(p_tenant));
    v_tenant record;
    v_member public.pool_members;
begin
    if (v_invitee ~ '^[a-z0-9-]{1,64}$') is not true then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'tenant must be the slug or the id of a tenant.');
    elsif p_weight not between 1 and 100 or p_weight is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'weight must be between 1 and 100.');
    elsif p_max_running not between 0 and 100000 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'max_running must be between 0 and 100000.');
    end if;
    -- Whether a tenant was found or not, the effect and the answer look the same.
    select t.tenant_id, t.slug into v_tenant
    from public.tenants as t
    where case
            when v_invitee ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then t.tenant_id = v_invitee::uuid
            else t.slug = v_invitee
        end
        and t.deleted_at is null;
    if v_tenant.tenant_id = v_pool.tenant_id then
        v_invitee := v_tenant.slug;     -- the owner's only row
        if p_max_running is not null then
            perform private.raise_error(400, 'INVALID_ARGUMENT', 'max_running is for other tenants than the pool''s owner.');
        end if;
    end if;
    insert into public.pool_members as m (pool_id, invitee, tenant_id, weight, max_running, invited_by, invited_at)
    values (
        v_pool.pool_id, v_invitee, v_tenant.tenant_id, p_weight, p_max_running,
        coalesce(v_caller.user_id, v_caller.api_key_id), private.clock()
    )
    on conflict (pool_id, invitee) do update set
        weight = excluded.weight,
        max_running = excluded.max_running,
        tenant_id = case when m.accepted_at is null then excluded.tenant_id else m.tenant_id end
    returning * into v_member;
    if v_member.accepted_at is not null then
        perform private.set_pool_limit(v_pool.pool_id, v_member.tenant_id, p_max_running);
    end if;
    return private.describe_pool_member(v_member);
end
$$;
comment on function public.put_pool_member is
    'Invites a tenant, by its slug or id, to a pool of the caller''s tenant, or changes the weight and max_running of a member or an invitation. A tenant that is not there is invited like any other. Raises 404 POOL_NOT_FOUND. Needs robots.write.';
revoke all on function public.put_pool_member from public, anon, authenticated, service_role;
grant execute on function public.put_pool_member to authenticated;
