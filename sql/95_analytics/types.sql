-- What one row of job_rollups sums up.
create type public.rollup_level as enum (
    'tenant',           -- everything since the tenant began
    'tenant_day',
    'tenant_hour',
    'tenant_minute',    -- of the last two days, without durations and error types
    'workflow_day',
    'workflow_hour',
    'robot_hour'
);

-- The end of one job, as rollups count it; or its beginning, which is counted for the tenant only.
create type private.job_end as (
    ended_at timestamptz,
    status text,            -- completed | failed | timeout | cancelled; created
    workflow_id uuid,
    robot_id uuid,          -- null: no robot had claimed it
    duration_ms bigint,
    error_type text,
    healed integer,
    not_healed integer
);
