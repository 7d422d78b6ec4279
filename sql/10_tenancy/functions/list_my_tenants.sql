-- Of whoever is signed in, whatever tenant the token names: who was removed from that one finds the way to another.
create or replace function public.list_my_tenants()
returns table (tenant_id uuid, slug text, name text, is_current boolean)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_user_id uuid := private.authenticate_user(nullif(current_setting('request.jwt.claims', true), '')::jsonb);
    v_caller private.caller := private.caller();
begin
    if v_user_id is null and v_caller.principal is null then
        perform private.refuse_caller();
    end if;
    return query
    select t.tenant_id, t.slug, t.name, coalesce(t.tenant_id = v_caller.tenant_id, false)
    from public.tenants as t
    where t.deleted_at is null
        and (
            (v_user_id is null and t.tenant_id = v_caller.tenant_id)
            or exists (
                select
                from public.memberships as m
                where m.tenant_id = t.tenant_id and m.user_id = v_user_id and m.deactivated_at is null
            )
        )
    order by t.name, t.tenant_id;
end
$$;
comment on function public.list_my_tenants is
    'The tenants that the caller can act in, by name, and which of them the token is for; a key has one, a user who is a member nowhere none.';
revoke all on function public.list_my_tenants from public, anon, authenticated, service_role;
grant execute on function public.list_my_tenants to authenticated;
