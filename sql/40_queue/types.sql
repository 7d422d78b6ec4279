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

-- What a job may be asked to be: one field an option, in the words of those who ask. A null is the default. It goes through
-- private.check_new_job(), which has the defaults, and private.find_job_problem(), which has the ranges; both stand nowhere else.
-- What tells where a job comes from (trigger_type, created_by, retry_of) is no option: the door says it that the job came through.
--
-- A new option is named here and in
--     sql/40_queue/functions/find_job_problem.sql         its range
--     sql/40_queue/functions/check_new_job.sql            its default, if that is not null
--     sql/40_queue/functions/enqueue_job.sql              its argument; enqueue_jobs and triggers take it from here
--     sql/40_queue/functions/add_job.sql, tables.sql      its column; a retry copies columns with the option's name
--     sql/40_queue/views.sql                              the column as the Data API shows it
--     src/casare_cloud/domain/jobs/model.py               as NewJob has it, and Job
--     src/casare_cloud/faces/orchestrator/jobs/shapes.py  as POST /jobs takes it and answers show it, and examples.py beside it
--     src/casare_cloud/client/jobs.py                     as the client takes it
-- and, if schedules have it, in theirs: a column of public.schedules with the option's name is handed on; what
-- private.fire_plain_schedules() writes is held against that by a test.
create type private.new_job as (
    workflow_id uuid,
    version integer,                    -- null: the current one
    input jsonb,
    priority integer,
    environment text,                   -- '*': any robot's
    execution_mode text,
    required_capabilities text[],
    required_tags text[],
    robot_id text,                      -- the only robot that may have it: its id or external id; once checked, its id
    pool text,                          -- whose robots are to run it: its id or name; once checked, its id
    run_at timestamptz,
    dedupe_key text,
    concurrency_key text,
    max_attempts integer,
    timeout_seconds integer,
    progress_timeout_seconds integer,
    retry_policy jsonb,
    metadata jsonb
);
