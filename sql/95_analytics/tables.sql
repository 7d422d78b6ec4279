-- Written by the transaction that numbers a tenant's events, under the same lock: each end of a job is
-- counted once, and the robot that ended it wrote nothing for it. See docs/analytics.md.
create table public.job_rollups (
    tenant_id uuid not null,
    level public.rollup_level not null,
    starts_at timestamptz not null,     -- of the UTC minute, hour or day; the epoch for level tenant
    subject_id uuid not null,           -- the workflow, the robot, or the tenant itself
    created bigint not null default 0,  -- jobs that were queued then, of tenants only
    completed bigint not null default 0,
    failed bigint not null default 0,
    timed_out bigint not null default 0,
    cancelled bigint not null default 0,
    duration_ms_sum bigint not null default 0,      -- of completed jobs
    durations jsonb not null default '{}',          -- private.duration_bucket() -> completed jobs
    error_types jsonb not null default '{}',        -- error type -> failed and timed out jobs; the 200 most frequent
    healed bigint not null default 0,               -- nodes that robots healed, and that they tried to
    not_healed bigint not null default 0,
    constraint job_rollups_pkey primary key (tenant_id, level, starts_at, subject_id),
    constraint job_rollups_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade
) with (fillfactor = 70);
comment on table public.job_rollups is 'How the jobs of a minute, an hour, a day or a life ended, for a tenant, a workflow or a robot, and how many of a tenant began.';

create table public.job_node_executions (
    tenant_id uuid not null,
    job_id uuid not null,
    attempt smallint not null,
    node_executions jsonb not null,     -- [{node_id, node_type?, status?, duration_ms?, runs?, healing? {healed, attempts?}, …}], see private.tidy_node_executions()
    healed smallint not null default 0,
    not_healed smallint not null default 0,
    reported_at timestamptz not null,
    constraint job_node_executions_pkey primary key (job_id, attempt)
);
create index job_node_executions_tenant_id_idx on public.job_node_executions (tenant_id, job_id);
comment on table public.job_node_executions is 'What each node of an attempt did and how long it took, one row an attempt, if the robot said so.';

-- The events that the activity feed shows, newest first, whatever else the tenant's sequence holds.
create index events_tenant_id_event_type_idx on public.events (tenant_id, event_type, told_at desc)
where event_type in (
    'job.started', 'job.completed', 'job.failed', 'job.timeout', 'job.cancelled', 'robot.online', 'robot.offline',
    'schedule.triggered', 'schedule.fired'
);
