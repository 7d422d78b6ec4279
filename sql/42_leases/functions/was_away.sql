-- The two times are the server's own clock's; what they are compared with is shifted with the time that a test sets.
create or replace function private.was_away(p_last_ms bigint, p_now_ms bigint)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    v_silence interval := make_interval(secs => (p_now_ms - p_last_ms) / 1000.0);
    v_now timestamptz := private.clock();
    v_last timestamptz := v_now - v_silence;
    v_since timestamptz := v_last;
begin
    if p_now_ms < p_last_ms then    -- the clock was set back
        return false;
    elsif extract(epoch from pg_postmaster_start_time()) * 1000 > p_last_ms then
        return true;
    elsif v_silence <= interval '10 seconds' then
        return false;
    end if;
    -- Leases that ran out in an outage which had just ended may not have been lengthened yet.
    if v_last - private.back_at() <= interval '1 minute' then
        v_since := least(v_last, (select to_timestamp(t.last_value / 1000.0) from private.outage_began_at as t));
    end if;
    -- Nobody at all was heard, though some were due: a lease that was held has ended or would end in another such silence (who
    -- renews in time never comes so near), or two robots or more should have said that they live.
    return exists (
        select
        from private.leases as l
        cross join lateral (select least(l.lease_expires_at, private.progress_due_at(l)) as due_at) as d
        where d.due_at > v_since and d.due_at < v_now + v_silence and private.may_be_excused(l)
    ) or 2 <= (
        select count(*)
        from (
            select
            from public.robot_heartbeats as h
            join public.tenants as t on t.tenant_id = h.tenant_id
            where h.is_online
                and h.last_heartbeat_at + make_interval(secs => t.robot_offline_after_seconds) between v_last and v_now
            limit 2
        ) as r
    );
end
$$;
comment on function private.was_away is
    'Whether the silence from the last call to another moment was an outage: Postgres was started meanwhile, or calls were due and none came for more than ten seconds. The silence of one robot while others call is never one.';
revoke all on function private.was_away from public, anon, authenticated, service_role;
