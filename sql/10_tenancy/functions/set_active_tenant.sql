create or replace function public.set_active_tenant(p_tenant_id uuid)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
    v_user_id uuid := private.authenticate_user(v_claims);
begin
    if v_user_id is null then
        perform private.raise_error(401, 'AUTHENTICATION_FAILED', 'Sign in to choose a tenant.');
    end if;
    if p_tenant_id is null or private.select_tenant_id(v_user_id, p_tenant_id, null) is null then
        perform private.raise_error(404, 'TENANT_NOT_FOUND', 'You are not a member of such a tenant.');
    end if;
    perform private.enter_tenant(v_claims, p_tenant_id);
end
$$;
comment on function public.set_active_tenant is 'Chooses the tenant that the next token of the calling session is for; other sessions stay where they are.';
revoke all on function public.set_active_tenant from public, anon, authenticated, service_role;
grant execute on function public.set_active_tenant to authenticated;
