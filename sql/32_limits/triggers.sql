drop trigger if exists limits_drop_counters on private.limits;
create trigger limits_drop_counters
    after delete on private.limits
    for each row
    execute function private.drop_counters();
