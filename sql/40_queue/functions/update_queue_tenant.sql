create or replace function private.update_queue_tenant()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    update private.queue_tenants as q
    set pushes_jobs = coalesce(new.settings #> '{realtime,jobs}' <> 'false', true),
        ageing_minutes = private.ageing_minutes(new.settings),
        is_fair = coalesce(new.settings #> '{queue,fair_share}' = 'true', false)
    where q.tenant_id = new.tenant_id;
    return null;
end
$$;
comment on function private.update_queue_tenant is
    'Table trigger: keeps what the queue needs of a tenant''s settings beside its number.';
revoke all on function private.update_queue_tenant from public, anon, authenticated, service_role;
