drop trigger if exists tenants_update_queue_tenant on public.tenants;
create trigger tenants_update_queue_tenant
    after update of settings on public.tenants
    for each row
    when (old.settings is distinct from new.settings)
    execute function private.update_queue_tenant();
