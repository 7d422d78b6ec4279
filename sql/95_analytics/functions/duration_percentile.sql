create or replace function private.duration_percentile(p_durations jsonb, p_fraction numeric)
returns bigint
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select round(private.bucket_duration_ms(c.bucket))::bigint
    from (
        select
            d.key::integer as bucket,
            sum(d.value::bigint) over (order by d.key::integer) as up_to_here,
            sum(d.value::bigint) over () as total
        from jsonb_each_text(p_durations) as d
    ) as c
    where c.up_to_here >= ceil(p_fraction * c.total)
    order by c.bucket
    limit 1
$$;
comment on function private.duration_percentile is
    'The duration in milliseconds that this fraction of a histogram does not exceed (nearest rank), within 4 percent and rounding; null for an empty one.';
revoke all on function private.duration_percentile from public, anon, authenticated, service_role;
