-- That it was tried is committed before it runs: a duty at which a session ends is not the first of the next session again.
create or replace function private.next_duty()
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := private.clock();
    v_name text;
begin
    select r.name
    into v_name
    from private.duty_runs as r
    join private.duties as d on d.name = r.name
    where r.behind_since is not null
        or r.last_run_at > v_now    -- the clock was set back
        or r.last_run_at + greatest(d.every, d.rest * r.last_took) <= v_now
    order by r.tried_at, r.name
    limit 1
    for update of r skip locked;
    if found then
        update private.duty_runs as r set tried_at = clock_timestamp() where r.name = v_name;
        perform set_config('synchronous_commit', 'off', true);  -- worth no wait for the disk
    end if;
    return v_name;
end
$$;
comment on function private.next_duty is
    'The duty that was tried the longest ago, of those that are due or behind and that no session runs now; null: none.';
revoke all on function private.next_duty from public, anon, authenticated, service_role;
