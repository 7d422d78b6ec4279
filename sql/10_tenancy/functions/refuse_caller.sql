create or replace function private.refuse_caller()
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_user_id uuid := private.authenticate_user(nullif(current_setting('request.jwt.claims', true), '')::jsonb);
begin
    -- A token for one tenant of several is merely out of date: the next one names another.
    if v_user_id is not null and private.select_tenant_id(v_user_id, null, null) is null then
        perform private.raise_error(
            403,
            'NO_TENANT',
            'You are signed in and belong to no tenant: ask a member for an invitation and accept it, or register one of your own with another address.'
        );
    end if;
    perform private.raise_error(401, 'AUTHENTICATION_FAILED', 'Sign in, or send a valid key.');
end
$$;
comment on function private.refuse_caller is
    'For a request without a verified caller: raises 403 NO_TENANT for a user who is signed in and a member nowhere, else 401 AUTHENTICATION_FAILED.';
revoke all on function private.refuse_caller from public, anon, authenticated, service_role;
