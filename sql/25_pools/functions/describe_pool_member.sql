create or replace function private.describe_pool_member(p_member public.pool_members)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return jsonb_build_object(
        'tenant', (p_member).invitee,
        'weight', (p_member).weight,
        'max_running', (p_member).max_running,
        'load', case when (p_member).accepted_at is not null then (
            select round((private.share_load(s.share_id, private.clock()) / (p_member).weight)::numeric, 1)
            from private.shares as s
            where s.pool_id = (p_member).pool_id and s.tenant_id = (p_member).tenant_id
        ) end,
        'invited_at', private.to_iso((p_member).invited_at),
        'accepted_at', private.to_iso((p_member).accepted_at)
    );
end
$$;
comment on function private.describe_pool_member is
    'A member of a pool, or an invitation, as its owner may see it, with the robot-seconds that it has had lately over its weight (load): nothing says whether an invitee exists that has not accepted.';
revoke all on function private.describe_pool_member from public, anon, authenticated, service_role;
