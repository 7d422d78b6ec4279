create or replace function private.record_share_usage()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into private.share_usage (share_id, seconds)
    select u.share_id, extract(epoch from greatest(private.clock() - old.claimed_at, '0 seconds'))
    from unnest(array[old.share_id, old.pool_share_id]) as u (share_id)
    where u.share_id is not null;
    return null;
end
$$;
comment on function private.record_share_usage is
    'Table trigger: records how long a robot held a job, however that ended, for the shares that used the time.';
revoke all on function private.record_share_usage from public, anon, authenticated, service_role;
