create or replace function public.revoke_api_key(p_api_key_id uuid)
returns public.api_key_summary
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('api_keys.write');
begin
    update public.api_keys as k
    set revoked_at = coalesce(k.revoked_at, private.clock())
    where k.api_key_id = p_api_key_id and k.tenant_id = v_caller.tenant_id;
    if not found then
        perform private.raise_error(404, 'API_KEY_NOT_FOUND', 'There is no such key.');
    end if;
    return private.summarize_api_key(p_api_key_id);
end
$$;
comment on function public.revoke_api_key is
    'Ends a key at once, and every token that was made with it. Idempotent.';
revoke all on function public.revoke_api_key from public, anon, authenticated, service_role;
grant execute on function public.revoke_api_key to authenticated;
