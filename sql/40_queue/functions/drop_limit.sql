-- Its counters in the order of their ids, as whoever ends leases takes them.
create or replace function private.drop_limit(p_limit_id integer)
returns void
language plpgsql
set search_path = ''
as $$
begin
    perform from private.limit_counters as c where c.limit_id = p_limit_id order by c.counter_id for update;
    delete from private.limits as w where w.limit_id = p_limit_id;
end
$$;
comment on function private.drop_limit(integer) is 'Takes a limit away, with its counters; leases that are in them go on.';
revoke all on function private.drop_limit(integer) from public, anon, authenticated, service_role;
