create or replace function private.email_for_login(p_login text)
returns text
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_login text := lower(btrim(p_login));
    v_email text;
begin
    -- An address goes before a name, so that a user name cannot take over another user's address.
    select u.email into v_email from auth.users as u where u.email = v_login and not u.is_sso_user;
    if v_email is null then
        select u.email
        into v_email
        from public.profiles as p
        join auth.users as u on u.id = p.user_id
        where lower(p.username) = v_login;
    end if;
    return v_email;
end
$$;
comment on function private.email_for_login is
    'The address to sign in with for a user name or an address, in any letter case; null for an unknown login.';
revoke all on function private.email_for_login from public, anon, authenticated, service_role;
grant execute on function private.email_for_login to casare_functions;
