-- A held job counts for the time that it has taken, and at once for what such jobs take: fifty robots that ask in one moment
-- do not all get jobs of the same workflow.
create or replace function private.share_load(p_share_id integer, p_now timestamptz)
returns double precision
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
    return (
        select (
            private.faded_seconds(s.used_seconds, s.folded_at, p_now)
            + coalesce((select sum(u.seconds) from private.share_usage as u where u.share_id = s.share_id), 0)
            + coalesce(
                (
                    select sum(greatest(extract(epoch from p_now - l.claimed_at), s.expected_seconds))
                    from (
                        select e.claimed_at from private.leases as e where e.share_id = s.share_id
                        union all
                        select e.claimed_at from private.leases as e where e.pool_share_id = s.share_id
                    ) as l
                ),
                0
            )
        ) / s.weight
        from private.shares as s
        where s.share_id = p_share_id
    );
end
$$;
comment on function private.share_load is
    'How many robot-seconds a share has had lately, running jobs included, over its weight: the share with the least is served next.';
revoke all on function private.share_load from public, anon, authenticated, service_role;
