create or replace function private.count_jobs_ahead(
    p_tenant_no integer,
    p_environment text,
    p_offers text[],
    p_robot_id uuid,
    p_rank integer,     -- the lane's priority less its promotion
    p_share_id integer, -- the lane's
    p_job_id uuid,
    p_limit integer,
    p_pool_id uuid default null     -- only jobs that ask for it
)
returns integer
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_now timestamptz := private.clock();
    v_is_fair boolean := (select q.is_fair from private.queue_tenants as q where q.tenant_no = p_tenant_no);
    v_load double precision := case when v_is_fair then coalesce(private.share_load(p_share_id, v_now), -1) else 0 end;
    v_entry record;
    v_limit_ids integer[] := '{}';      -- of the jobs that were counted: a limit once for each
    v_ahead integer := 0;
begin
    -- Jobs with limits one after another, as claims would take them: one takes the room of another. The rest in any order.
    for v_entry in
        with lanes as (
            select
                e.lane_id, e.workflow_limit_id, e.key_limit_id, e.priority - e.promotion as rank, s.load,
                -- Of a better lane all its jobs go first: a bound of the index, so that nothing behind it is read.
                case
                    when e.priority - e.promotion < p_rank or s.load < v_load then 'ffffffff-ffff-ffff-ffff-ffffffffffff'
                    else p_job_id
                end as before_id
            from private.lanes as e
            cross join lateral (
                -- As private.take_jobs() orders them: a lane without a share, from before there were any, comes first.
                select case when v_is_fair then coalesce(private.share_load(e.share_id, v_now), -1) else 0 end as load
            ) as s
            where e.tenant_no = p_tenant_no
                and (e.robot_id is null or e.robot_id = p_robot_id)
                and private.lane_suits(e.environment, e.required, p_environment, p_offers)
                and (e.priority - e.promotion < p_rank or e.priority - e.promotion = p_rank and s.load <= v_load)
                and (p_pool_id is null or 'pool:' || p_pool_id = any (e.required))
        )
        (
            select null::integer as workflow_limit_id, null::integer as key_limit_id
            from lanes as e
            cross join lateral (
                select
                from private.ready as y
                where y.tenant_no = p_tenant_no and y.lane_id = e.lane_id and y.job_id < e.before_id
                limit p_limit
            ) as ahead
            where e.workflow_limit_id is null and e.key_limit_id is null
            limit p_limit
        )
        union all
        (
            select e.workflow_limit_id, e.key_limit_id
            from lanes as e
            cross join lateral (
                select y.job_id
                from private.ready as y
                where y.tenant_no = p_tenant_no and y.lane_id = e.lane_id and y.job_id < e.before_id
                order by y.job_id
                limit least(p_limit, private.lane_room(e.workflow_limit_id, e.key_limit_id))
            ) as ahead
            where e.workflow_limit_id is not null or e.key_limit_id is not null
            order by e.rank, e.load, ahead.job_id
        )
    loop
        exit when v_ahead = p_limit;
        continue when exists (
            select
            from unnest(array[v_entry.workflow_limit_id, v_entry.key_limit_id]) as n (limit_id)
            where cardinality(array_positions(v_limit_ids, n.limit_id)) >= private.lane_room(n.limit_id, null)
        );
        v_limit_ids := v_limit_ids || v_entry.workflow_limit_id || v_entry.key_limit_id;
        v_ahead := v_ahead + 1;
    end loop;
    return v_ahead;
end
$$;
comment on function private.count_jobs_ahead is
    'How many waiting jobs a robot that has these things would take before a job, as things are: p_limit at most, and no more than their limits have room for.';
revoke all on function private.count_jobs_ahead from public, anon, authenticated, service_role;
