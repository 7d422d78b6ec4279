-- One row of a share changes at a time, by one session: ended attempts only append, and wait for no other session.
create or replace function private.fold_share_usage(p_limit integer default 5000)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_now timestamptz := private.clock();
    v_share_ids integer[];
    v_share_id integer;
    v_more integer[];           -- shares that have more than their turn
    v_folded integer := 0;
    v_used record;
begin
    -- From share to share by the index, so that what others have waiting is not read; from any one on, as more may have some than
    -- are looked at. The first share of each tenant, then the second of each, and so on.
    v_share_ids := array(
        with recursive used (share_id, looks) as (
            (
                select u.share_id, 1
                from private.share_usage as u
                where u.share_id >= (
                    select (random() * o.share_id)::integer from private.share_usage as o order by o.share_id desc limit 1
                )
                order by u.share_id
                limit 1
            )
            union all
            (
                select u.share_id, 1 from private.share_usage as u order by u.share_id limit 1
            )
            union all
            select (
                select u.share_id from private.share_usage as u where u.share_id > w.share_id order by u.share_id limit 1
            ), w.looks + 1
            from used as w
            where w.share_id is not null and w.looks < p_limit
        )
        select t.share_id
        from (
            select d.share_id, row_number() over (partition by s.tenant_id order by random()) as turn
            from (select distinct w.share_id from used as w where w.share_id is not null) as d
            left join lateral (
                select o.tenant_id from private.shares as o where o.share_id = d.share_id offset 0
            ) as s on true
        ) as t
        order by t.turn, random()
    );
    while v_share_ids <> '{}' and v_folded < p_limit loop
        v_more := '{}';
        foreach v_share_id in array v_share_ids loop
            exit when v_folded >= p_limit;
            perform from private.shares as s where s.share_id = v_share_id for update skip locked;
            continue when not found and exists (select from private.shares as s where s.share_id = v_share_id);
            with gone as (
                delete from private.share_usage as u
                where u.share_id = v_share_id and u.usage_id = any (array(
                    select o.usage_id
                    from private.share_usage as o
                    where o.share_id = v_share_id
                    order by o.usage_id
                    limit greatest(p_limit / 10, 1)
                ))
                returning u.seconds
            )
            select count(*)::integer as attempts, sum(g.seconds) as seconds, avg(g.seconds) as each into v_used from gone as g;
            update private.shares as s
            set used_seconds = private.faded_seconds(s.used_seconds, s.folded_at, v_now) + v_used.seconds,
                -- A tenth of the way for each attempt that ended.
                expected_seconds = v_used.each + (s.expected_seconds - v_used.each) * power(0.9, least(v_used.attempts, 100)),
                folded_at = v_now
            where s.share_id = v_share_id and v_used.attempts > 0;
            v_folded := v_folded + v_used.attempts;
            if v_used.attempts = greatest(p_limit / 10, 1) then
                v_more := v_more || v_share_id;
            end if;
        end loop;
        v_share_ids := v_more;
    end loop;
    return v_folded;
end
$$;
comment on function private.fold_share_usage is
    'Adds the robot-seconds of at most p_limit ended attempts to their shares, of each tenant in turn, and returns of how many attempts.';
revoke all on function private.fold_share_usage from public, anon, authenticated, service_role;
