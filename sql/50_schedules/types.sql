create type public.schedule_frequency as enum (
    'once',         -- at run_at
    'interval',     -- every interval_seconds of real time
    'hourly',       -- these four are compiled to a cron expression when the schedule is saved
    'daily',
    'weekly',
    'monthly',
    'cron'
);

create type public.misfire_policy as enum (
    'skip',         -- due times that passed unserved are written down and left
    'once',         -- the newest of them is made up for
    'all'           -- the newest misfire_cap of them are made up for
);

create type public.overlap_policy as enum (
    'allow',            -- runs may overlap
    'skip',             -- no job while one is unfinished
    'queue',            -- the due time waits until it is finished, and each has its turn
    'cancel_previous'   -- it is asked to end, and the newest due time waits until it has
);

create type public.schedule_outcome as enum (
    'enqueued',         -- the job is in the queue
    'caught_up',        -- so it is, later than the schedule says: nobody served the due time in time
    'waiting',          -- for an unfinished job of the schedule; becomes enqueued, failed or skipped_overlap
    'failed',           -- no job: the reason says why
    'missed',           -- due times that nobody served in time, up to missed_until, and that were not made up for
    'skipped_overlap',  -- a job of the schedule was not finished, or is not to run any more
    'skipped_holiday',  -- its calendar does not work on this day, or at this hour
    'skipped_blackout'  -- it was a blackout of its calendar
);

create type public.simulated_run as (
    run_at timestamptz,
    verdict text,   -- run | moved | overlap | holiday | blackout
    reason text
);
