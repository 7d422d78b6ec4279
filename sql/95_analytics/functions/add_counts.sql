-- Error types are whatever robots say. Without a limit one robot could make a row grow for ever.
create or replace function private.add_counts(p_counts jsonb, p_more jsonb, p_most integer default null)
returns jsonb
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    with added as (
        select c.key, sum(c.value::bigint) as times, row_number() over (order by sum(c.value::bigint) desc, c.key) as place
        from (select * from jsonb_each_text(p_counts) union all select * from jsonb_each_text(p_more)) as c
        group by c.key
    ),
    kept as (
        select case when a.place > p_most then '(other)' else a.key end as key, sum(a.times) as times
        from added as a
        group by 1
    )
    select coalesce(jsonb_object_agg(k.key, k.times), '{}') from kept as k
$$;
comment on function private.add_counts is
    'Two objects of counts in one. With p_most, the keys beyond that many, the rarest, are counted together as (other).';
revoke all on function private.add_counts from public, anon, authenticated, service_role;
