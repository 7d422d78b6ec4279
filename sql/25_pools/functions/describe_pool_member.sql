create or replace function private.describe_pool_member(p_member public.pool_members)
returns jsonb
language sql
stable
set search_path = ''
as $$
    select jsonb_build_object(
        'tenant', (p_member).invitee,
        'weight', (p_member).weight,
        'max_running', (p_member).max_running,
        'invited_at', private.to_iso((p_member).invited_at),
        'accepted_at', private.to_iso((p_member).accepted_at)
    )
$$;
comment on function private.describe_pool_member(public.pool_members) is
    'A member of a pool, or an invitation, as its owner may see it: nothing says whether an invitee exists that has not accepted.';
revoke all on function private.describe_pool_member(public.pool_members) from public, anon, authenticated, service_role;
