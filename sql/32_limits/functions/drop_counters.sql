create or replace function private.drop_counters()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    -- In the order of their ids, as whoever ends leases takes them.
    perform from private.limit_counters as c where c.limit_id = old.limit_id order by c.counter_id for update;
    delete from private.limit_counters as c where c.limit_id = old.limit_id;
    return null;
end
$$;
comment on function private.drop_counters is
    'Table trigger: takes the counters of a limit away with it; leases that are in them go on.';
revoke all on function private.drop_counters from public, anon, authenticated, service_role;
