-- The clauses of claim_jobs, one by one, for each robot that a lane is not closed to by its target. is_eligible is the claim's
-- own answer; the reason is the clause that stands furthest from it, so that mending it is the next useful step. The robots are
-- read once, however many lanes there are.
create or replace function private.judge_robots(
    p_tenant_id uuid,
    p_lane_ids integer[],
    p_job_ids uuid[],                   -- of each lane, the job that waits in it
    p_reached_limits private.limits[],  -- of each lane, the limit that is full; null: none
    p_is_ready boolean default true,    -- else the jobs wait for a time
    p_limit integer default 50          -- robots of each lane
)
returns table (
    place integer,      -- of the lane, from 1
    robot_id uuid,
    external_id text,
    is_online boolean,
    is_eligible boolean,
    ahead integer,      -- jobs that it would take before this one; 100 at most, null for a robot that may not have it
    nearness integer,   -- as list_explanations() has it; 20 more for a robot that is not there, whatever else is the matter with it
    reason jsonb,       -- as private.explain_reason() gives it
    robots bigint,      -- of all
    robots_online bigint
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_targets uuid[];   -- null: some lane is open to every robot
begin
    select case when bool_and(e.robot_id is not null) then array_agg(e.robot_id) end
    into v_targets
    from private.lanes as e
    where e.lane_id = any (p_lane_ids);
    return query
    with fleet as materialized (
        select
            r as live,
            r.robot_id,
            r.external_id,
            r.environment,
            r.is_online,
            r.mode,
            r.quarantined_at,
            r.pool_id,
            r.load < r.max_concurrent_jobs as has_slot,
            o.offers,
            coalesce(h.is_signed_off, false) as is_signed_off,
            private.has_live_key(r.tenant_id, r.robot_id) as has_key
        from public.live_robots as r
        left join public.robot_heartbeats as h on h.robot_id = r.robot_id
        cross join lateral (
            select private.robot_offers(r.capabilities, r.tags, r.is_internet, r.pool_id, h.is_desktop_open) as offers
        ) as o
        where r.tenant_id = p_tenant_id and (v_targets is null or r.robot_id = any (v_targets))
    ), wanted as materialized (
        select
            w.place::integer as place,
            w.job_id,
            (select o from private.lanes as o where o.lane_id = w.lane_id) as lane,
            p_reached_limits[w.place] as reached_limit,
            private.limit_reason(p_reached_limits[w.place]) as limit_reason
        from unnest(p_lane_ids, p_job_ids) with ordinality as w (lane_id, job_id, place)
    ), judged as (
        select
            w.*,
            f.*,
            m.missing,
            f.has_key
                and private.robot_may_claim(f.mode, f.is_signed_off, f.quarantined_at)
                and private.lane_suits((w.lane).environment, (w.lane).required, f.environment, f.offers)
                and f.has_slot
                and w.limit_reason is null as is_eligible,
            case
                when not private.lane_suits((w.lane).environment, '{}', f.environment, f.offers) then 'wrong_environment'
                when exists (select from unnest(m.missing) as q where q like 'pool:%') then 'not_in_pool'
                when f.is_online and m.missing = '{session:interactive}' and private.is_desktop_locked(f.live)
                    then 'robot_session_locked'
                when exists (select from unnest(m.missing) as q where q not like 'tag:%' and q not like 'mode:%')
                    then 'missing_capability'
                when exists (select from unnest(m.missing) as q where q like 'tag:%') then 'missing_tag'
                when m.missing <> '{}' then 'missing_internet'
                else coalesce(
                    private.find_robot_hindrance(f.live, f.is_signed_off, f.has_key),
                    w.limit_reason,
                    case when p_is_ready then 'next_in_line' else 'when_it_is_time' end
                )
            end as reason_code
        from wanted as w
        join fleet as f on (w.lane).robot_id is null or f.robot_id = (w.lane).robot_id
        cross join lateral (
            select array(select q.q from unnest((w.lane).required) as q where q.q <> all (f.offers)) as missing
        ) as m
    ), ranked as (
        select
            j.*,
            n.nearness,
            row_number() over (partition by j.place order by n.nearness, cardinality(j.missing), j.external_id) as rank,
            count(*) over (partition by j.place) as robots,
            count(*) filter (where j.is_online) over (partition by j.place) as robots_online
        from judged as j
        join private.list_explanations() as e on e.reason_code = j.reason_code
        cross join lateral (
            select e.nearness + case when e.nearness < 40 and (j.is_signed_off or not j.is_online) then 20 else 0 end
        ) as n (nearness)
    ), counted as materialized (     -- jobs are counted once, not for each mention
        select
            n.*,
            case
                when n.is_eligible and p_is_ready then private.count_jobs_ahead(
                    (n.lane).tenant_no, n.environment, n.offers, n.robot_id, (n.lane).priority - (n.lane).promotion,
                    (n.lane).share_id, n.job_id, 100
                )
            end as ahead,
            case
                when n.is_eligible and p_is_ready and n.pool_id is not null then private.pool_waits_for(
                    n.pool_id, p_tenant_id, n.environment, n.offers
                )
            end is true as has_turns
        from ranked as n
        where n.rank <= p_limit
    )
    select
        c.place,
        c.robot_id,
        c.external_id,
        c.is_online,
        c.is_eligible,
        c.ahead,
        case when c.nearness = 1 and (c.ahead > 0 or c.has_turns) then 2 else c.nearness end as nearness,
        private.explain_reason(
            case
                when c.nearness = 1 and c.has_turns then 'pool_turn'
                when c.nearness = 1 and c.ahead > 0 then 'better_jobs_ahead'
                else c.reason_code
            end,
            private.list_robot_facts(c.live) || private.list_limit_facts(c.reached_limit) || jsonb_build_object(
                'ahead', case when c.ahead >= 100 then 'at least 100' else c.ahead::text end,
                'missing', private.name_requirements(c.missing),
                'job_environment', (c.lane).environment,
                'pool', (
                    select p.name
                    from public.pools as p
                    where p.pool_id = coalesce(private.pool_of((c.lane).required), c.pool_id)
                )
            )
        ),
        c.robots,
        c.robots_online
    from counted as c
    order by 1, 7, coalesce(c.ahead, 0), cardinality(c.missing), c.external_id;
end
$$;
comment on function private.judge_robots is
    'What stands between each robot of a tenant and the jobs of lanes: the nearest robots of each lane first, p_limit at most.';
revoke all on function private.judge_robots from public, anon, authenticated, service_role;
