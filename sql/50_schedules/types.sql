create type public.schedule_outcome as enum (
    'enqueued',     -- the job is in the queue
    'failed',       -- no job: the reason says why
    'missed'        -- due times that nobody served in time; only the newest of them was made up for
);

create type public.simulated_run as (
    run_at timestamptz,
    verdict text,   -- run | moved
    reason text
);
