create or replace function private.summarize_api_key(p_api_key_id uuid)
returns public.api_key_summary
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_summary public.api_key_summary;
begin
    select
        k.api_key_id,
        k.tenant_id,
        k.kind,
        k.name,
        k.prefix,
        k.robot_id,
        k.scopes,
        k.created_by,
        k.created_at,
        k.expires_at,
        k.last_used_at,
        k.revoked_at,
        k.robot_external_id
    into v_summary
    from public.api_keys as k
    where k.api_key_id = p_api_key_id;
    return v_summary;
end
$$;
comment on function private.summarize_api_key is 'A key without its hash.';
revoke all on function private.summarize_api_key from public, anon, authenticated, service_role;
