-- Lanes make the filter part of the key: everything that decides whether a robot may take a job (environment, required
-- capabilities, target robot) is a property of the lane, so a claim probes one index entry per eligible lane and never
-- walks jobs that it may not have. See docs/queue.md.

create table private.queue_tenants (
    tenant_id uuid not null,
    tenant_no integer generated always as identity,
    constraint queue_tenants_pkey primary key (tenant_id),
    constraint queue_tenants_tenant_no_key unique (tenant_no),
    constraint queue_tenants_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade
);
comment on table private.queue_tenants is 'The small number that stands for a tenant in the hot tables. Never shown: it would tell how many tenants there are.';

create table private.lanes (
    lane_id integer generated always as identity,
    tenant_no integer not null,
    environment text not null,          -- '*': any robot's
    required text[] not null default '{}',  -- sorted: capabilities, 'tag:<tag>', 'mode:internet'
    robot_id uuid,                      -- target robot, or any
    priority smallint not null,
    constraint lanes_pkey primary key (lane_id),
    constraint lanes_tenant_no_key unique nulls not distinct (tenant_no, environment, priority, required, robot_id),
    constraint lanes_tenant_no_fkey foreign key (tenant_no) references private.queue_tenants (tenant_no) on delete cascade
) with (fillfactor = 50);
comment on table private.lanes is 'Each distinct demand on robots that a tenant''s jobs have made, with a priority.';

-- One row per job, partitioned by the id, which carries the creation time (UUID version 7): a look-up by id prunes to one
-- partition, and dropping a partition is the retention. While the job is live its state is a fact of ready, scheduled and
-- leases; the row itself is written at enqueue and at the end. No index mentions a column that claim or completion changes.
create table public.jobs (
    job_id uuid not null default private.uuid_v7(),
    tenant_id uuid not null,
    workflow_id uuid not null,
    workflow_version integer not null,
    workflow_name text not null,
    lane_id integer not null,
    trigger_type text not null default 'manual',
    execution_mode public.execution_mode not null default 'lan',
    environment text not null default '*',
    required_capabilities text[] not null default '{}',
    required_tags text[] not null default '{}',
    target_robot_id uuid,
    priority smallint not null default 10,
    input jsonb not null default '{}',
    metadata jsonb not null default '{}',
    dedupe_key text,
    max_attempts smallint not null default 3,
    timeout_seconds integer not null default 3600,
    retry_policy jsonb not null default '{"policy": "exponential", "base_delay_seconds": 5, "max_delay_seconds": 3600, "jitter": 0.2}',
    retry_of uuid,                      -- the job that this one retries
    created_by uuid,                    -- user, robot or api key
    created_at timestamptz not null default now(),
    -- written at the end only
    status public.job_status not null default 'queued',
    attempts smallint not null default 0,
    lease_token bigint,                 -- of the claim whose outcome was accepted
    robot_id uuid,
    claimed_at timestamptz,
    started_at timestamptz,
    first_progress_at timestamptz,
    finished_at timestamptz,
    result jsonb,
    error_message text,
    error_type text,
    error_details jsonb,                -- stack_trace, failed_node
    constraint jobs_pkey primary key (job_id),
    constraint jobs_priority_check check (priority between 0 and 20),
    constraint jobs_max_attempts_check check (max_attempts between 1 and 100),
    constraint jobs_timeout_seconds_check check (timeout_seconds between 1 and 604800),
    constraint jobs_status_check check (status not in ('claimed', 'running')),
    constraint jobs_finished_at_check check ((finished_at is null) = (status = 'queued'))
) partition by range (job_id);
create index jobs_tenant_id_job_id_idx on public.jobs (tenant_id, job_id desc);
comment on table public.jobs is 'One run of a workflow version, as the queue sees it. Read live_jobs for the state of a job that is not finished.';

create table public.jobs_default partition of public.jobs default with (fillfactor = 80);
comment on table public.jobs_default is 'Jobs whose partition was not there in time. Nothing is refused for want of a partition.';

create table private.ready (
    tenant_no integer not null,
    lane_id integer not null,
    job_id uuid not null,
    attempts smallint not null default 0,
    constraint ready_pkey primary key (tenant_no, lane_id, job_id)
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
comment on table private.ready is 'Jobs that may be claimed now. The primary key is the only index; a claim deletes the row.';

create table private.scheduled (
    job_id uuid not null,
    tenant_no integer not null,
    lane_id integer not null,
    run_at timestamptz not null,
    attempts smallint not null default 0,
    constraint scheduled_pkey primary key (job_id)
);
create index scheduled_run_at_idx on private.scheduled (run_at);
comment on table private.scheduled is 'Jobs that may be claimed later: delayed ones and retries.';

create table private.leases (
    job_id uuid not null,
    lease_token bigint not null,
    tenant_id uuid not null,
    tenant_no integer not null,
    lane_id integer not null,
    robot_id uuid not null,
    attempt smallint not null,
    claimed_at timestamptz not null,
    started_at timestamptz,
    lease_expires_at timestamptz not null,
    timeout_at timestamptz not null,
    progress smallint not null default 0,
    current_node text,
    progress_message text,
    first_progress_at timestamptz,
    progress_at timestamptz,
    pushed_at timestamptz,              -- last progress push, for coalescing
    pushed_progress smallint,
    cancel_requested_at timestamptz,
    cancel_reason text,
    constraint leases_pkey primary key (job_id),
    constraint leases_progress_check check (progress between 0 and 100)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
create index leases_robot_id_idx on private.leases (robot_id);
create index leases_tenant_id_idx on private.leases (tenant_id);
comment on table private.leases is 'Claimed jobs: the time-limited right to each, and the fencing token that proves it.';

create sequence private.lease_tokens as bigint;
comment on sequence private.lease_tokens is 'Fencing tokens: every claim gets a newer one.';

create table private.dedupe_keys (
    tenant_id uuid not null,
    dedupe_key text not null,
    job_id uuid not null,
    constraint dedupe_keys_pkey primary key (tenant_id, dedupe_key),
    constraint dedupe_keys_dedupe_key_check check (length(dedupe_key) between 1 and 255)
);
create index dedupe_keys_job_id_idx on private.dedupe_keys (job_id);
comment on table private.dedupe_keys is 'Unfinished jobs that were enqueued with a dedupe key: at most one per key and tenant.';

create table public.dead_letters (
    job_id uuid not null,
    tenant_id uuid not null,
    workflow_id uuid not null,
    reason text not null,               -- attempts_exhausted | not_retryable | timeout
    attempts smallint not null,
    error_type text,
    error_message text,
    dead_lettered_at timestamptz not null default now(),
    constraint dead_letters_pkey primary key (job_id)
);
create index dead_letters_tenant_id_idx on public.dead_letters (tenant_id, job_id desc);
comment on table public.dead_letters is 'Jobs that used their attempts, kept for a person.';

create table public.late_results (
    late_result_id uuid not null default private.uuid_v7(),
    tenant_id uuid not null,
    job_id uuid not null,
    lease_token bigint not null,
    robot_id uuid,
    outcome text not null,              -- completed | failed
    payload jsonb not null,
    received_at timestamptz not null default now(),
    constraint late_results_pkey primary key (late_result_id)
);
create index late_results_tenant_id_job_id_idx on public.late_results (tenant_id, job_id);
comment on table public.late_results is 'Results that came with a token that no longer held the job: evidence, never applied.';

create table public.job_logs (
    job_log_id uuid not null default private.uuid_v7(),
    tenant_id uuid not null,
    job_id uuid not null,
    attempt smallint not null,
    level text not null default 'info',
    message text not null,
    node_id text,
    extra jsonb,
    logged_at timestamptz not null,
    constraint job_logs_pkey primary key (job_log_id),
    constraint job_logs_level_check check (level in ('debug', 'info', 'warning', 'error', 'critical')),
    constraint job_logs_message_check check (length(message) <= 65536)
);
create index job_logs_tenant_id_job_id_idx on public.job_logs (tenant_id, job_id, job_log_id);
comment on table public.job_logs is 'What robots logged while running a job.';

create table private.waiting_robots (
    robot_id uuid not null,
    tenant_no integer not null,
    environment text not null,
    capabilities text[] not null,
    waiting_since timestamptz not null,
    constraint waiting_robots_pkey primary key (robot_id)
);
create index waiting_robots_tenant_no_idx on private.waiting_robots (tenant_no);
comment on table private.waiting_robots is 'Robots that found nothing and listen for the doorbell. Ringing one takes its row away, so one job wakes one robot.';

create table private.duties (
    name text not null,
    last_run_at timestamptz not null default '-infinity',
    constraint duties_pkey primary key (name)
) with (fillfactor = 50);
comment on table private.duties is 'When each periodic duty last ran, so that claims can do what cron is too coarse for.';
