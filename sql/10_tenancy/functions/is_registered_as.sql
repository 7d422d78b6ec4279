create or replace function private.is_registered_as(p_email text, p_registration jsonb)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return exists (
        select
        from auth.users as u
        where u.email = lower(btrim(p_email))
            and not u.is_sso_user
            and u.deleted_at is null
            and u.raw_app_meta_data -> 'registration' = p_registration
    );
end
$$;
comment on function private.is_registered_as is
    'Whether the user with this address came by exactly this registration, so that a repeat of it is a sign-in: its password is still to be proved.';
revoke all on function private.is_registered_as from public, anon, authenticated, service_role;
grant execute on function private.is_registered_as to casare_functions;
