create or replace function public.revoke_invitation(p_invitation_id uuid)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('members.write');
begin
    update public.invitations as i
    set revoked_at = coalesce(i.revoked_at, private.clock())
    where i.invitation_id = p_invitation_id and i.tenant_id = v_caller.tenant_id and i.accepted_at is null;
    if not found then
        perform private.raise_error(404, 'INVITATION_NOT_FOUND', 'There is no such open invitation.');
    end if;
end
$$;
comment on function public.revoke_invitation is 'Revokes an open invitation.';
revoke all on function public.revoke_invitation from public, anon, authenticated, service_role;
grant execute on function public.revoke_invitation to authenticated;
