-- Skips leases that are locked: they are being renewed or ended.
create or replace function private.lengthen_leases()
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_back_at timestamptz := private.back_at();
    v_done_until timestamptz := (select max(o.ended_at) from private.outages as o);
    v_began_at timestamptz;
    v_away interval;
    v_count integer;
begin
    if v_back_at is null or v_back_at <= v_done_until then
        return 0;
    end if;
    v_began_at := greatest(
        (select to_timestamp(t.last_value / 1000.0) from private.outage_began_at as t), v_done_until
    );
    v_away := v_back_at - v_began_at;
    insert into private.outages (ended_at, began_at, leases) values (v_back_at, v_began_at, 0) on conflict do nothing;
    if not found then   -- by another session, just now
        return 0;
    end if;
    -- What ran out gets back the time that it had. What did not may have been renewed since, and needs no more than a minute.
    update private.leases as l
    set lease_expires_at = case
            when l.lease_expires_at <= v_began_at then l.lease_expires_at
            when l.lease_expires_at <= v_back_at then l.lease_expires_at + v_away
            else greatest(l.lease_expires_at, least(l.lease_expires_at + v_away, v_back_at + interval '1 minute'))
        end,
        away = case
            when coalesce(l.progress_at, l.started_at, l.claimed_at) < v_back_at then l.away + v_away
            else l.away
        end,
        outages = l.outages + 1,
        -- The time of the job went on, as its robot did; but who was done in time is given a minute to say so.
        timeout_at = case
            when l.timeout_at > v_began_at then greatest(l.timeout_at, v_back_at + least(v_away, interval '1 minute'))
            else l.timeout_at
        end
    where l.job_id in (
        select o.job_id
        from private.leases as o
        where o.claimed_at < v_back_at and private.may_be_excused(o)
        order by o.job_id
        for update skip locked
    );
    get diagnostics v_count = row_count;
    update private.outages as o set leases = v_count where o.ended_at = v_back_at;
    delete from private.outages as o where o.ended_at < v_back_at - interval '90 days';
    return v_count + 1;
end
$$;
comment on function private.lengthen_leases is
    'Lengthens the leases that were held in an outage by its length, once for each outage, before any lease is rescued: no robot could renew them. The same for progress; the time of a job goes on, but does not end before the first minute after the outage. Not one that three outages have lengthened and nobody has renewed. Returns 0 when there was nothing to do.';
revoke all on function private.lengthen_leases from public, anon, authenticated, service_role;
