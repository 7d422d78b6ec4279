-- On every way in which a lease ends. The condition is looked at without a call, so those who share nothing pay nothing.
drop trigger if exists leases_record_share_usage on private.leases;
create trigger leases_record_share_usage
    after delete on private.leases
    for each row
    when (old.share_id is not null or old.pool_share_id is not null)
    execute function private.record_share_usage();
