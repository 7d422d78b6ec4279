create or replace function private.lock_trigger(p_tenant_id uuid, p_trigger_id uuid)
returns public.triggers
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_trigger public.triggers;
begin
    select t.* into v_trigger
    from public.triggers as t
    where t.trigger_id = p_trigger_id and t.tenant_id = p_tenant_id and t.deleted_at is null
    for update;
    if not found then
        perform private.raise_error(404, 'TRIGGER_NOT_FOUND', 'There is no such trigger.');
    end if;
    return v_trigger;
end
$$;
comment on function private.lock_trigger is
    'A trigger of the tenant, locked until the transaction ends, so that it is not fired meanwhile. Raises 404 TRIGGER_NOT_FOUND.';
revoke all on function private.lock_trigger from public, anon, authenticated, service_role;
