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

-- A job that a claim took out of ready, before it has its lease.
create type private.taken_job as (
    job_id uuid,
    tenant_id uuid,
    tenant_no integer,
    lane_id integer,
    rank smallint,          -- the lane's priority with its promotion
    attempts smallint,
    counter_ids integer[],  -- the counters of its limits; null: none
    share_id integer        -- whose robot-seconds it uses; null: they are not counted
);
