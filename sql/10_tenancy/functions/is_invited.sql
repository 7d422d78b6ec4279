create or replace function private.is_invited(p_email text, p_token text)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return exists (
        select
        from public.invitations as i
        join public.tenants as t on t.tenant_id = i.tenant_id
        where i.token_hash = sha256(convert_to(p_token, 'UTF8'))
            and i.email = lower(btrim(p_email))
            and i.revoked_at is null
            and i.expires_at > private.clock()
            and t.deleted_at is null
    );
end
$$;
comment on function private.is_invited is
    'Whether an address holds the token of an invitation that is open, or that was accepted and has not expired: a look before a user is made for it. public.accept_invitation() decides.';
revoke all on function private.is_invited from public, anon, authenticated, service_role;
grant execute on function private.is_invited to casare_functions;
