create or replace function public.custom_access_token_hook(event jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_user_id uuid := (event ->> 'user_id')::uuid;
    v_claims jsonb := event -> 'claims';
    v_app jsonb := coalesce(nullif(v_claims -> 'app_metadata', 'null'), '{}');
    v_tenant_id uuid := private.select_tenant_id(v_user_id, null, (v_claims ->> 'session_id')::uuid);
begin
    v_app := (v_app - '{registration,robot_id,api_key_id,tenant_id}'::text[])
        || jsonb_build_object(
            'principal', 'user',
            'roles', to_jsonb(private.list_member_roles(v_tenant_id, v_user_id)),
            'permissions', to_jsonb(private.list_member_permissions(v_tenant_id, v_user_id))
        );
    if v_tenant_id is not null then
        v_app := v_app || jsonb_build_object('tenant_id', v_tenant_id);
    end if;
    return jsonb_build_object('claims', jsonb_set(v_claims, '{app_metadata}', v_app));
end
$$;
comment on function public.custom_access_token_hook is
    'Called by Supabase Auth for every token: names the tenant, roles and permissions in app_metadata. The database checks them again.';
revoke all on function public.custom_access_token_hook from public, anon, authenticated, service_role;
grant execute on function public.custom_access_token_hook to supabase_auth_admin;
