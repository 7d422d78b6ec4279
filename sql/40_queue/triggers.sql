drop trigger if exists tenants_update_queue_tenant on public.tenants;
create trigger tenants_update_queue_tenant
    after update of settings on public.tenants
    for each row
    when (old.settings is distinct from new.settings)
    execute function private.update_queue_tenant();

drop trigger if exists limits_drop_counters on private.limits;
create trigger limits_drop_counters
    after delete on private.limits
    for each row
    execute function private.drop_counters();

-- On every way in which a lease ends. The condition is looked at without a call, so those who share nothing pay nothing.
drop trigger if exists leases_record_share_usage on private.leases;
create trigger leases_record_share_usage
    after delete on private.leases
    for each row
    when (old.share_id is not null or old.pool_share_id is not null)
    execute function private.record_share_usage();
