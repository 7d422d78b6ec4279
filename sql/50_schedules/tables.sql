create table private.schedule_quotas (
    plan public.tenant_plan not null,
    min_interval_seconds integer not null,
    constraint schedule_quotas_pkey primary key (plan),
    constraint schedule_quotas_min_interval_seconds_check check (min_interval_seconds > 0)
);
comment on table private.schedule_quotas is 'What a plan allows of schedules: the shortest interval. Cron knows minutes.';
insert into private.schedule_quotas (plan, min_interval_seconds)
values ('free', 60), ('pro', 15), ('enterprise', 5);

create table public.schedules (
    schedule_id uuid not null default private.uuid_v7(),
    tenant_id uuid not null,
    workflow_id uuid not null,
    name text not null,
    frequency public.schedule_frequency not null default 'cron',
    cron_expression text,               -- of cron; of hourly, daily, weekly and monthly what they are compiled to
    run_at timestamptz,                 -- of once
    interval_seconds integer,           -- of interval: counted from starts_at, or from when the schedule was made
    timezone text not null,
    starts_at timestamptz,              -- no due time before it
    ends_at timestamptz,                -- and none after it
    paused_until timestamptz,
    calendar_id uuid,                   -- the business calendar that it heeds
    on_closed_day public.on_closed_day not null default 'skip',
    jitter_seconds integer not null default 0,  -- it runs so much after each due time at most, always the same: see private.jitter_of()
    misfire_policy public.misfire_policy not null default 'once',
    misfire_cap integer not null default 10,
    overlap_policy public.overlap_policy not null default 'allow',
    max_consecutive_failures integer not null default 0,    -- so many end its service; 0: no number does
    is_enabled boolean not null default true,
    priority smallint not null default 10,
    execution_mode public.execution_mode not null default 'lan',
    environment text not null default '*',
    required_capabilities text[] not null default '{}',
    required_tags text[] not null default '{}',
    robot_id uuid,                      -- the robot that is to run its jobs, or any
    pool_id uuid,                       -- the pool whose robots are to run its jobs
    dedupe_key text,                    -- of its jobs, in place of one for each due time
    input jsonb not null default '{}',
    metadata jsonb not null default '{}',
    next_run_at timestamptz,            -- null: not enabled, or nothing is left; the due time and the jitter
    last_run_at timestamptz,
    run_count integer not null default 0,       -- jobs that it put in the queue, by time and by hand
    failure_count integer not null default 0,   -- due times at which it could not
    consecutive_failures integer not null default 0,    -- of these and of its jobs that failed, since one succeeded
    auto_disabled_at timestamptz,       -- these were too many; until a job succeeds again
    created_by uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    constraint schedules_pkey primary key (schedule_id),
    constraint schedules_tenant_id_schedule_id_key unique (tenant_id, schedule_id),
    constraint schedules_tenant_id_workflow_id_fkey foreign key (tenant_id, workflow_id)
        references public.workflows (tenant_id, workflow_id) on delete cascade,
    constraint schedules_tenant_id_calendar_id_fkey foreign key (tenant_id, calendar_id)
        references public.calendars (tenant_id, calendar_id) on delete set null (calendar_id),
    constraint schedules_name_check check (length(name) between 1 and 255),
    constraint schedules_priority_check check (priority between 0 and 20),
    constraint schedules_frequency_check check (
        (run_at is not null) = (frequency = 'once')
        and (interval_seconds is not null) = (frequency = 'interval')
        and (cron_expression is null) = (frequency in ('once', 'interval'))
    ),
    constraint schedules_interval_seconds_check check (interval_seconds between 1 and 31622400),
    constraint schedules_ends_at_check check (ends_at > starts_at),
    constraint schedules_jitter_seconds_check check (jitter_seconds between 0 and 86400),
    constraint schedules_misfire_cap_check check (misfire_cap between 1 and 100),
    constraint schedules_max_consecutive_failures_check check (max_consecutive_failures between 0 and 1000),
    constraint schedules_next_run_at_check check (next_run_at is null or (is_enabled and deleted_at is null))
) with (fillfactor = 80);
create index schedules_tenant_id_workflow_id_idx on public.schedules (tenant_id, workflow_id);
create index schedules_tenant_id_calendar_id_idx on public.schedules (tenant_id, calendar_id);
create index schedules_next_run_at_idx on public.schedules (next_run_at) where next_run_at is not null;
create index schedules_tenant_id_next_run_at_idx on public.schedules (tenant_id, next_run_at) where next_run_at is not null;
comment on table public.schedules is
    'A rule that enqueues jobs of a workflow: once, at an interval, or at the times of a cron expression on the clocks of a time zone.';

create table public.schedule_fires (
    tenant_id uuid not null,
    schedule_id uuid not null,
    fire_time timestamptz not null,     -- the due time; of a run by hand, when that was
    is_manual boolean not null default false,
    outcome public.schedule_outcome not null,
    reason text,
    missed_until timestamptz,           -- the last of the due times that a row missed stands for
    job_id uuid,
    fired_at timestamptz not null,
    constraint schedule_fires_pkey primary key (tenant_id, schedule_id, fire_time),
    constraint schedule_fires_tenant_id_schedule_id_fkey foreign key (tenant_id, schedule_id)
        references public.schedules (tenant_id, schedule_id) on delete cascade,
    constraint schedule_fires_job_id_check check ((job_id is not null) = (outcome in ('enqueued', 'caught_up'))),
    constraint schedule_fires_reason_check check ((reason is null) = (outcome = 'enqueued')),
    constraint schedule_fires_missed_until_check check ((missed_until is not null) = (outcome = 'missed'))
);
create index schedule_fires_tenant_id_fire_time_idx on public.schedule_fires (tenant_id, fire_time);
create index schedule_fires_waiting_idx on public.schedule_fires (tenant_id, schedule_id, fire_time) where outcome = 'waiting';
create index schedule_fires_missed_until_idx on public.schedule_fires (tenant_id, missed_until) where outcome = 'missed';
comment on table public.schedule_fires is
    'What a schedule did at each due time, at most once: the row stands in the same transaction as the job.';

-- Of schedules that need to know how their jobs end: runs must not overlap, or failures are counted.
create table private.schedule_jobs (
    job_id uuid not null,
    tenant_id uuid not null,
    schedule_id uuid not null,
    constraint schedule_jobs_pkey primary key (job_id),
    constraint schedule_jobs_tenant_id_schedule_id_fkey foreign key (tenant_id, schedule_id)
        references public.schedules (tenant_id, schedule_id) on delete cascade
);
create index schedule_jobs_tenant_id_schedule_id_idx on private.schedule_jobs (tenant_id, schedule_id);
comment on table private.schedule_jobs is 'The unfinished jobs of schedules that need to know how they end.';

-- Who ends a job writes here and waits for nobody, so there is no foreign key: it would wait for whoever fires the schedule.
-- private.follow_scheduled_jobs() draws the consequences.
create table private.schedule_news (
    tenant_id uuid not null,
    schedule_id uuid not null,
    news_id bigint generated always as identity,
    job_id uuid not null,
    status public.job_status,           -- that it ended with; null: it is to be cancelled
    constraint schedule_news_pkey primary key (tenant_id, schedule_id, news_id)
) with (autovacuum_vacuum_scale_factor = 0.05);
comment on table private.schedule_news is 'Jobs of schedules that ended, or that are to be cancelled for the next one.';

-- What private.fire_plain_schedules() is about to do for a schedule.
create type private.fire_plan as (
    schedule public.schedules,
    fire_time timestamptz,
    next_run_at timestamptz,
    job_id uuid,
    workflow_name text,
    workflow_version integer,
    tenant_no integer,
    required text[],
    workflow_limit_id integer,
    lane_id integer
);
