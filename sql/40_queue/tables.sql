-- Lanes make the filter part of the key: everything that decides whether a robot may take a job (environment, required
-- capabilities, target robot) is a property of the lane, so a claim probes one index entry per eligible lane and never
-- walks jobs that it may not have. See docs/queue.md.

create table private.queue_tenants (
    tenant_id uuid not null,
    tenant_no integer generated always as identity,
    pushes_jobs boolean not null default true,  -- of tenants.settings: {"realtime": {"jobs": false}} turns pushes of jobs off
    is_full boolean not null default false,     -- as many jobs wait as the plan allows: see private.check_waiting_quotas()
    ageing_minutes integer not null default 30, -- {"queue": {"ageing_minutes": 30}}; 0: lanes do not age
    is_fair boolean not null default false,     -- {"queue": {"fair_share": true}}: its workflows share robots by robot-seconds
    constraint queue_tenants_pkey primary key (tenant_id),
    constraint queue_tenants_tenant_no_key unique (tenant_no),
    constraint queue_tenants_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade
);
comment on table private.queue_tenants is 'The small number that stands for a tenant in the hot tables. Never shown: it would tell how many tenants there are.';

-- A row only where somebody set a limit.
create table private.limits (
    limit_id integer generated always as identity,
    tenant_id uuid not null,
    scope private.limit_scope not null,
    workflow_id uuid,                   -- of scope workflow
    concurrency_key text,               -- of scope key
    pool_id uuid,                       -- of scope pool: set by its owner, and counts what the pool's robots hold of the tenant
    max_running integer not null,       -- 0: nothing is claimed
    on_collision text not null default 'queue',
    counter_ids integer[],              -- where it is counted: see limit_counters
    updated_at timestamptz not null default now(),
    constraint limits_pkey primary key (limit_id),
    constraint limits_tenant_id_key unique nulls not distinct (tenant_id, scope, workflow_id, concurrency_key, pool_id),
    constraint limits_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade,
    constraint limits_pool_id_fkey foreign key (pool_id) references public.pools (pool_id) on delete cascade,
    constraint limits_scope_check check (
        (workflow_id is not null) = (scope = 'workflow')
        and (concurrency_key is not null) = (scope = 'key')
        and (pool_id is not null) = (scope = 'pool')
    ),
    constraint limits_concurrency_key_check check (length(concurrency_key) between 1 and 255),
    constraint limits_max_running_check check (max_running between 0 and 100000),
    constraint limits_on_collision_check
        check (on_collision in ('queue', 'cancel_newest', 'cancel_running') and (on_collision = 'queue' or scope = 'key'))
);
create index limits_pool_id_idx on private.limits (pool_id);
comment on table private.limits is 'How many jobs of a tenant, a workflow or a concurrency key may be held by robots at once (or of a tenant by those of a pool).';

-- A great limit has several, each with a part of it, so that claims and endings need not take turns. running is exact: it
-- changes under the row's lock, in the transaction in which a lease begins or ends. Who waits for one while it holds others
-- takes them in the order of their ids, which begin with the scope (private.make_counters). No foreign key: whoever changes a
-- counter twice in a transaction would lock the limit's row, and who removes a limit has that and waits for its counters.
create table private.limit_counters (
    counter_id integer not null,
    limit_id integer not null,
    max_running integer not null,       -- those of a limit add up to the limit's
    running integer not null,
    constraint limit_counters_pkey primary key (counter_id),
    constraint limit_counters_running_check check (running >= 0)
) with (fillfactor = 20);
create index limit_counters_limit_id_idx on private.limit_counters (limit_id);
comment on table private.limit_counters is 'How many jobs that count towards a limit robots hold now, and how many may be held.';

create sequence private.limit_counter_ids as integer maxvalue 536870911;
comment on sequence private.limit_counter_ids is 'The part of a counter''s id that is never given again; the scope stands in the two bits before it.';

-- Two jobs of one share never compete; two shares of a tenant, or of a pool, take turns by what they have had. Only of tenants
-- that asked for it, and of members of pools, so that nobody else pays.
create table private.shares (
    share_id integer generated always as identity,
    tenant_id uuid not null,
    workflow_id uuid,                   -- whose part of the tenant's robots this is
    pool_id uuid,                       -- or: of whose robots this is the tenant's part
    weight smallint not null default 1, -- of a workflow; a member's is in pool_members
    used_seconds double precision not null default 0,       -- what ended attempts took, halved every ten minutes, as of folded_at
    expected_seconds double precision not null default 60,  -- what an attempt takes, by those that ended lately
    folded_at timestamptz not null default now(),
    constraint shares_pkey primary key (share_id),
    constraint shares_tenant_id_key unique (tenant_id, workflow_id),
    constraint shares_pool_id_key unique (pool_id, tenant_id),
    constraint shares_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade,
    constraint shares_pool_id_fkey foreign key (pool_id) references public.pools (pool_id) on delete cascade,
    constraint shares_workflow_id_check check ((workflow_id is null) <> (pool_id is null)),
    constraint shares_weight_check check (weight between 1 and 100)
) with (fillfactor = 50);
comment on table private.shares is 'The workflows among which a tenant''s robots are shared fairly, and the members of pools, and how many robot-seconds each has had lately.';

create table private.share_usage (
    usage_id bigint generated always as identity,
    share_id integer not null,
    seconds double precision not null,
    constraint share_usage_pkey primary key (share_id, usage_id)
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
comment on table private.share_usage is 'Robot-seconds of attempts that ended in the last second or so, until private.fold_share_usage() adds them to their share.';

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
    pool_id uuid,                       -- the pool whose robots are to run it
    priority smallint not null default 10,
    input jsonb not null default '{}',
    metadata jsonb not null default '{}',
    dedupe_key text,
    concurrency_key text,
    max_attempts smallint not null default 3,
    timeout_seconds integer not null default 3600,
    progress_timeout_seconds integer,   -- an attempt ends when its robot reports no progress for so long; null: never
    retry_policy jsonb not null default '{"policy": "exponential", "base_delay_seconds": 5, "max_delay_seconds": 3600, "jitter": 0.2}',
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
    constraint jobs_pkey primary key (job_id),
    constraint jobs_priority_check check (priority between 0 and 20),
    constraint jobs_max_attempts_check check (max_attempts between 1 and 100),
    constraint jobs_timeout_seconds_check check (timeout_seconds between 1 and 604800),
    constraint jobs_progress_timeout_seconds_check check (progress_timeout_seconds between 5 and 604800),
    constraint jobs_concurrency_key_check check (length(concurrency_key) between 1 and 255),
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

create table private.leases (
    job_id uuid not null,
    lease_token bigint not null,
    tenant_id uuid not null,
    tenant_no integer not null,
    lane_id integer not null,
    robot_id uuid not null,
    workflow_id uuid not null,          -- with its name: for pushes, which then need not read the wide row
    workflow_name text not null,
    attempt smallint not null,
    claim_id uuid,                      -- of the claim that made it, if the robot named one
    counter_ids integer[],              -- the counters that it is in; null: none
    share_id integer,                   -- whose robot-seconds it uses; null: nobody counts them
    pool_share_id integer,              -- and of a pool's robots, which member's
    claimed_at timestamptz not null,
    started_at timestamptz,
    lease_expires_at timestamptz not null,
    timeout_at timestamptz not null,
    progress_timeout_seconds integer,   -- of the job
    away interval not null default '0', -- for so long nobody could report progress since the last report
    outages smallint not null default 0,    -- by which it was lengthened since its robot last renewed it
    progress smallint not null default 0,
    current_node text,
    progress_message text,
    first_progress_at timestamptz,
    progress_at timestamptz,
    pushed_at timestamptz,              -- last progress push, for coalescing
    pushed_progress smallint,
    pushed_node text,
    cancel_requested_at timestamptz,
    cancel_reason text,
    constraint leases_pkey primary key (job_id),
    constraint leases_progress_check check (progress between 0 and 100)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
create index leases_robot_id_idx on private.leases (robot_id, lease_token);
create index leases_tenant_id_idx on private.leases (tenant_id);
create index leases_share_id_idx on private.leases (share_id) where share_id is not null;
create index leases_pool_share_id_idx on private.leases (pool_share_id) where pool_share_id is not null;
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
    reason text not null,               -- attempts_exhausted | not_retryable | lease_lost | timeout | no_progress | poison
    attempts smallint not null,
    error_type text,
    error_message text,
    dead_lettered_at timestamptz not null default now(),
    resolved_at timestamptz,            -- somebody queued it again
    resolved_by uuid,
    requeued_job_id uuid,
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
    constraint late_results_pkey primary key (late_result_id),
    constraint late_results_tenant_id_key unique (tenant_id, job_id, lease_token, outcome)
);
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
    lease_token bigint,                 -- of the first line of a batch that has a number: whose, and which
    sequence bigint,
    constraint job_logs_pkey primary key (job_log_id),
    constraint job_logs_level_check check (level in ('debug', 'info', 'warning', 'error', 'critical')),
    constraint job_logs_message_check check (length(message) <= 65536)
);
create index job_logs_tenant_id_job_id_idx on public.job_logs (tenant_id, job_id, job_log_id);
create unique index job_logs_tenant_id_idx on public.job_logs (tenant_id, job_id, lease_token, sequence)
    where sequence is not null;
comment on table public.job_logs is 'What robots logged while running a job. That a batch was stored is noted in its first line, so it is known as long as the lines are.';

create table private.waiting_robots (
    robot_id uuid not null,
    tenant_no integer not null,
    environment text not null,
    capabilities text[] not null,
    pool_id uuid,
    waiting_since timestamptz not null,
    constraint waiting_robots_pkey primary key (robot_id)
);
create index waiting_robots_tenant_no_idx on private.waiting_robots (tenant_no);
create index waiting_robots_pool_id_idx on private.waiting_robots (pool_id) where pool_id is not null;
comment on table private.waiting_robots is 'Robots that found nothing and listen for the doorbell. Ringing one takes its row away, so one job wakes one robot.';

create table private.pool_turns (
    robot_id uuid not null,
    tenant_no integer not null,         -- whose turn it is with this robot
    jobs_left smallint not null,        -- jobs that the member may still be given in this turn
    constraint pool_turns_pkey primary key (robot_id)
) with (fillfactor = 50);
comment on table private.pool_turns is 'Where each robot of a pool is in the round of the members. A row a robot and not a pool: no claim waits for another.';

-- When somebody was last heard, and when the service was last away: see private.note_call(). No rows, as every call looks at them,
-- and no part of a transaction, so that a call that fails has been heard all the same. In milliseconds since 1970; 0: never.
create sequence private.last_call_at as bigint minvalue 0;
comment on sequence private.last_call_at is 'When a robot''s call or a request was last accepted, to the second, by the server''s own clock.';
create sequence private.outage_began_at as bigint minvalue 0;
comment on sequence private.outage_began_at is 'When the newest outage of the service or of Postgres began: the last call before it.';
create sequence private.outage_ended_at as bigint minvalue 0;
comment on sequence private.outage_ended_at is 'When the newest outage ended: the first call after it.';

create table private.outages (
    ended_at timestamptz not null,
    began_at timestamptz not null,
    leases integer not null,            -- that were lengthened
    constraint outages_pkey primary key (ended_at)
);
comment on table private.outages is 'Outages of the service or of Postgres by which leases were lengthened, of the last 90 days. See private.lengthen_leases().';

create table private.low_water (
    is_only boolean not null default true,
    settled_at timestamptz not null default '-infinity',    -- what was enqueued before this is committed or undone
    pending_at timestamptz,             -- the next settled_at, as soon as every transaction before pending_xid has ended
    pending_xid xid8,
    tenant_no integer not null default 0,   -- the tenant after which the next run goes on
    lanes jsonb not null default '{}',      -- of tenants whose turn does for a part of their lanes: behind which the next one begins
    constraint low_water_pkey primary key (is_only),
    constraint low_water_is_only_check check (is_only)
) with (fillfactor = 50);
comment on table private.low_water is 'How far claims may begin behind the oldest jobs: the memory of private.raise_low_water(), one row.';
insert into private.low_water default values;

-- The views stand here and not in views.sql, because functions return their rows.

create view public.live_jobs with (security_invoker = true) as
select
    j.job_id,
    j.tenant_id,
    j.workflow_id,
    j.workflow_version,
    j.workflow_name,
    j.trigger_type,
    j.execution_mode,
    j.environment,
    j.required_capabilities,
    j.required_tags,
    j.target_robot_id,
    j.pool_id,
    j.priority,
    j.input,
    j.metadata,
    j.dedupe_key,
    j.concurrency_key,
    j.max_attempts,
    j.timeout_seconds,
    j.progress_timeout_seconds,
    j.retry_policy,
    j.retry_of,
    j.created_by,
    j.created_at,
    case
        when l.job_id is null then j.status
        when l.started_at is null then 'claimed'
        else 'running'
    end::public.job_status as status,
    coalesce(l.attempt, j.attempts) as attempts,
    coalesce(l.robot_id, j.robot_id) as robot_id,
    coalesce(l.claimed_at, j.claimed_at) as claimed_at,
    coalesce(l.started_at, j.started_at) as started_at,
    coalesce(l.first_progress_at, j.first_progress_at) as first_progress_at,
    j.finished_at,
    j.result,
    j.error_message,
    j.error_type,
    j.error_details,
    s.run_at,
    case when j.status = 'completed' then 100 else coalesce(l.progress, 0) end::smallint as progress,
    l.current_node,
    l.progress_message,
    l.lease_expires_at,
    coalesce(l.cancel_requested_at, j.cancel_requested_at) as cancel_requested_at,
    l.cancel_reason
from public.jobs as j
left join private.leases as l on l.job_id = j.job_id
left join private.scheduled as s on s.job_id = j.job_id;
comment on view public.live_jobs is
    'Jobs as they are now: the stored row with the facts of its lease or its delay. run_at is set while a job waits for a time.';

create view public.live_robots with (security_invoker = true) as
select
    r.robot_id,
    r.tenant_id,
    r.external_id,
    r.name,
    r.hostname,
    r.environment,
    case when r.mode = 'active' and h.is_in_maintenance then 'maintenance' else r.mode end::public.robot_mode as mode,
    r.capabilities,
    r.attributes,
    r.tags,
    r.is_internet,
    r.pool_id,
    r.max_concurrent_jobs,
    r.quarantined_at,
    r.quarantine_reason,
    r.created_at,
    r.updated_at,
    h.last_heartbeat_at,
    case when o.is_online then h.online_since end as online_since,
    coalesce(h.health, 'ok') as health,
    coalesce(h.metrics, '{}') as metrics,
    o.is_online,
    h.last_claim_at,
    h.deaf_since,
    case
        when not o.is_online then 'offline'
        when r.mode <> 'active' or h.is_in_maintenance then 'maintenance'
        when h.health = 'error' or r.quarantined_at is not null then 'error'
        when w.load > 0 then 'busy'
        else 'idle'
    end as status,
    w.load,
    w.job_ids as current_job_ids,
    c.last_command,
    case
        when h.other_session_at > private.clock() - make_interval(secs => coalesce(t.robot_offline_after_seconds, 90)) then array[
            format(
                'Another process with the key of robot %s was alive at %s. If it still runs, end one of the two.',
                r.external_id, to_char(h.other_session_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
            )
        ]
        else '{}'::text[]
    end as warnings
from public.robots as r
left join public.robot_heartbeats as h on h.robot_id = r.robot_id
left join public.tenants as t on t.tenant_id = r.tenant_id
cross join lateral (
    select coalesce(
        h.is_online
        and greatest(h.last_heartbeat_at, (select private.back_at()))
            > private.clock() - make_interval(secs => coalesce(t.robot_offline_after_seconds, 90)),
        false
    ) as is_online
) as o
cross join lateral (
    -- Of the jobs of other tenants that it holds for a pool, their number is known here and nothing else.
    select
        array(
            select l.job_id
            from private.leases as l
            where l.robot_id = r.robot_id and l.tenant_id = r.tenant_id
            order by l.job_id
        ) as job_ids,
        case
            when r.pool_id is null then (select count(*) from private.leases as l where l.robot_id = r.robot_id)
            else greatest(
                (select count(*) from private.leases as l where l.robot_id = r.robot_id),
                private.count_held_jobs(r.robot_id)
            )
        end::integer as load
) as w
left join lateral (
    select jsonb_build_object(
        'command_id', k.command_id,
        'command', k.command,
        'reason', k.reason,
        'issued_at', k.issued_at,
        'acknowledged_at', k.acknowledged_at
    ) as last_command
    from public.robot_commands as k
    where k.tenant_id = r.tenant_id and k.robot_id = r.robot_id
    order by k.command_id desc
    limit 1
) as c on true
where r.deleted_at is null;
comment on view public.live_robots is
    'Robots with what they last said of themselves, the jobs of their tenant that they hold, how many they hold in all, and the status word of the orchestrator''s documents.';
