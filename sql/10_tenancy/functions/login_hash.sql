create or replace function private.login_hash(p_login text)
returns bytea
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return sha256(convert_to(lower(coalesce(private.email_for_login(p_login), btrim(p_login), '')), 'UTF8'));
end
$$;
comment on function private.login_hash is
    'One value for all the ways to write a login: letter case, spaces, user name or address.';
revoke all on function private.login_hash from public, anon, authenticated, service_role;
