-- Takes the token and hashes it here: what stands in the table is not enough to accept.
create or replace function public.accept_invitation(p_token text)
returns uuid
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
    v_user_id uuid := private.authenticate_user(v_claims);
    v_invitation public.invitations;
begin
    if v_user_id is null then
        perform private.raise_error(401, 'AUTHENTICATION_FAILED', 'Sign in to accept an invitation.');
    end if;
    select i.*
    into v_invitation
    from public.invitations as i
    join public.tenants as t on t.tenant_id = i.tenant_id
    join auth.users as u on u.id = v_user_id
    where i.token_hash = sha256(convert_to(p_token, 'UTF8'))
        and i.accepted_at is null
        and i.revoked_at is null
        and i.expires_at > private.clock()
        and t.deleted_at is null
        and lower(u.email) = i.email
    for update of i;
    if v_invitation.invitation_id is null
        or not private.may_still_invite(v_invitation.tenant_id, v_invitation.invited_by, v_invitation.role_id)
    then
        perform private.raise_error(404, 'INVITATION_NOT_FOUND', 'There is no such open invitation for you.');
    end if;

    -- Who comes back has the role of the invitation and none of before: who invites gives no more than they have.
    perform
    from public.memberships as m
    where m.tenant_id = v_invitation.tenant_id and m.user_id = v_user_id and m.deactivated_at is not null
    for update;
    if found then
        delete from public.member_roles as mr where mr.tenant_id = v_invitation.tenant_id and mr.user_id = v_user_id;
    end if;
    insert into public.memberships (tenant_id, user_id)
    values (v_invitation.tenant_id, v_user_id)
    on conflict (tenant_id, user_id) do update set deactivated_at = null;
    insert into public.member_roles (tenant_id, user_id, role_id)
    values (v_invitation.tenant_id, v_user_id, v_invitation.role_id)
    on conflict do nothing;
    update public.invitations as i
    set accepted_at = private.clock()
    where i.invitation_id = v_invitation.invitation_id;
    perform private.enter_tenant(v_claims, v_invitation.tenant_id);
    return v_invitation.tenant_id;
end
$$;
comment on function public.accept_invitation is
    'Makes the signed-in user, whose address was invited, a member and returns the tenant, which the next token of this session is for; once per invitation. Who was deactivated comes back with the invited role only.';
revoke all on function public.accept_invitation from public, anon, authenticated, service_role;
grant execute on function public.accept_invitation to authenticated;
