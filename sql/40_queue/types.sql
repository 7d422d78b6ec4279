create type public.job_status as enum (
    'queued',       -- enqueue, retry policy, release, rescue -> queued
    'claimed',      -- queued -> claimed (a fact of private.leases, never stored in jobs)
    'running',      -- claimed -> running (a fact of private.leases, never stored in jobs)
    'completed',    -- claimed, running -> completed
    'failed',       -- claimed, running -> failed
    'cancelled',    -- queued, claimed, running -> cancelled
    'timeout'       -- claimed, running -> timeout
);

create type public.execution_mode as enum ('lan', 'internet');

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
