create or replace function public.invite_member(
    p_email text,
    p_role_id uuid,
    p_token_hash bytea,
    p_expires_at timestamptz default null
)
returns uuid
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('members.write');
    v_email text := lower(btrim(p_email));
    v_now timestamptz := private.clock();
    v_invitation_id uuid;
    v_made bigint;
    v_open bigint;
begin
    if v_email is null or length(v_email) > 254 or v_email !~ '^[^@[:space:]]+@[^@[:space:]]+$' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'email must be an e-mail address.');
    end if;
    if p_token_hash is null or octet_length(p_token_hash) <> 32 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'token_hash must be a SHA-256.');
    end if;
    if p_expires_at <= v_now or p_expires_at > v_now + interval '90 days' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'expires_at must lie in the next 90 days.');
    end if;
    perform private.get_assignable_role(v_caller, p_role_id);
    -- One at a time, so that they are counted. Whoever lost a token is invited anew: the former invitation ends.
    perform from public.tenants as t where t.tenant_id = v_caller.tenant_id for no key update;
    update public.invitations as i
    set revoked_at = v_now
    where i.tenant_id = v_caller.tenant_id and i.email = v_email and i.accepted_at is null and i.revoked_at is null;
    select
        count(*) filter (where i.created_at > v_now - interval '1 day'),
        count(*) filter (where i.accepted_at is null and i.revoked_at is null and i.expires_at > v_now)
    into v_made, v_open
    from public.invitations as i
    where i.tenant_id = v_caller.tenant_id and (i.created_at > v_now - interval '1 day' or i.expires_at > v_now);
    if v_open >= private.invitation_quota() then
        perform private.raise_error(
            409, 'TOO_MANY_INVITATIONS', format('At most %s invitations are open at once; revoke some.', private.invitation_quota())
        );
    elsif v_made >= 10 * private.invitation_quota() then
        perform private.raise_error(
            409, 'TOO_MANY_INVITATIONS', format('At most %s invitations are made in a day.', 10 * private.invitation_quota())
        );
    end if;
    insert into public.invitations (tenant_id, email, role_id, token_hash, invited_by, created_at, expires_at)
    values (
        v_caller.tenant_id,
        v_email,
        p_role_id,
        p_token_hash,
        coalesce(v_caller.user_id, v_caller.api_key_id),
        v_now,
        coalesce(p_expires_at, v_now + interval '7 days')
    )
    returning invitation_id into v_invitation_id;
    return v_invitation_id;
end
$$;
comment on function public.invite_member is
    'Offers membership with a role to an e-mail address, for seven days unless told otherwise; the token itself is known to its sender only. Revokes what is open for the address. Raises 409 TOO_MANY_INVITATIONS.';
revoke all on function public.invite_member from public, anon, authenticated, service_role;
grant execute on function public.invite_member to authenticated;
