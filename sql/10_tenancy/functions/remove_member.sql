create or replace function public.remove_member(p_user_id uuid)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.caller();
begin
    -- Members may leave by themselves.
    if v_caller.user_id is distinct from p_user_id then
        v_caller := private.authorize_for_members();
    end if;
    perform private.get_manageable_member(v_caller, p_user_id);
    delete from public.memberships as m where m.tenant_id = v_caller.tenant_id and m.user_id = p_user_id;
    perform private.check_admin_remains(v_caller.tenant_id);
    update public.profiles as p
    set active_tenant_id = null
    where p.user_id = p_user_id and p.active_tenant_id = v_caller.tenant_id;
    return jsonb_build_object(
        'user_id', p_user_id,
        'live_api_keys', array(
            select k.api_key_id
            from public.api_keys as k
            where k.tenant_id = v_caller.tenant_id and k.created_by = p_user_id and k.revoked_at is null
            order by k.api_key_id
        )
    );
end
$$;
comment on function public.remove_member is
    'Takes a member''s access away at once and names the API keys that the member made, which go on working until revoked; never the last admin.';
revoke all on function public.remove_member from public, anon, authenticated, service_role;
grant execute on function public.remove_member to authenticated;
