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
    share_id integer,                   -- whose robot-seconds it uses; null: they are not counted
    pool_share_id integer,              -- and of a pool's robots, which member's
    claimed_at timestamptz not null,
    started_at timestamptz,
    lease_expires_at timestamptz not null,
    timeout_at timestamptz not null,
    progress_timeout_seconds integer,   -- of the job
    away interval not null default '0', -- time in outages since the last report of progress
    outages smallint not null default 0,    -- by which it was lengthened since its robot last renewed it
    progress smallint not null default 0,
    current_node text,
    progress_message text,
    first_progress_at timestamptz,
    progress_at timestamptz,
    pushed_at timestamptz,              -- last progress push to those who watch the job, for coalescing
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

-- When the last call came, and when the last outage was: see private.note_call(). Sequences and not rows, as every call reads them,
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
