-- One upsert decides: its row lock puts requests of one bucket in a row, so that however many come at once, the rate
-- limit is never exceeded and no request is refused while some are left. A refused request changes nothing. It must be
-- a transaction of its own, ahead of the request's: then the lock is held for microseconds, and a request that fails
-- counts all the same.
create or replace function private.count_request(
    p_rule text,
    p_limit integer,
    p_window_seconds integer,
    p_ip inet,
    p_user_id uuid default null,
    p_key_hash bytea default null
)
returns table (remaining integer, reset_at timestamptz)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := private.clock();
    v_ends_at timestamptz := v_now + make_interval(secs => p_window_seconds);
    v_bucket text := p_rule || case
        when p_user_id is not null then ' user:' || p_user_id
        -- An unknown key has no count of its own: else a stranger would get a new quota by inventing one.
        when p_key_hash is not null and exists (select from public.api_keys as k where k.key_hash = p_key_hash)
            then ' key:' || encode(p_key_hash, 'hex')
        else ' ip:' || host(private.login_network(p_ip))
    end;
    v_counted private.request_counts;
begin
    perform private.note_call();
    insert into private.request_counts as c (bucket, count, window_ends_at)
    values (v_bucket, 1, v_ends_at)
    on conflict (bucket) do update
    set count = case when c.window_ends_at > v_now then c.count + 1 else 1 end,
        window_ends_at = case when c.window_ends_at > v_now then c.window_ends_at else v_ends_at end
    where c.count < p_limit or c.window_ends_at <= v_now
    returning c.* into v_counted;
    if not found then
        select c.* into v_counted from private.request_counts as c where c.bucket = v_bucket;
        perform private.raise_error(
            429,
            'RATE_LIMITED',
            format('Rate limit exceeded: %s requests in %s seconds.', p_limit, p_window_seconds),
            greatest(1, ceil(extract(epoch from v_counted.window_ends_at - v_now)))::integer::text
        );
    end if;
    return query select p_limit - v_counted.count, v_counted.window_ends_at;
end
$$;
comment on function private.count_request is
    'Counts a request of a user, a key or else an address; returns how many are left and when the window ends. Raises 429 RATE_LIMITED with the seconds to wait as hint when none was left.';
revoke all on function private.count_request from public, anon, authenticated, service_role;
grant execute on function private.count_request to casare_functions;
