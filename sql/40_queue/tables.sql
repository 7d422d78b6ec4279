-- Lanes make the filter part of the key: everything that decides whether a robot may take a job (environment, required
-- capabilities, target robot) is a property of the lane, so a claim probes one index entry per eligible lane and never
-- walks jobs that it may not have. See docs/queue.md.

create table private.queue_tenants (
    tenant_id uuid not null,
    tenant_no integer generated always as identity,
    -- Until when somebody watches the tenant, or one of its jobs: see public.watch(). Of tenants.settings: {"realtime": {"jobs":
    -- "always"}} makes both 'infinity', for clients that only join a topic, and "off" keeps them at '-infinity'.
    watched_until timestamptz not null default '-infinity',
    jobs_watched_until timestamptz not null default '-infinity',
    is_full boolean not null default false,     -- as many jobs wait as the plan allows: see private.check_waiting_quotas()
    ageing_minutes integer not null default 30, -- {"queue": {"ageing_minutes": 30}}; 0: lanes do not age
    has_chains boolean not null default false,  -- triggers of it wait for events: see private.keep_for_chains()
    is_fair boolean not null default false,     -- {"queue": {"fair_share": true}}: its workflows share robots by robot-seconds
    constraint queue_tenants_pkey primary key (tenant_id),
    constraint queue_tenants_tenant_no_key unique (tenant_no),
    constraint queue_tenants_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade
);
create index queue_tenants_watched_until_idx on private.queue_tenants (watched_until) where watched_until > '-infinity';
comment on table private.queue_tenants is 'The small number that stands for a tenant in the hot tables. Never shown: it would tell how many tenants there are.';

create table private.lanes (
    lane_id integer generated always as identity,
    tenant_no integer not null,
    environment text not null,          -- '*': any robot's
    required text[] not null default '{}',  -- sorted: capabilities, 'tag:<tag>', 'mode:internet', 'pool:<pool_id>'
    robot_id uuid,                      -- target robot, or any
    priority smallint not null,
    low_job_id uuid not null default '00000000-0000-0000-0000-000000000000',   -- claims begin here: see private.raise_low_water()
    promotion smallint not null default 0,  -- steps of priority that the lane has got for waiting: see private.age_lanes()
    head_job_id uuid,                   -- which job was its first when it was last looked at for that, and since when
    head_since timestamptz,
    workflow_limit_id integer,          -- what its jobs count towards; of a limit that was removed, nothing is left but this
    key_limit_id integer,
    share_id integer,                   -- of its jobs' workflow, when the tenant shares its robots fairly
    constraint lanes_pkey primary key (lane_id),
    constraint lanes_tenant_no_key unique nulls not distinct
        (tenant_no, robot_id, environment, priority, required, workflow_limit_id, key_limit_id, share_id),
    constraint lanes_tenant_no_fkey foreign key (tenant_no) references private.queue_tenants (tenant_no) on delete cascade
) with (fillfactor = 50);
comment on table private.lanes is 'Each distinct demand on robots that a tenant''s jobs have made, with a priority.';

comment on column private.lanes.low_job_id is
    'Every ready job of the lane has this id or a greater one, but for one whose transaction was open for very long: private.recheck_low_water() finds it within a minute.';

-- One row per job, partitioned by the id, which carries the creation time (UUID version 7): a look-up by id prunes to one
-- partition, and dropping a partition is the retention. While the job is live its state is a fact of ready, scheduled and
-- leases; the row itself is written at enqueue and at the end. No index mentions a column that claim or completion changes.
-- Ranges and defaults of what callers ask for are those of private.new_job.
create table public.jobs (
    job_id uuid not null default private.uuid_v7(),
    tenant_id uuid not null,
    workflow_id uuid not null,
    workflow_version integer not null,
    workflow_name text not null,
    lane_id integer not null,
    trigger_type text not null,         -- what made it: manual | scheduled | retry, or the type of a trigger
    execution_mode public.execution_mode not null,
    environment text not null,
    required_capabilities text[] not null,
    required_tags text[] not null,
    target_robot_id uuid,
    pool_id uuid,                       -- the pool whose robots are to run it
    priority smallint not null,
    input jsonb not null,
    metadata jsonb not null,
    dedupe_key text,
    concurrency_key text,
    max_attempts smallint not null,
    timeout_seconds integer not null,
    progress_timeout_seconds integer,   -- an attempt ends when its robot reports no progress for so long; null: never
    retry_policy jsonb not null,
    retry_of uuid,                      -- the job that this one retries
    created_by uuid,                    -- user, robot or api key
    created_at timestamptz not null default now(),
    -- what follows is written when an attempt has an outcome, never by claim, start, renewal or progress
    status public.job_status not null default 'queued',
    attempts smallint not null default 0,
    lease_token bigint,                 -- of the claim whose outcome was accepted
    reported_by uuid,                   -- the robot that reported it, while the job waits for its next attempt
    robot_id uuid,
    claimed_at timestamptz,
    started_at timestamptz,
    first_progress_at timestamptz,
    finished_at timestamptz,
    cancel_requested_at timestamptz,    -- of an attempt that ended after somebody wanted it to, whatever it ended as
    result jsonb,
    error_message text,
    error_type text,
    error_details jsonb,                -- stack_trace, failed_node
    lost_by uuid[] not null default '{}',   -- robots that died, as it seems, while they ran it
    uncounted_ends smallint not null default 0, -- leases in a row that ended as if there had been none: see private.end_uncounted()
    past_leases jsonb not null default '{}',    -- {lease token: robot} of leases that ended without completing it: whose late results are kept
    silent_ends jsonb not null default '{}',    -- {robot: when a lease of its started attempt last ended without its word}: see private.find_lease_token()
    constraint jobs_pkey primary key (job_id),
    constraint jobs_status_check check (status not in ('claimed', 'running')),
    constraint jobs_finished_at_check check ((finished_at is null) = (status = 'queued'))
) partition by range (job_id);
create index jobs_tenant_id_job_id_idx on public.jobs (tenant_id, job_id desc);
comment on table public.jobs is 'One run of a workflow version, as the queue sees it. Read live_jobs for the state of a job that is not finished.';

-- Partitions stand in private: their rows are reached through public.jobs and its policies only.
create table private.jobs_default partition of public.jobs default with (fillfactor = 70);
comment on table private.jobs_default is 'Jobs whose partition was not there in time. Nothing is refused for want of a partition.';

create table private.ready (
    tenant_no integer not null,
    lane_id integer not null,
    job_id uuid not null,
    attempts smallint not null default 0,
    pool_id uuid,                       -- of jobs that ask for one
    constraint ready_pkey primary key (tenant_no, lane_id, job_id)
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
-- Jobs that ask for no pool are not in it. Whose turn is next in a pool: one look, whoever else has work.
create index ready_pool_id_tenant_no_idx on private.ready (pool_id, tenant_no) where pool_id is not null;
comment on table private.ready is 'Jobs that may be claimed now. The primary key is the only index but for jobs of pools; a claim deletes the row. A job that is not new goes back in by private.put_back() only.';

create table private.scheduled (
    job_id uuid not null,
    tenant_id uuid not null,
    tenant_no integer not null,
    lane_id integer not null,
    run_at timestamptz not null,
    attempts smallint not null default 0,
    constraint scheduled_pkey primary key (job_id)
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
create index scheduled_run_at_idx on private.scheduled (run_at);
create index scheduled_tenant_id_run_at_idx on private.scheduled (tenant_id, run_at, job_id);
comment on table private.scheduled is 'Jobs that may be claimed later: delayed ones and retries.';

create table private.dedupe_keys (
    tenant_id uuid not null,
    dedupe_key text not null,
    job_id uuid not null,
    constraint dedupe_keys_pkey primary key (tenant_id, dedupe_key)
);
create index dedupe_keys_job_id_idx on private.dedupe_keys (job_id);
comment on table private.dedupe_keys is 'Unfinished jobs that were enqueued with a dedupe key: at most one per key and tenant.';
