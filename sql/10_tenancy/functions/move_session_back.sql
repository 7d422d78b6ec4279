create or replace function private.move_session_back(p_session_id uuid, p_tenant_id uuid, p_former_tenant_id uuid)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_user_id uuid;
begin
    -- Whoever was quicker, and moved it on, is not undone.
    delete from private.session_tenants as s
    where s.session_id = p_session_id and s.tenant_id = p_tenant_id
    returning s.user_id into v_user_id;
    insert into private.session_tenants (session_id, tenant_id, user_id)
    select p_session_id, m.tenant_id, m.user_id
    from public.memberships as m
    where m.tenant_id = p_former_tenant_id and m.user_id = v_user_id
    on conflict do nothing;
end
$$;
comment on function private.move_session_back is
    'Undoes the move of a session into a tenant: it is in the former one again, or, with null, where it began.';
revoke all on function private.move_session_back from public, anon, authenticated, service_role;
grant execute on function private.move_session_back to casare_functions;
