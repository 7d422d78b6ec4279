-- The finished jobs of one tenant, evenly over the days, as the queue would have left them.
with params as (
    select
        %(count)s::integer as count,
        %(now)s::timestamptz - make_interval(days => %(days)s) as began,
        make_interval(days => %(days)s) - interval '2 hours' as length,
        array(select r.robot_id from public.robots as r where r.tenant_id = %(tenant_id)s order by r.robot_id) as robots,
        array(select w.workflow_id from public.workflows as w where w.tenant_id = %(tenant_id)s order by 1) as workflows
),
ages as materialized (
    select
        n,
        p.began + p.length * ((n - random()) / p.count) as created_at,
        make_interval(secs => 30 * random()) as waited,
        make_interval(secs => round(least(exp(9 + 1.5 * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())), 3600000)) / 1000) as lasted,
        random() as fate,
        p.robots[1 + floor(random() * cardinality(p.robots))::integer] as robot_id,
        p.workflows[1 + floor(power(random(), 2) * cardinality(p.workflows))::integer] as workflow_id
    from params as p, generate_series(1, p.count) as n
)
insert into public.jobs (
    job_id, tenant_id, workflow_id, workflow_version, workflow_name, lane_id, trigger_type, execution_mode, environment,
    required_capabilities, required_tags, priority, input, metadata, max_attempts, timeout_seconds, retry_policy,
    created_at, status, attempts, lease_token, robot_id, claimed_at, started_at, finished_at, result, error_message,
    error_type
)
select
    (
        lpad(to_hex((extract(epoch from a.created_at) * 1000)::bigint), 12, '0')
        || '7' || substr(f.random, 1, 3) || '8' || substr(f.random, 4, 15)
    )::uuid,
    %(tenant_id)s,
    a.workflow_id,
    1,
    'bench',
    %(lane_id)s,
    'manual', 'lan', '*',
    '{}', '{}', 10,
    '{"n": 1}', '{}', 3, 3600, '{"policy": "exponential"}',
    a.created_at,
    f.status,
    case when f.status = 'cancelled' then 0 when a.fate < 0.05 then 2 else 1 end,
    case when f.status <> 'cancelled' then nextval('private.lease_tokens') end,
    case when f.status <> 'cancelled' then a.robot_id end,
    case when f.status <> 'cancelled' then a.created_at + a.waited end,
    case when f.status <> 'cancelled' then a.created_at + a.waited end,
    a.created_at + a.waited + case when f.status = 'cancelled' then interval '0' else a.lasted end,
    case when f.status = 'completed' then '{"rows": 12}'::jsonb end,
    case f.status when 'failed' then 'The element was not found.' when 'timeout' then 'The job took too long.' end,
    case f.status
        when 'failed' then (array['SELECTOR_NOT_FOUND', 'NETWORK_ERROR', 'ValueError'])[1 + floor(a.fate * 1000)::integer %% 3]
        when 'timeout' then 'JOB_TIMEOUT'
    end
from ages as a
cross join lateral (
    select
        md5(a.n::text || %(tenant_id)s::text) as random,
        case
            when a.fate < 0.85 then 'completed'
            when a.fate < 0.95 then 'failed'
            when a.fate < 0.97 then 'timeout'
            else 'cancelled'
        end::public.job_status as status
) as f
