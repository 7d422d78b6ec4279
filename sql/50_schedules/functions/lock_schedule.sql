create or replace function private.lock_schedule(p_tenant_id uuid, p_schedule_id uuid)
returns public.schedules
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_schedule public.schedules;
begin
    select s.* into v_schedule
    from public.schedules as s
    where s.schedule_id = p_schedule_id and s.tenant_id = p_tenant_id and s.deleted_at is null
    for update;
    if not found then
        perform private.raise_error(404, 'SCHEDULE_NOT_FOUND', 'There is no such schedule.');
    end if;
    return v_schedule;
end
$$;
comment on function private.lock_schedule is
    'A schedule of the tenant, locked until the transaction ends, so that it is not fired meanwhile. Raises 404 SCHEDULE_NOT_FOUND.';
revoke all on function private.lock_schedule from public, anon, authenticated, service_role;
