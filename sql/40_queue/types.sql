create type public.job_status as enum (
    'queued',       -- enqueue, retry policy, release, rescue -> queued
    'claimed',      -- queued -> claimed (a fact of private.leases, never stored in jobs)
    'running',      -- claimed -> running (a fact of private.leases, never stored in jobs)
    'completed',    -- claimed, running -> completed
    'failed',       -- claimed, running -> failed
    'cancelled',    -- queued, claimed, running -> cancelled
    'timeout'       -- claimed, running -> timeout
);

-- In the order in which they are locked.
create type private.limit_scope as enum ('pool', 'tenant', 'workflow', 'key');

create type public.execution_mode as enum ('lan', 'internet');

-- What a robot gets for a claim.
create type public.claimed_job as (
    job_id uuid,
    lease_token bigint,
    lease_expires_at timestamptz,
    attempt integer,
    max_attempts integer,
    workflow_id uuid,
    workflow_version integer,
    workflow_name text,
    workflow_json jsonb,
    input jsonb,
    priority integer,
    environment text,
    timeout_seconds integer,
    progress_timeout_seconds integer
);

-- What announce_jobs tells of a job.
create type private.job_notice as (
    tenant_id uuid,
    job_id uuid,
    workflow_id uuid,
    workflow_name text,
    robot_id uuid,
    attempt integer,
    details jsonb           -- beside the keys that every notice has
);

-- A job that a claim took out of ready, before it has its lease.
create type private.taken_job as (
    job_id uuid,
    tenant_id uuid,
    tenant_no integer,
    lane_id integer,
    rank smallint,          -- the lane's priority with its promotion
    attempts smallint,
    counter_ids integer[],  -- where it is counted; null: nowhere
    share_id integer        -- whose robot-seconds it uses; null: nobody counts them
);

-- Here and not in functions/, because the view of robots asks it: none counts as silent for a time in which nobody could be heard.
create or replace function private.back_at()
returns timestamptz
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return (select to_timestamp(nullif(t.last_value, 0) / 1000.0) from private.outage_ended_at as t);
end
$$;
comment on function private.back_at() is 'When the service was back after its newest outage; null: it never was away.';
revoke all on function private.back_at() from public, anon, authenticated, service_role;
