create or replace function public.update_member(
    p_user_id uuid,
    p_first_name text default null,
    p_last_name text default null,
    p_is_active boolean default null
)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.caller();
    v_is_oneself boolean := coalesce(v_caller.user_id = p_user_id, false);
begin
    -- Everybody may change their own name.
    if not v_is_oneself then
        v_caller := private.authorize_for_members();
    end if;
    perform private.get_manageable_member(v_caller, p_user_id);
    if p_first_name is not null or p_last_name is not null then
        -- A name is the person's, in all their tenants: the admin of one does not rename somebody in another.
        if not v_is_oneself and exists (
            select from public.memberships as m where m.user_id = p_user_id and m.tenant_id <> v_caller.tenant_id
        ) then
            perform private.raise_error(403, 'FORBIDDEN', 'This user belongs to another organization, too, and changes the name alone.');
        end if;
        p_first_name := private.nfc(btrim(p_first_name));
        p_last_name := private.nfc(btrim(p_last_name));
        if length(p_first_name) > 255 then
            perform private.raise_error(400, 'INVALID_ARGUMENT', 'first_name must have at most 255 characters.');
        end if;
        if length(p_last_name) > 255 then
            perform private.raise_error(400, 'INVALID_ARGUMENT', 'last_name must have at most 255 characters.');
        end if;
        update public.profiles as p
        set first_name = coalesce(p_first_name, p.first_name), last_name = coalesce(p_last_name, p.last_name)
        where p.user_id = p_user_id;
    end if;
    if p_is_active is not null then
        if v_is_oneself and not p_is_active then
            perform private.raise_error(400, 'OWN_MEMBERSHIP', 'You cannot deactivate yourself.');
        end if;
        -- Who asks is active, unless that was taken from them while this waited.
        update public.memberships as m
        set deactivated_at = case when p_is_active then null else coalesce(m.deactivated_at, private.clock()) end
        where m.tenant_id = v_caller.tenant_id
            and m.user_id = p_user_id
            and not v_is_oneself
            and (m.deactivated_at is null) <> p_is_active;
        perform private.check_admin_remains(v_caller.tenant_id);
    end if;
end
$$;
comment on function public.update_member is
    'Changes a member''s name, or takes their access away until it is given back; null leaves a part as it is. Never the last admin; members change their own name without members.write.';
revoke all on function public.update_member from public, anon, authenticated, service_role;
grant execute on function public.update_member to authenticated;
