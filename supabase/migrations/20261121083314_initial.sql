-- Composed from sql/ by the command `make migration-fresh`: edit there.
set check_function_bodies = off;  -- a function may call one that comes later
set lock_timeout = '5s';

-- from sql/00_platform/schema.sql sha256:9b47a3f637996a39bf833344ecc93962020413c1c34e85544c57b0f433ebc80f
-- Schemas say who may see what: `public` is what the Data API and Realtime expose, always under row-level security;
-- `private` is never exposed and holds internals, hot tables and security-definer helpers.
create schema if not exists private;
comment on schema private is 'Internals of casare_cloud: never exposed through the Data API.';

revoke all on schema private from public;
grant usage on schema private to anon, authenticated, service_role;

-- Default privileges differ between platform versions (open or closed), so they are closed here, before anything is made:
-- every object is granted by name. The schema-less form is the only one that takes PUBLIC's execute away.
alter default privileges revoke execute on functions from public;
alter default privileges in schema public revoke all on tables from anon, authenticated, service_role;
alter default privileges in schema public revoke all on sequences from anon, authenticated, service_role;
alter default privileges in schema public revoke all on functions from anon, authenticated, service_role;

-- The login of the cloud functions. It owns nothing and inherits nothing: a request must name the role it acts as.
do $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'casare_functions') then
        create role casare_functions login noinherit;
    end if;
end
$$;
grant anon, authenticated to casare_functions;
grant usage on schema private to casare_functions;

-- pg_cron lives in one database of a cluster; where it (or the local runner's stand-in) already exists, leave it be.
do $$
begin
    if not exists (select from pg_catalog.pg_namespace where nspname = 'cron') then
        create extension pg_cron with schema pg_catalog;
    end if;
end
$$;

-- from sql/00_platform/types.sql sha256:0f4ccfd307c3006b1f8a2cf2c723674a56d792553087811aef791ce7f4282a6a
-- Functions that column defaults need stand here, before the tables; every other function has a file of its own.

-- Neither has a SET clause, so that both are inlined: they are no security definers and name everything with its schema.
create or replace function private.clock()
returns timestamptz
language sql
stable
as $$
    select coalesce(nullif(pg_catalog.current_setting('casare.now', true), '')::timestamptz, pg_catalog.now())
$$;
comment on function private.clock() is
    'The time that every rule goes by: the transaction''s, unless a test sets casare.now. Clients of the Data API cannot set it.';
revoke all on function private.clock() from public, anon, authenticated, service_role;

create or replace function private.uuid_v7(p_at timestamptz default clock_timestamp())
returns uuid
language sql
volatile
as $$
    select pg_catalog.encode(
        overlay(
            pg_catalog.uuid_send(pg_catalog.gen_random_uuid())
            placing pg_catalog.int8send(
                ((u.micros / 1000) << 16) | 28672 | ((u.micros % 1000) * 4096 / 1000)
            )
            from 1
        ),
        'hex'
    )::uuid
    from (select (extract(epoch from p_at) * 1000000)::bigint as micros) as u
$$;
comment on function private.uuid_v7(timestamptz) is
    'A UUID of version 7 (RFC 9562): 48 bits of milliseconds, 12 bits of the millisecond''s fraction, 62 random bits. Ids sort by creation.';
revoke all on function private.uuid_v7(timestamptz) from public, anon, authenticated, service_role;

-- from sql/10_tenancy/types.sql sha256:2aa605b661c38919b34af15c1f9f7824c127e1b8afde6ce6d6c3432f0e67c979
create type public.tenant_plan as enum ('free', 'pro', 'enterprise');

create type public.api_key_kind as enum (
    'robot',    -- acts as one robot
    'service'   -- acts as a program of the tenant, with scopes
);

-- Who makes this request, as the database has verified it. See private.caller().
create type private.caller as (
    principal text,         -- user | robot | service
    tenant_id uuid,
    user_id uuid,           -- set for users
    robot_id uuid,          -- set for robots
    api_key_id uuid,        -- set for robots and service keys
    permissions text[]      -- codes and wildcards, e.g. {workflows.read,jobs.*}
);

-- A key as people see it: everything but its hash.
create type public.api_key_summary as (
    api_key_id uuid,
    tenant_id uuid,
    kind public.api_key_kind,
    name text,
    prefix text,
    robot_id uuid,
    scopes text[],
    created_by uuid,
    created_at timestamptz,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz
);

-- from sql/40_queue/types.sql sha256:9438c9fd0ba3354821093dff0ce74a50713158c787c82de1bcd6db266743c01f
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
    timeout_seconds integer
);

-- from sql/10_tenancy/tables.sql sha256:261fb16a550241dd4a8a600bc7e1fc495276a26d6fb617a9e7855d0a44e65b2d
create table public.tenants (
    tenant_id uuid not null default private.uuid_v7(),
    name text not null,
    slug text not null,
    plan public.tenant_plan not null default 'free',
    timezone text not null default 'UTC',
    robot_offline_after_seconds integer not null default 90,
    settings jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    constraint tenants_pkey primary key (tenant_id),
    constraint tenants_slug_key unique (slug),
    constraint tenants_name_check check (length(name) between 1 and 255),
    constraint tenants_robot_offline_after_seconds_check check (robot_offline_after_seconds between 5 and 86400)
);
comment on table public.tenants is 'A customer whose rows are kept apart from every other''s.';

create table public.profiles (
    user_id uuid not null,
    username text not null,
    first_name text not null default '',
    last_name text not null default '',
    active_tenant_id uuid,
    created_at timestamptz not null default now(),
    constraint profiles_pkey primary key (user_id),
    constraint profiles_user_id_fkey foreign key (user_id) references auth.users (id) on delete cascade,
    constraint profiles_active_tenant_id_fkey foreign key (active_tenant_id) references public.tenants (tenant_id) on delete set null,
    constraint profiles_username_check check (username ~ '^[A-Za-z0-9._@+-]{1,128}$')
);
create unique index profiles_username_idx on public.profiles (lower(username));
create index profiles_active_tenant_id_idx on public.profiles (active_tenant_id);
comment on table public.profiles is 'What the product adds to a user of Supabase Auth: a login name and the tenant the next token is for.';

create table public.permissions (
    code text not null,
    description text not null,
    constraint permissions_pkey primary key (code),
    constraint permissions_code_check check (code ~ '^[a-z_]+\.[a-z_]+$')
);
comment on table public.permissions is 'Every permission there is, as resource.action. Reference data, the same for all tenants.';

create table public.roles (
    role_id uuid not null default private.uuid_v7(),
    tenant_id uuid,     -- null: a built-in role of every tenant
    name text not null,
    slug text not null,
    description text not null default '',
    created_at timestamptz not null default now(),
    constraint roles_pkey primary key (role_id),
    constraint roles_tenant_id_slug_key unique nulls not distinct (tenant_id, slug),
    constraint roles_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade,
    constraint roles_slug_check check (slug ~ '^[a-z][a-z0-9_-]{0,63}$')
);
comment on table public.roles is 'A named set of permissions; built-in (no tenant) or a tenant''s own.';

create table public.role_permissions (
    role_id uuid not null,
    permission text not null,    -- a code, resource.*, *.action or *
    constraint role_permissions_pkey primary key (role_id, permission),
    constraint role_permissions_role_id_fkey foreign key (role_id) references public.roles (role_id) on delete cascade,
    constraint role_permissions_permission_check check (permission ~ '^(\*|([a-z_]+|\*)\.([a-z_]+|\*))$')
);
comment on table public.role_permissions is 'What a role may do: permission codes, with * for any resource or action.';

create table public.memberships (
    tenant_id uuid not null,
    user_id uuid not null,
    created_at timestamptz not null default now(),
    constraint memberships_pkey primary key (tenant_id, user_id),
    constraint memberships_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade,
    constraint memberships_user_id_fkey foreign key (user_id) references auth.users (id) on delete cascade
);
create index memberships_user_id_idx on public.memberships (user_id);
comment on table public.memberships is 'A user belongs to a tenant. Deleting the row takes access away at the user''s next statement.';

create table public.member_roles (
    tenant_id uuid not null,
    user_id uuid not null,
    role_id uuid not null,
    created_at timestamptz not null default now(),
    constraint member_roles_pkey primary key (tenant_id, user_id, role_id),
    constraint member_roles_tenant_id_user_id_fkey foreign key (tenant_id, user_id)
        references public.memberships (tenant_id, user_id) on delete cascade,
    constraint member_roles_role_id_fkey foreign key (role_id) references public.roles (role_id) on delete cascade
);
create index member_roles_role_id_idx on public.member_roles (role_id);
comment on table public.member_roles is 'The roles of a member in one tenant.';

create table public.api_keys (
    api_key_id uuid not null default private.uuid_v7(),
    tenant_id uuid not null,
    kind public.api_key_kind not null,
    name text not null,
    prefix text not null,               -- the first characters, shown so that people can tell keys apart
    key_hash bytea not null,            -- SHA-256 of the whole key; the key itself is never stored
    robot_id uuid,                      -- robot keys: set at creation or by the first registration
    scopes text[] not null default '{}',
    created_by uuid,
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    constraint api_keys_pkey primary key (api_key_id),
    constraint api_keys_key_hash_key unique (key_hash),
    constraint api_keys_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade,
    constraint api_keys_name_check check (length(name) between 1 and 128),
    constraint api_keys_key_hash_check check (octet_length(key_hash) = 32),
    constraint api_keys_robot_id_check check (kind = 'robot' or robot_id is null)
);
create index api_keys_tenant_id_idx on public.api_keys (tenant_id, api_key_id desc);
create index api_keys_robot_id_idx on public.api_keys (tenant_id, robot_id);
comment on table public.api_keys is 'Keys of robots and of programs. Only a hash is kept; a key is shown once, when it is made.';

create table public.invitations (
    invitation_id uuid not null default private.uuid_v7(),
    tenant_id uuid not null,
    email text not null,
    role_id uuid not null,
    token_hash bytea not null,
    invited_by uuid,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    accepted_at timestamptz,
    revoked_at timestamptz,
    constraint invitations_pkey primary key (invitation_id),
    constraint invitations_token_hash_key unique (token_hash),
    constraint invitations_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade,
    constraint invitations_role_id_fkey foreign key (role_id) references public.roles (role_id) on delete cascade
);
create index invitations_tenant_id_idx on public.invitations (tenant_id, invitation_id desc);
create index invitations_role_id_idx on public.invitations (role_id);
comment on table public.invitations is 'An offer of membership, redeemed once with the token that was sent.';

create table private.login_attempts (
    login_hash bytea not null,          -- SHA-256 of the lower-cased login
    ip inet not null,
    failures integer not null default 0,
    window_started_at timestamptz not null,
    locked_until timestamptz,
    constraint login_attempts_pkey primary key (login_hash, ip)
);
comment on table private.login_attempts is 'Failed logins per login and address: five in five minutes lock for fifteen.';

create table private.idempotency_keys (
    tenant_id uuid not null,
    actor_id uuid not null,             -- the user, robot or service key that sent the request
    key text not null,
    request_hash bytea not null,
    status_code integer,                -- null while the first request is still running
    response jsonb,
    created_at timestamptz not null default now(),
    constraint idempotency_keys_pkey primary key (tenant_id, actor_id, key),
    constraint idempotency_keys_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade,
    constraint idempotency_keys_key_check check (length(key) between 1 and 255)
);
create index idempotency_keys_created_at_idx on private.idempotency_keys (created_at);
comment on table private.idempotency_keys is 'The first answer to a request that carried an Idempotency-Key.';

-- from sql/20_workflows/tables.sql sha256:fc1ea81a85384c1bcd241f2e3f2f492b98fe8edfef497e98f6d9a18df15c8116
create type public.workflow_status as enum ('draft', 'published', 'deprecated', 'archived');

create table public.workflows (
    workflow_id uuid not null default private.uuid_v7(),
    tenant_id uuid not null,
    name text not null,
    description text not null default '',
    status public.workflow_status not null default 'draft',
    is_enabled boolean not null default true,
    current_version integer not null default 1,
    metadata jsonb not null default '{}',
    created_by uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    constraint workflows_pkey primary key (workflow_id),
    constraint workflows_tenant_id_workflow_id_key unique (tenant_id, workflow_id),
    constraint workflows_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade,
    constraint workflows_name_check check (length(name) between 1 and 255)
);
create index workflows_tenant_id_name_idx on public.workflows (tenant_id, lower(name)) where deleted_at is null;
comment on table public.workflows is 'The definition of an automation, by name; what runs is one of its versions.';

create table public.workflow_versions (
    workflow_id uuid not null,
    version integer not null,
    tenant_id uuid not null,
    definition jsonb not null,
    node_count integer not null,
    created_by uuid,
    created_at timestamptz not null default now(),
    constraint workflow_versions_pkey primary key (workflow_id, version),
    constraint workflow_versions_tenant_id_workflow_id_fkey foreign key (tenant_id, workflow_id)
        references public.workflows (tenant_id, workflow_id) on delete cascade,
    constraint workflow_versions_node_count_check check (node_count between 0 and 1000)
);
create index workflow_versions_tenant_id_idx on public.workflow_versions (tenant_id, workflow_id);
comment on table public.workflow_versions is 'An immutable published form of a workflow.';

create table public.workflow_backups (
    workflow_id uuid not null,
    version integer not null,
    tenant_id uuid not null,
    object_key text not null,
    stored_at timestamptz not null default now(),
    removed_at timestamptz,
    constraint workflow_backups_pkey primary key (workflow_id, version),
    constraint workflow_backups_workflow_id_version_fkey foreign key (workflow_id, version)
        references public.workflow_versions (workflow_id, version) on delete cascade,
    constraint workflow_backups_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade
);
create index workflow_backups_tenant_id_idx on public.workflow_backups (tenant_id);
comment on table public.workflow_backups is 'Where the copy of a workflow version outside the database is.';

-- from sql/30_robots/tables.sql sha256:25aa5079adad38e65eecd348da1ace7f90d0bf170566ace9d923b0650e0458fa
-- Whether a robot may claim depends on its mode and its free slots, never on the word a face shows.
create type public.robot_mode as enum (
    'active',       -- claims
    'paused',       -- claims nothing, keeps what it has
    'draining',     -- claims nothing, leaves when it is done
    'maintenance',  -- claims nothing, a person is at it
    'disabled'      -- claims nothing, may not come back by itself
);
create type public.robot_health as enum ('ok', 'error');

create table public.robots (
    robot_id uuid not null default private.uuid_v7(),
    tenant_id uuid not null,
    external_id text not null,          -- the id that people and published clients use, e.g. robot-prod-001
    name text not null,
    hostname text not null default '',
    environment text not null default 'default',
    mode public.robot_mode not null default 'active',
    capabilities text[] not null default '{}',      -- sorted, what is true
    attributes jsonb not null default '{}',         -- the form the robot sent, when it was a map
    tags text[] not null default '{}',
    is_internet boolean not null default false,     -- declared that it takes internet-mode jobs
    max_concurrent_jobs integer not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    constraint robots_pkey primary key (robot_id),
    constraint robots_tenant_id_robot_id_key unique (tenant_id, robot_id),
    constraint robots_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade,
    constraint robots_external_id_check check (external_id ~ '^[A-Za-z0-9_-]{1,64}$'),
    constraint robots_name_check check (length(name) between 1 and 128),
    constraint robots_hostname_check check (length(hostname) <= 256),
    constraint robots_environment_check check (length(environment) between 1 and 64 and environment <> '*'),
    constraint robots_max_concurrent_jobs_check check (max_concurrent_jobs between 1 and 100)
);
create unique index robots_tenant_id_external_id_idx on public.robots (tenant_id, external_id) where deleted_at is null;
comment on table public.robots is 'A program that claims and runs jobs: its configuration. What it last said of itself is in robot_heartbeats.';

create table public.robot_heartbeats (
    robot_id uuid not null,
    tenant_id uuid not null,
    last_heartbeat_at timestamptz not null,
    online_since timestamptz not null,
    health public.robot_health not null default 'ok',
    is_online boolean not null default true,        -- false once the loss was noticed and told
    metrics jsonb not null default '{}',
    constraint robot_heartbeats_pkey primary key (robot_id),
    constraint robot_heartbeats_tenant_id_robot_id_fkey foreign key (tenant_id, robot_id)
        references public.robots (tenant_id, robot_id) on delete cascade
) with (fillfactor = 70);
create index robot_heartbeats_tenant_id_idx on public.robot_heartbeats (tenant_id, robot_id);
comment on table public.robot_heartbeats is 'The last heartbeat of each robot. No index mentions a column that a heartbeat changes.';

-- from sql/40_queue/tables.sql sha256:43a1be5e93d62d4febed1abea3491d9f40d273f0c063a7b6511ddbdda72d74af
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

-- from sql/45_events/tables.sql sha256:26761cc5894c3b0472f957eef513722c6c05c48a69ee28d3b441671e1f26e059
-- Writers append to the inbox without waiting for one another. Whoever reads first gives the committed rows their number
-- in the tenant's sequence, under one lock, so that a reader who resumes after a number misses nothing.
create table private.event_inbox (
    inbox_id bigint generated always as identity,
    tenant_id uuid not null,
    event_id uuid not null default private.uuid_v7(),
    event_type text not null,
    occurred_at timestamptz not null,
    job_id uuid,
    robot_id uuid,
    workflow_id uuid,
    actor_id uuid,
    data jsonb not null default '{}',
    constraint event_inbox_pkey primary key (inbox_id)
);
create index event_inbox_tenant_id_idx on private.event_inbox (tenant_id, inbox_id);
comment on table private.event_inbox is 'Events that have no number yet.';

create table private.event_counters (
    tenant_id uuid not null,
    last_seq bigint not null default 0,
    constraint event_counters_pkey primary key (tenant_id),
    constraint event_counters_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade
);
comment on table private.event_counters is 'The last number given in each tenant''s sequence of events.';

create table public.events (
    tenant_id uuid not null,
    seq bigint not null,
    event_id uuid not null,
    event_type text not null,           -- past tense, e.g. job.completed, robot.online
    occurred_at timestamptz not null,
    job_id uuid,
    robot_id uuid,
    workflow_id uuid,
    actor_id uuid,
    data jsonb not null default '{}',
    constraint events_pkey primary key (tenant_id, seq),
    constraint events_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade
);
create index events_tenant_id_job_id_idx on public.events (tenant_id, job_id, seq) where job_id is not null;
comment on table public.events is 'What happened, in a gapless sequence per tenant that a client can resume from.';

-- from sql/90_audit/tables.sql sha256:932e8cebdfb389cb4e9f8ffb4e5a00628fa9fdd64ef22ea7e65aa3416f293e12
create table public.audit_log (
    audit_id uuid not null default private.uuid_v7(),
    tenant_id uuid not null,
    actor_id uuid,
    principal text not null,            -- user | robot | service | system
    action text not null,               -- create | update | delete
    resource_type text not null,        -- table name
    resource_id text not null,
    old_values jsonb,
    new_values jsonb,
    request_id text,
    ip_address inet,
    created_at timestamptz not null default now(),
    constraint audit_log_pkey primary key (audit_id)
);
create index audit_log_tenant_id_idx on public.audit_log (tenant_id, audit_id desc);
comment on table public.audit_log is 'Who changed what, written by table triggers. Nobody can change or delete a row through the API.';

-- from sql/00_platform/functions/actor_id.sql sha256:7aa9d6e26104d685da8e21bbeacb071087be0c663117cd603702c1ad4611446d
create or replace function private.actor_id()
returns uuid
language plpgsql
stable
set search_path = ''
as $$
begin
    return (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
end
$$;
comment on function private.actor_id() is
    'The subject of the request''s claims, to be written down as the one who did it; null for the system. It decides nothing: see private.caller().';
revoke all on function private.actor_id() from public, anon, authenticated, service_role;

-- from sql/00_platform/functions/raise_error.sql sha256:2c576a866db54ca7c027bc0f2753955d1e8349ce6a1c4433f7dd95470a6866a3
create or replace function private.raise_error(p_status integer, p_code text, p_message text, p_hint text default null)
returns void
language plpgsql
set search_path = ''
as $$
begin
    if p_hint is null then
        raise exception using errcode = 'PT' || p_status, message = p_message, detail = p_code;
    else
        raise exception using errcode = 'PT' || p_status, message = p_message, detail = p_code, hint = p_hint;
    end if;
end
$$;
comment on function private.raise_error(integer, text, text, text) is
    'Ends the transaction with an HTTP status, a code to switch on (detail) and a sentence: one convention for the Data API and for Python.';
revoke all on function private.raise_error(integer, text, text, text) from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/accept_invitation.sql sha256:084fc7b38df3bbf2422ffab020c6eb6dca700acba3ba96aaec9113dbe23ee9b0
-- Takes the token and hashes it here: what stands in the table is not enough to accept.
create or replace function public.accept_invitation(p_token text)
returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_user_id uuid := private.authenticate_user(nullif(current_setting('request.jwt.claims', true), '')::jsonb);
    v_invitation public.invitations;
    v_granted text[];
begin
    if v_user_id is null then
        perform private.raise_error(401, 'AUTHENTICATION_FAILED', 'Sign in to accept an invitation.');
    end if;
    select i.*
    into v_invitation
    from public.invitations as i
    join public.tenants as t on t.tenant_id = i.tenant_id
    join auth.users as u on u.id = v_user_id
    where i.token_hash = sha256(convert_to(p_token, 'UTF8'))
        and i.accepted_at is null
        and i.revoked_at is null
        and i.expires_at > private.clock()
        and t.deleted_at is null
        and lower(u.email) = i.email
    for update of i;
    -- Who invited must still be allowed to: a removed admin does not come back, or send a friend, by an old invitation.
    v_granted := private.list_actor_permissions(v_invitation.tenant_id, v_invitation.invited_by);
    if v_invitation.invitation_id is null
        or not private.has_permission(v_granted, 'members.write')
        or not private.has_permissions(
            v_granted,
            array(select rp.permission from public.role_permissions as rp where rp.role_id = v_invitation.role_id)
        )
    then
        perform private.raise_error(404, 'INVITATION_NOT_FOUND', 'There is no such open invitation for you.');
    end if;

    insert into public.memberships (tenant_id, user_id)
    values (v_invitation.tenant_id, v_user_id)
    on conflict do nothing;
    insert into public.member_roles (tenant_id, user_id, role_id)
    values (v_invitation.tenant_id, v_user_id, v_invitation.role_id)
    on conflict do nothing;
    update public.invitations as i
    set accepted_at = private.clock()
    where i.invitation_id = v_invitation.invitation_id;
    update public.profiles as p
    set active_tenant_id = v_invitation.tenant_id
    where p.user_id = v_user_id;
    return v_invitation.tenant_id;
end
$$;
comment on function public.accept_invitation(text) is
    'Makes the signed-in user, whose address was invited, a member and returns the tenant, which the next token is for; once per invitation.';
revoke all on function public.accept_invitation(text) from public, anon, authenticated, service_role;
grant execute on function public.accept_invitation(text) to authenticated;

-- from sql/10_tenancy/functions/assign_role.sql sha256:7abb1b90b5595c2883cd3845095d8b1ebbd3f72a2e55518388391107cbde063a
create or replace function public.assign_role(p_user_id uuid, p_role_id uuid)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_caller private.caller := private.authorize('members.write');
begin
    perform private.get_manageable_member(v_caller, p_user_id);
    perform private.get_assignable_role(v_caller, p_role_id);
    insert into public.member_roles (tenant_id, user_id, role_id)
    values (v_caller.tenant_id, p_user_id, p_role_id)
    on conflict do nothing;
end
$$;
comment on function public.assign_role(uuid, uuid) is 'Gives a member a role that allows no more than the caller may.';
revoke all on function public.assign_role(uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function public.assign_role(uuid, uuid) to authenticated;

-- from sql/10_tenancy/functions/authenticate_user.sql sha256:b9ccc0e98b54d1b99edc094b6b9c66448f8cda81173d012cc73979edeae74d1a
create or replace function private.authenticate_user(p_claims jsonb)
returns uuid
language plpgsql
stable
set search_path = ''
as $$
declare
    v_user_id uuid := (p_claims ->> 'sub')::uuid;
    v_session_id uuid := (p_claims ->> 'session_id')::uuid;
begin
    if v_user_id is null or coalesce(p_claims -> 'app_metadata' ->> 'principal', 'user') <> 'user' then
        return null;
    end if;
    perform from auth.users as u
    where u.id = v_user_id and u.deleted_at is null and (u.banned_until is null or u.banned_until <= private.clock());
    if not found then
        return null;
    end if;
    if v_session_id is not null then
        perform from auth.sessions as s where s.id = v_session_id and s.user_id = v_user_id;
        if not found then
            return null;
        end if;
    end if;
    return v_user_id;
end
$$;
comment on function private.authenticate_user(jsonb) is
    'The user that the claims name, if the account is live and the session was not logged out; whatever the tenant.';
revoke all on function private.authenticate_user(jsonb) from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/authorize.sql sha256:c499b1d4b452e57f7a17497b83ceaac9d8eccaa55f2940a6fbd12f8bd08f68bd
create or replace function private.authorize(p_permission text)
returns private.caller
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_caller private.caller := private.caller();
begin
    if v_caller.principal is null then
        perform private.raise_error(401, 'AUTHENTICATION_FAILED', 'Sign in, or send a valid key.');
    end if;
    if not private.has_permission(v_caller.permissions, p_permission) then
        perform private.raise_error(403, 'FORBIDDEN', format('This needs the permission %s.', p_permission));
    end if;
    return v_caller;
end
$$;
comment on function private.authorize(text) is
    'The verified caller, who has the permission; raises 401 AUTHENTICATION_FAILED or 403 FORBIDDEN otherwise. The first line of every public function.';
revoke all on function private.authorize(text) from public, anon, authenticated, service_role;
grant execute on function private.authorize(text) to authenticated;

-- from sql/10_tenancy/functions/begin_idempotent_request.sql sha256:f995a6a63d22e5267101b49c0c2379f23a166d33bdf9227b1822b5332fcb4568
create or replace function private.begin_idempotent_request(p_key text, p_request_hash bytea)
returns table (status_code integer, response jsonb)
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_caller private.caller := private.caller();
    v_actor_id uuid := coalesce(v_caller.user_id, v_caller.robot_id, v_caller.api_key_id);
    v_stored private.idempotency_keys;
    v_now timestamptz := private.clock();
begin
    if v_actor_id is null then
        perform private.raise_error(401, 'AUTHENTICATION_FAILED', 'Sign in, or send a valid key.');
    end if;
    if coalesce(length(p_key), 0) not between 1 and 255 or p_request_hash is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'Idempotency-Key must have 1 to 255 characters.');
    end if;
    -- The lock says that a transaction is at it; it is tried, not waited for, so that a retry storm holds no connections.
    if not pg_try_advisory_xact_lock(
        hashtextextended(v_caller.tenant_id::text || ' ' || v_actor_id::text || ' ' || p_key, 7236401)
    ) then
        perform private.raise_error(409, 'REQUEST_IN_PROGRESS', 'The first request with this Idempotency-Key is still running.');
    end if;

    insert into private.idempotency_keys as i (tenant_id, actor_id, key, request_hash, created_at)
    values (v_caller.tenant_id, v_actor_id, p_key, p_request_hash, v_now)
    on conflict (tenant_id, actor_id, key) do update
    set request_hash = excluded.request_hash, status_code = null, response = null, created_at = v_now
    where i.created_at <= v_now - interval '24 hours'
        or (i.status_code is null and i.created_at <= v_now - interval '5 minutes');
    if found then
        return;
    end if;

    select i.*
    into v_stored
    from private.idempotency_keys as i
    where i.tenant_id = v_caller.tenant_id and i.actor_id = v_actor_id and i.key = p_key;
    if v_stored.request_hash <> p_request_hash then
        perform private.raise_error(422, 'IDEMPOTENCY_KEY_REUSED', 'This Idempotency-Key came with another request before.');
    end if;
    if v_stored.status_code is null then
        perform private.raise_error(409, 'REQUEST_IN_PROGRESS', 'The first request with this Idempotency-Key is still running.');
    end if;
    return query select v_stored.status_code, v_stored.response;
end
$$;
comment on function private.begin_idempotent_request(text, bytea) is
    'The answer that the caller''s first request with this key got, or no row and the key is reserved; raises 409 while the first runs (five minutes at most) and 422 for another request. Kept for 24 hours.';
revoke all on function private.begin_idempotent_request(text, bytea) from public, anon, authenticated, service_role;
grant execute on function private.begin_idempotent_request(text, bytea) to authenticated;

-- from sql/10_tenancy/functions/caller.sql sha256:e7f14070f8a2b2b0509d74ab7f310f52ead23cd62856d93295d1117b80fd0b27
-- On the path of every claim and every policy. The claims say who somebody is and which tenant they mean; whether that is
-- (still) so is looked up here, so that a removed member, a logged-out session or a revoked key loses access at its next
-- statement and not when the token expires. Nothing is taken from user_metadata, which users write themselves.
create or replace function private.caller()
returns private.caller
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
    v_app jsonb := v_claims -> 'app_metadata';
    v_caller private.caller;
    v_kind public.api_key_kind;
    v_claimed_tenant_id uuid := (v_app ->> 'tenant_id')::uuid;
    v_claimed_robot_id uuid;
begin
    if v_claims is null then
        return null;
    end if;

    if v_app ->> 'principal' in ('robot', 'service') then
        v_claimed_robot_id := (v_app ->> 'robot_id')::uuid;
        select k.kind, k.tenant_id, k.robot_id, k.api_key_id, k.scopes
        into v_kind, v_caller.tenant_id, v_caller.robot_id, v_caller.api_key_id, v_caller.permissions
        from public.api_keys as k
        join public.tenants as t on t.tenant_id = k.tenant_id
        where k.api_key_id = (v_app ->> 'api_key_id')::uuid
            and k.revoked_at is null
            and (k.expires_at is null or k.expires_at > private.clock())
            and t.deleted_at is null;
        if v_caller.tenant_id is distinct from v_claimed_tenant_id
            or v_caller.tenant_id is null
            or v_kind::text <> v_app ->> 'principal'
            or v_claimed_robot_id <> v_caller.robot_id
            or (v_claimed_robot_id is not null and v_caller.robot_id is null)
        then
            return null;
        end if;
        v_caller.principal := v_kind::text;
        if v_kind = 'robot' then
            if v_caller.robot_id is null then
                v_caller.permissions := '{}';   -- not bound yet: may register, which asks for no permission
            else
                perform from public.robots as r
                where r.robot_id = v_caller.robot_id and r.tenant_id = v_caller.tenant_id and r.deleted_at is null;
                if not found then
                    return null;
                end if;
                v_caller.permissions := '{jobs.claim,jobs.report,robots.heartbeat}';    -- as the built-in role robot
            end if;
        end if;
        return v_caller;
    end if;

    v_caller.user_id := private.authenticate_user(v_claims);
    if v_caller.user_id is null then
        return null;
    end if;
    v_caller.tenant_id := private.select_tenant_id(v_caller.user_id, v_claimed_tenant_id);
    if v_caller.tenant_id is null then
        return null;
    end if;
    v_caller.principal := 'user';
    v_caller.permissions := private.list_member_permissions(v_caller.tenant_id, v_caller.user_id);
    return v_caller;
end
$$;
comment on function private.caller() is
    'Who makes this request, verified against the tables at every statement; null when the claims name nobody who may act now.';
revoke all on function private.caller() from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/check_admin_remains.sql sha256:843d4f867dd12d2ea0051f0d35f49b4676801ac67beb8e34cd7ede8cb3a9b078
-- Call it after the change: the row of the tenant is locked, so two admins cannot remove each other at the same moment.
create or replace function private.check_admin_remains(p_tenant_id uuid)
returns void
language plpgsql
set search_path = ''
as $$
begin
    perform from public.tenants as t where t.tenant_id = p_tenant_id for no key update;
    perform
    from public.member_roles as mr
    join public.roles as r on r.role_id = mr.role_id
    join auth.users as u on u.id = mr.user_id
    where mr.tenant_id = p_tenant_id and r.tenant_id is null and r.slug = 'admin' and u.deleted_at is null;
    if not found then
        perform private.raise_error(409, 'LAST_ADMIN', 'A tenant keeps at least one admin.');
    end if;
end
$$;
comment on function private.check_admin_remains(uuid) is 'Raises 409 LAST_ADMIN when the tenant has no member with the admin role any more.';
revoke all on function private.check_admin_remains(uuid) from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/check_login.sql sha256:86761145c14e239089f3872a9060caf52875e964e313033922974facc6065480
-- The attempt is counted before the password is looked at: a hundred requests at once get five guesses, not a hundred.
-- Commit before asking Auth, then say with record_login() how it went.
create or replace function private.check_login(p_login text, p_ip inet)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_now timestamptz := private.clock();
    v_attempt private.login_attempts;
    v_until timestamptz;
begin
    insert into private.login_attempts as a (login_hash, ip, failures, window_started_at)
    values (private.login_hash(p_login), private.login_network(p_ip), 1, v_now)
    on conflict (login_hash, ip) do update
    set failures = case
            when a.locked_until > v_now then a.failures
            when a.locked_until is not null or a.window_started_at <= v_now - interval '5 minutes' then 1
            else a.failures + 1
        end,
        window_started_at = case
            when a.locked_until > v_now then a.window_started_at
            when a.locked_until is not null or a.window_started_at <= v_now - interval '5 minutes' then v_now
            else a.window_started_at
        end,
        locked_until = case when a.locked_until > v_now then a.locked_until end
    returning a.* into v_attempt;

    v_until := case
        when v_attempt.locked_until is not null then v_attempt.locked_until
        when v_attempt.failures > 5 then v_attempt.window_started_at + interval '5 minutes'
    end;
    if v_until is not null then
        perform private.raise_error(
            429,
            'LOGIN_LOCKED',
            'Too many failed logins. Try again later.',
            greatest(1, ceil(extract(epoch from v_until - v_now)))::integer::text
        );
    end if;
end
$$;
comment on function private.check_login(text, inet) is
    'Counts an attempt to log in; raises 429 LOGIN_LOCKED with the seconds to wait as hint after five failures in five minutes.';
revoke all on function private.check_login(text, inet) from public, anon, authenticated, service_role;
grant execute on function private.check_login(text, inet) to casare_functions;

-- from sql/10_tenancy/functions/check_permissions_exist.sql sha256:aa125d60f881722758637d1a48228e8607bdc590c1cf0964a7df5c58ee341696
create or replace function private.check_permissions_exist(p_field text, p_permissions text[])
returns void
language plpgsql
stable
set search_path = ''
as $$
declare
    v_unknown text;
begin
    select coalesce(g.code, 'null')
    into v_unknown
    from unnest(p_permissions) as g (code)
    where not exists (select from public.permissions as p where private.has_permission(array[g.code], p.code))
    limit 1;
    if found then
        perform private.raise_error(400, 'INVALID_ARGUMENT', format('%s: there is no permission %s.', p_field, left(v_unknown, 64)));
    end if;
end
$$;
comment on function private.check_permissions_exist(text, text[]) is
    'Raises 400 INVALID_ARGUMENT for a code or wildcard that stands for no permission.';
revoke all on function private.check_permissions_exist(text, text[]) from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/create_api_key.sql sha256:3b8232459f78bf84f3d02e58e2ed6d6fe40d438f5b0f8d28bf99f78c404411dd
create or replace function public.create_api_key(
    p_kind public.api_key_kind,
    p_name text,
    p_key_hash bytea,
    p_prefix text,
    p_robot_id uuid default null,
    p_scopes text[] default '{}',
    p_expires_at timestamptz default null
)
returns public.api_key_summary
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_caller private.caller := private.authorize('api_keys.write');
    v_scopes text[] := array(select distinct s.scope from unnest(p_scopes) as s (scope) order by s.scope);
begin
    if p_kind is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'kind must be robot or service.');
    end if;
    if p_kind = 'robot' then
        if v_scopes <> '{}' then
            perform private.raise_error(400, 'INVALID_ARGUMENT', 'scopes: a robot key has none of its own.');
        end if;
        perform from public.robots as r
        where r.robot_id = p_robot_id and r.tenant_id = v_caller.tenant_id and r.deleted_at is null;
        if not found and p_robot_id is not null then
            perform private.raise_error(404, 'ROBOT_NOT_FOUND', 'There is no such robot.');
        end if;
    else
        if p_robot_id is not null then
            perform private.raise_error(400, 'INVALID_ARGUMENT', 'robot_id: a service key belongs to no robot.');
        end if;
        if v_scopes = '{}' then
            perform private.raise_error(400, 'INVALID_ARGUMENT', 'scopes must name at least one permission.');
        end if;
        perform private.check_permissions_exist('scopes', v_scopes);
    end if;
    if p_expires_at <= private.clock() then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'expires_at must lie in the future.');
    end if;
    return private.insert_api_key(v_caller, p_kind, p_name, p_key_hash, p_prefix, p_robot_id, v_scopes, p_expires_at);
end
$$;
comment on function public.create_api_key(public.api_key_kind, text, bytea, text, uuid, text[], timestamptz) is
    'Stores a new key by its SHA-256: of a robot (or of the first robot that registers with it), or of a program with scopes that the caller has.';
revoke all on function public.create_api_key(public.api_key_kind, text, bytea, text, uuid, text[], timestamptz)
    from public, anon, authenticated, service_role;
grant execute on function public.create_api_key(public.api_key_kind, text, bytea, text, uuid, text[], timestamptz) to authenticated;

-- from sql/10_tenancy/functions/create_profile.sql sha256:4587858265ace09e11620ba19002ead07325cea9e788236002dd678e196bd73b
create or replace function private.create_profile(p_user_id uuid, p_email text)
returns void
language plpgsql
set search_path = ''
as $$
declare
    v_username text := left(
        coalesce(nullif(regexp_replace(split_part(coalesce(p_email, ''), '@', 1), '[^A-Za-z0-9._+-]', '', 'g'), ''), 'user'), 100
    );
begin
    insert into public.profiles (user_id, username) values (p_user_id, v_username) on conflict do nothing;
    if not found then
        insert into public.profiles (user_id, username)
        values (p_user_id, v_username || '-' || left(replace(gen_random_uuid()::text, '-', ''), 12))
        on conflict (user_id) do nothing;
    end if;
end
$$;
comment on function private.create_profile(uuid, text) is
    'The profile of a user who named none: the local part of the address, with a suffix when it is taken.';
revoke all on function private.create_profile(uuid, text) from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/create_role.sql sha256:d492ad8a5645a0837a3cd9c366248ba1da6fefb58250020df3dc1c05457d43d7
create or replace function public.create_role(
    p_name text,
    p_slug text,
    p_permissions text[],
    p_description text default ''
)
returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_caller private.caller := private.authorize('members.write');
    v_role_id uuid;
begin
    if coalesce(length(btrim(p_name)), 0) not between 1 and 128 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'name must have 1 to 128 characters.');
    end if;
    if p_slug is null or p_slug !~ '^[a-z][a-z0-9_-]{0,63}$' then
        perform private.raise_error(
            400, 'INVALID_ARGUMENT', 'slug must be lower-case letters, digits, - or _, starting with a letter, at most 64.'
        );
    end if;
    if exists (select from public.roles as r where r.tenant_id is null and r.slug = p_slug) then
        perform private.raise_error(409, 'ROLE_EXISTS', 'There is a role with this slug already.');
    end if;
    insert into public.roles (tenant_id, name, slug, description)
    values (v_caller.tenant_id, btrim(p_name), p_slug, left(coalesce(p_description, ''), 1000))
    on conflict (tenant_id, slug) do nothing
    returning role_id into v_role_id;
    if v_role_id is null then
        perform private.raise_error(409, 'ROLE_EXISTS', 'There is a role with this slug already.');
    end if;
    perform private.set_role_permissions(v_caller, v_role_id, p_permissions);
    return v_role_id;
end
$$;
comment on function public.create_role(text, text, text[], text) is
    'A role of the caller''s tenant with permissions that the caller has; returns its id.';
revoke all on function public.create_role(text, text, text[], text) from public, anon, authenticated, service_role;
grant execute on function public.create_role(text, text, text[], text) to authenticated;

-- from sql/10_tenancy/functions/create_tenant.sql sha256:d733d3e0ba6230bd8a7162364759909be2328303d2e88281326f23eea27421e7
create or replace function private.create_tenant(p_name text, p_admin_user_id uuid)
returns uuid
language plpgsql
set search_path = ''
as $$
declare
    v_slug text := coalesce(nullif(btrim(left(regexp_replace(lower(p_name), '[^a-z0-9]+', '-', 'g'), 48), '-'), ''), 'tenant');
    v_tenant_id uuid;
begin
    if coalesce(length(btrim(p_name)), 0) not between 1 and 255 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'tenant_name must have 1 to 255 characters.');
    end if;
    insert into public.tenants (name, slug)
    values (btrim(p_name), v_slug)
    on conflict (slug) do nothing
    returning tenant_id into v_tenant_id;
    if v_tenant_id is null then
        insert into public.tenants (name, slug)
        values (btrim(p_name), v_slug || '-' || left(replace(gen_random_uuid()::text, '-', ''), 8))
        returning tenant_id into v_tenant_id;
    end if;
    insert into public.memberships (tenant_id, user_id) values (v_tenant_id, p_admin_user_id);
    insert into public.member_roles (tenant_id, user_id, role_id)
    select v_tenant_id, p_admin_user_id, r.role_id
    from public.roles as r
    where r.tenant_id is null and r.slug = 'admin';
    return v_tenant_id;
end
$$;
comment on function private.create_tenant(text, uuid) is
    'A new tenant whose only member, the given user, is its admin. Its slug is made from the name.';
revoke all on function private.create_tenant(text, uuid) from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/custom_access_token_hook.sql sha256:a175552ecf77c467454043026ebe84d253aacf9173d83b1fe8b2e0b10b339dd6
create or replace function public.custom_access_token_hook(event jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_user_id uuid := (event ->> 'user_id')::uuid;
    v_claims jsonb := event -> 'claims';
    v_app jsonb := coalesce(nullif(v_claims -> 'app_metadata', 'null'), '{}');
    v_tenant_id uuid := private.select_tenant_id(v_user_id, null);
begin
    v_app := (v_app - '{registration,robot_id,api_key_id,tenant_id}'::text[])
        || jsonb_build_object(
            'principal', 'user',
            'roles', to_jsonb(private.list_member_roles(v_tenant_id, v_user_id)),
            'permissions', to_jsonb(private.list_member_permissions(v_tenant_id, v_user_id))
        );
    if v_tenant_id is not null then
        v_app := v_app || jsonb_build_object('tenant_id', v_tenant_id);
    end if;
    return jsonb_build_object('claims', jsonb_set(v_claims, '{app_metadata}', v_app));
end
$$;
comment on function public.custom_access_token_hook(jsonb) is
    'Called by Supabase Auth for every token: names the tenant, roles and permissions in app_metadata. The database checks them again.';
revoke all on function public.custom_access_token_hook(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.custom_access_token_hook(jsonb) to supabase_auth_admin;

-- from sql/10_tenancy/functions/delete_role.sql sha256:76cd53ca54fdd6247c74f3b8ae620e3a8a7c511677ace38b522eb94725e27744
create or replace function public.delete_role(p_role_id uuid)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_caller private.caller := private.authorize('members.write');
    v_role public.roles := private.get_assignable_role(v_caller, p_role_id);
begin
    if v_role.tenant_id is null then
        perform private.raise_error(409, 'ROLE_BUILT_IN', 'A built-in role cannot be deleted.');
    end if;
    delete from public.roles as r where r.role_id = p_role_id;
end
$$;
comment on function public.delete_role(uuid) is 'Deletes a role of the tenant and takes it from its members.';
revoke all on function public.delete_role(uuid) from public, anon, authenticated, service_role;
grant execute on function public.delete_role(uuid) to authenticated;

-- from sql/10_tenancy/functions/email_for_login.sql sha256:e4ff3d56209f289150fc5ec35c688bb93fce70c900b6cecaad2969fbea57fed8
create or replace function private.email_for_login(p_login text)
returns text
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_login text := lower(btrim(p_login));
    v_email text;
begin
    -- An address goes before a name, so that nobody takes over another's by naming themselves like it.
    select u.email into v_email from auth.users as u where u.email = v_login and not u.is_sso_user;
    if v_email is null then
        select u.email
        into v_email
        from public.profiles as p
        join auth.users as u on u.id = p.user_id
        where lower(p.username) = v_login;
    end if;
    return v_email;
end
$$;
comment on function private.email_for_login(text) is
    'The address to sign in with for a user name or an address, in any letter case; null when nobody has it.';
revoke all on function private.email_for_login(text) from public, anon, authenticated, service_role;
grant execute on function private.email_for_login(text) to casare_functions;

-- from sql/10_tenancy/functions/ensure_builtin_roles.sql sha256:121f1c3f1e605697de25ec51e200f3c733d8a72274e5a2ae29eff8fa1a9980e9
create or replace function private.ensure_builtin_roles()
returns void
language plpgsql
set search_path = ''
as $$
begin
    insert into public.permissions (code, description)
    values
        ('workflows.read', 'See workflows and their versions'),
        ('workflows.write', 'Create and change workflows'),
        ('workflows.delete', 'Delete workflows'),
        ('workflows.execute', 'Run workflows'),
        ('workflows.publish', 'Publish workflow versions'),
        ('jobs.read', 'See jobs, their progress and results'),
        ('jobs.create', 'Enqueue jobs'),
        ('jobs.cancel', 'Cancel jobs'),
        ('jobs.retry', 'Retry jobs that ended badly'),
        ('jobs.claim', 'Claim jobs (robots)'),
        ('jobs.report', 'Report on claimed jobs (robots)'),
        ('robots.read', 'See robots'),
        ('robots.write', 'Register, change and delete robots'),
        ('robots.control', 'Pause, resume and stop robots'),
        ('robots.heartbeat', 'Say that a robot is alive (robots)'),
        ('schedules.read', 'See schedules'),
        ('schedules.write', 'Create, change and delete schedules'),
        ('triggers.read', 'See triggers'),
        ('triggers.write', 'Create, change and delete triggers'),
        ('events.read', 'Read the stream of events'),
        ('analytics.read', 'See figures and reports'),
        ('logs.read', 'Read what jobs logged'),
        ('api_keys.read', 'See API keys, never the keys themselves'),
        ('api_keys.write', 'Create, rotate and revoke API keys'),
        ('members.read', 'See members, roles and invitations'),
        ('members.write', 'Invite and remove members, give and take roles'),
        ('settings.read', 'See the settings of the tenant'),
        ('settings.write', 'Change the settings of the tenant'),
        ('audit.read', 'Read who changed what')
    on conflict (code) do update set description = excluded.description;

    -- Fixed ids: the same in every installation.
    insert into public.roles (role_id, tenant_id, name, slug, description)
    values
        ('00000000-0000-7000-8000-000000000001', null, 'Admin', 'admin', 'May do everything in the tenant'),
        ('00000000-0000-7000-8000-000000000002', null, 'Developer', 'developer', 'Builds workflows and runs them'),
        ('00000000-0000-7000-8000-000000000003', null, 'Operator', 'operator', 'Runs workflows and looks after robots'),
        ('00000000-0000-7000-8000-000000000004', null, 'Viewer', 'viewer', 'Looks and changes nothing'),
        ('00000000-0000-7000-8000-000000000005', null, 'Robot', 'robot', 'What a robot key may do; never given to a member')
    on conflict (role_id) do update
    set name = excluded.name, slug = excluded.slug, description = excluded.description;

    insert into public.role_permissions (role_id, permission)
    select r.role_id, p.permission
    from (
        values
            ('admin', '{*}'::text[]),
            (
                'developer',
                '{workflows.*,jobs.read,jobs.create,jobs.cancel,jobs.retry,schedules.*,triggers.*,robots.read,events.read,analytics.read,logs.read}'
            ),
            (
                'operator',
                '{workflows.read,workflows.execute,jobs.read,jobs.create,jobs.cancel,jobs.retry,robots.read,robots.control,schedules.read,events.read,analytics.read,logs.read}'
            ),
            ('viewer', '{workflows.read,jobs.read,robots.read,schedules.read,events.read,analytics.read,logs.read}'),
            ('robot', '{jobs.claim,jobs.report,robots.heartbeat}')
    ) as builtin (slug, permissions)
    join public.roles as r on r.slug = builtin.slug and r.tenant_id is null
    cross join lateral unnest(builtin.permissions) as p (permission)
    on conflict (role_id, permission) do nothing;
end
$$;
comment on function private.ensure_builtin_roles() is
    'Writes the permissions and built-in roles that every tenant shares. Can be run again.';
revoke all on function private.ensure_builtin_roles() from public, anon, authenticated, service_role;

select private.ensure_builtin_roles();

-- from sql/10_tenancy/functions/enter_with_key.sql sha256:f6eff336e97e70bb14c93dd8ce7b4f2d01c3dfc271f24e07e8ebcdc6cb58c2aa
create or replace function private.enter_with_key(p_key_hash bytea)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_key public.api_keys;
    v_now timestamptz := private.clock();
begin
    select k.*
    into v_key
    from public.api_keys as k
    join public.tenants as t on t.tenant_id = k.tenant_id
    left join public.robots as r on r.robot_id = k.robot_id and r.tenant_id = k.tenant_id
    where k.key_hash = p_key_hash
        and k.revoked_at is null
        and (k.expires_at is null or k.expires_at > v_now)
        and t.deleted_at is null
        and (k.robot_id is null or (r.robot_id is not null and r.deleted_at is null));
    if not found then
        -- Unknown, revoked, expired, of a deleted robot or tenant: one answer.
        perform private.raise_error(401, 'AUTHENTICATION_FAILED', 'The key is not valid.');
    end if;

    -- At most once a minute, and never waiting for a request that is doing it.
    if (v_key.last_used_at is null or v_key.last_used_at <= v_now - interval '1 minute')
        and current_setting('transaction_read_only') = 'off'
    then
        update public.api_keys as k
        set last_used_at = v_now
        where k.api_key_id = (
            select u.api_key_id
            from public.api_keys as u
            where u.api_key_id = v_key.api_key_id
            for no key update skip locked
        );
    end if;

    perform set_config(
        'request.jwt.claims',
        jsonb_build_object(
            'sub', coalesce(v_key.robot_id, v_key.api_key_id),
            'role', 'authenticated',
            'app_metadata', jsonb_build_object(
                'tenant_id', v_key.tenant_id,
                'principal', v_key.kind,
                'robot_id', v_key.robot_id,
                'api_key_id', v_key.api_key_id
            )
        )::text,
        true
    );
end
$$;
comment on function private.enter_with_key(bytea) is
    'Makes the rest of the transaction the request of the key''s robot or program; raises 401 AUTHENTICATION_FAILED for a key that is not live.';
revoke all on function private.enter_with_key(bytea) from public, anon, authenticated, service_role;
grant execute on function private.enter_with_key(bytea) to casare_functions;

-- from sql/10_tenancy/functions/finish_idempotent_request.sql sha256:acdad6f2bbfbdf81fcb02d7e0b36870f33d0fc80aafedcf78db9ae851509e83f
create or replace function private.finish_idempotent_request(p_key text, p_status integer, p_response jsonb)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_caller private.caller := private.caller();
begin
    update private.idempotency_keys as i
    set status_code = p_status, response = p_response
    where i.tenant_id = v_caller.tenant_id
        and i.actor_id = coalesce(v_caller.user_id, v_caller.robot_id, v_caller.api_key_id)
        and i.key = p_key
        and i.status_code is null;
end
$$;
comment on function private.finish_idempotent_request(text, integer, jsonb) is
    'Keeps the answer to the request that reserved the key; in the transaction of the work, so that there is neither without the other.';
revoke all on function private.finish_idempotent_request(text, integer, jsonb) from public, anon, authenticated, service_role;
grant execute on function private.finish_idempotent_request(text, integer, jsonb) to authenticated;

-- from sql/10_tenancy/functions/get_assignable_role.sql sha256:4e0c2060ab660541cef18059da9d6d66762e5a06d4200c607b5beceac2e72e9d
create or replace function private.get_assignable_role(p_caller private.caller, p_role_id uuid)
returns public.roles
language plpgsql
stable
set search_path = ''
as $$
declare
    v_role public.roles;
begin
    select r.*
    into v_role
    from public.roles as r
    where r.role_id = p_role_id and (r.tenant_id = p_caller.tenant_id or (r.tenant_id is null and r.slug <> 'robot'));
    if not found then
        perform private.raise_error(404, 'ROLE_NOT_FOUND', 'There is no such role.');
    end if;
    if not private.has_permissions(
        p_caller.permissions, array(select rp.permission from public.role_permissions as rp where rp.role_id = p_role_id)
    ) then
        perform private.raise_error(403, 'FORBIDDEN', 'This role may do more than you may.');
    end if;
    return v_role;
end
$$;
comment on function private.get_assignable_role(private.caller, uuid) is
    'A role of the caller''s tenant, or a built-in one for people, that allows no more than the caller may; raises 404 or 403 otherwise.';
revoke all on function private.get_assignable_role(private.caller, uuid) from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/get_dev_mode_claims.sql sha256:c3cb42899c6ce8df18702f40303cc1b3dc700f631ddabc2b007ada176d990c45
create or replace function private.get_dev_mode_claims()
returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
    select jsonb_build_object(
        'sub', m.user_id,
        'role', 'authenticated',
        'app_metadata', jsonb_build_object('principal', 'user', 'tenant_id', m.tenant_id)
    )
    from public.member_roles as m
    join public.roles as r on r.role_id = m.role_id and r.tenant_id is null and r.slug = 'admin'
    join public.tenants as t on t.tenant_id = m.tenant_id and t.deleted_at is null
    order by t.created_at, t.tenant_id, m.created_at, m.user_id
    limit 1
$$;
comment on function private.get_dev_mode_claims() is
    'The claims that JWT_DEV_MODE gives a request without credentials: the first admin of the oldest tenant. The functions ask on the local stack only; it tells them nothing that their login may not set by itself.';
revoke all on function private.get_dev_mode_claims() from public, anon, authenticated, service_role;
grant execute on function private.get_dev_mode_claims() to casare_functions;

-- from sql/10_tenancy/functions/get_manageable_member.sql sha256:f22d09bda42ff7b93a633770b9e15c449031c3aa2b18a9c4817b3cd1c6ea3b0b
create or replace function private.get_manageable_member(p_caller private.caller, p_user_id uuid)
returns public.memberships
language plpgsql
set search_path = ''
as $$
declare
    v_member public.memberships;
begin
    -- The lock of the tenant comes first, everywhere: see private.check_admin_remains().
    perform from public.tenants as t where t.tenant_id = p_caller.tenant_id for no key update;
    select m.*
    into v_member
    from public.memberships as m
    where m.tenant_id = p_caller.tenant_id and m.user_id = p_user_id;
    if not found then
        perform private.raise_error(404, 'MEMBER_NOT_FOUND', 'There is no such member.');
    end if;
    if not private.has_permissions(p_caller.permissions, private.list_member_permissions(v_member.tenant_id, p_user_id)) then
        perform private.raise_error(403, 'FORBIDDEN', 'This member may do more than you may.');
    end if;
    return v_member;
end
$$;
comment on function private.get_manageable_member(private.caller, uuid) is
    'A member of the caller''s tenant who may do no more than the caller; locks the tenant against other changes of members.';
revoke all on function private.get_manageable_member(private.caller, uuid) from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/has_permission.sql sha256:71aef9292c949b9e8bf809a6fea13ffef4a1e7cabb94537c950fb79e6a06ed9d
-- Without a SET clause, so that it is inlined. It is no security definer and runs inside functions whose search path is set.
create or replace function private.has_permission(p_granted text[], p_permission text)
returns boolean
language sql
immutable
parallel safe
as $$
    select coalesce(
        p_granted operator(pg_catalog.&&) array[
            p_permission,
            '*',
            pg_catalog.split_part(p_permission, '.', 1) operator(pg_catalog.||) '.*',
            '*.' operator(pg_catalog.||) pg_catalog.split_part(p_permission, '.', 2)
        ],
        false
    )
$$;
comment on function private.has_permission(text[], text) is
    'Whether a set of granted codes (exact, resource.*, *.action or *) holds a permission.';
revoke all on function private.has_permission(text[], text) from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/has_permissions.sql sha256:30a0f032d38e8e93988de309c76656c734fccdd91e22afe13c371348370d805a
create or replace function private.has_permissions(p_granted text[], p_permissions text[])
returns boolean
language plpgsql
immutable
set search_path = ''
as $$
begin
    return not exists (
        select from unnest(p_permissions) as p (permission) where not private.has_permission(p_granted, p.permission)
    );
end
$$;
comment on function private.has_permissions(text[], text[]) is
    'Whether a set of granted codes holds every one of another set, wildcards included: nobody gives what they have not got.';
revoke all on function private.has_permissions(text[], text[]) from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/insert_api_key.sql sha256:bfb5c62ebf7fee1cf0dbc16f0560f1dbdffb2f1a75211687e0ca92a932bec1ca
create or replace function private.insert_api_key(
    p_caller private.caller,
    p_kind public.api_key_kind,
    p_name text,
    p_key_hash bytea,
    p_prefix text,
    p_robot_id uuid,
    p_scopes text[],
    p_expires_at timestamptz
)
returns public.api_key_summary
language plpgsql
set search_path = ''
as $$
declare
    v_api_key_id uuid;
begin
    if not private.has_permissions(
        p_caller.permissions, case p_kind when 'robot' then '{jobs.claim,jobs.report,robots.heartbeat}' else p_scopes end
    ) then
        perform private.raise_error(403, 'FORBIDDEN', 'A key cannot be allowed more than you are.');
    end if;
    if coalesce(length(btrim(p_name)), 0) not between 1 and 128 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'name must have 1 to 128 characters.');
    end if;
    if p_key_hash is null or octet_length(p_key_hash) <> 32 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'key_hash must be a SHA-256.');
    end if;
    if coalesce(length(p_prefix), 0) not between 1 and 16 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'prefix must have 1 to 16 characters.');
    end if;
    insert into public.api_keys (tenant_id, kind, name, prefix, key_hash, robot_id, scopes, created_by, expires_at)
    values (
        p_caller.tenant_id,
        p_kind,
        btrim(p_name),
        p_prefix,
        p_key_hash,
        p_robot_id,
        p_scopes,
        coalesce(p_caller.user_id, p_caller.api_key_id),
        p_expires_at
    )
    on conflict (key_hash) do nothing
    returning api_key_id into v_api_key_id;
    if v_api_key_id is null then
        perform private.raise_error(409, 'API_KEY_EXISTS', 'Make another key.');
    end if;
    return private.summarize_api_key(v_api_key_id);
end
$$;
comment on function private.insert_api_key(private.caller, public.api_key_kind, text, bytea, text, uuid, text[], timestamptz) is
    'Writes the row of a new key that may do no more than its maker.';
revoke all on function private.insert_api_key(private.caller, public.api_key_kind, text, bytea, text, uuid, text[], timestamptz)
    from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/invite_member.sql sha256:b1293765f0d1e578f6acdb3cb50551fec9fa9e7affeb5ccc06e08990f57c527b
create or replace function public.invite_member(
    p_email text,
    p_role_id uuid,
    p_token_hash bytea,
    p_expires_at timestamptz default null
)
returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_caller private.caller := private.authorize('members.write');
    v_email text := lower(btrim(p_email));
    v_now timestamptz := private.clock();
    v_invitation_id uuid;
begin
    if v_email is null or length(v_email) > 254 or v_email !~ '^[^@[:space:]]+@[^@[:space:]]+$' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'email must be an e-mail address.');
    end if;
    if p_token_hash is null or octet_length(p_token_hash) <> 32 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'token_hash must be a SHA-256.');
    end if;
    if p_expires_at <= v_now or p_expires_at > v_now + interval '90 days' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'expires_at must lie in the next 90 days.');
    end if;
    perform private.get_assignable_role(v_caller, p_role_id);
    insert into public.invitations (tenant_id, email, role_id, token_hash, invited_by, expires_at)
    values (
        v_caller.tenant_id,
        v_email,
        p_role_id,
        p_token_hash,
        coalesce(v_caller.user_id, v_caller.api_key_id),
        coalesce(p_expires_at, v_now + interval '7 days')
    )
    returning invitation_id into v_invitation_id;
    return v_invitation_id;
end
$$;
comment on function public.invite_member(text, uuid, bytea, timestamptz) is
    'Offers membership with a role to an e-mail address, for seven days unless told otherwise; the token itself is known to its sender only.';
revoke all on function public.invite_member(text, uuid, bytea, timestamptz) from public, anon, authenticated, service_role;
grant execute on function public.invite_member(text, uuid, bytea, timestamptz) to authenticated;

-- from sql/10_tenancy/functions/list_actor_permissions.sql sha256:1ecf4ac857d1f76fcbae609960cd3832967810ea1e8c9c602fd1bcb64d3aebad
create or replace function private.list_actor_permissions(p_tenant_id uuid, p_actor_id uuid)
returns text[]
language plpgsql
stable
set search_path = ''
as $$
begin
    return coalesce(
        (
            select k.scopes
            from public.api_keys as k
            where k.api_key_id = p_actor_id
                and k.tenant_id = p_tenant_id
                and k.kind = 'service'
                and k.revoked_at is null
                and (k.expires_at is null or k.expires_at > private.clock())
        ),
        private.list_member_permissions(p_tenant_id, p_actor_id)
    );
end
$$;
comment on function private.list_actor_permissions(uuid, uuid) is
    'What a member or a live service key may do now, found by the id that was written down when it acted.';
revoke all on function private.list_actor_permissions(uuid, uuid) from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/list_member_permissions.sql sha256:b3cf29c54f3ca4735ee40440e2990195711af0d3dca61bdd5590a8b9cb95b38b
create or replace function private.list_member_permissions(p_tenant_id uuid, p_user_id uuid)
returns text[]
language plpgsql
stable
set search_path = ''
as $$
begin
    return array(
        select distinct rp.permission
        from public.member_roles as mr
        join public.roles as r on r.role_id = mr.role_id and (r.tenant_id is null or r.tenant_id = mr.tenant_id)
        join public.role_permissions as rp on rp.role_id = r.role_id
        where mr.tenant_id = p_tenant_id and mr.user_id = p_user_id
    );
end
$$;
comment on function private.list_member_permissions(uuid, uuid) is
    'What the roles of a member allow, as codes and wildcards; empty for somebody without roles.';
revoke all on function private.list_member_permissions(uuid, uuid) from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/list_member_roles.sql sha256:5abc729fb07e5c133f8fddefbc11d0e2d69b6cb100cdb42b9ad7dd6c38db0cff
create or replace function private.list_member_roles(p_tenant_id uuid, p_user_id uuid)
returns text[]
language plpgsql
stable
set search_path = ''
as $$
begin
    return array(
        select r.slug
        from public.member_roles as mr
        join public.roles as r on r.role_id = mr.role_id and (r.tenant_id is null or r.tenant_id = mr.tenant_id)
        where mr.tenant_id = p_tenant_id and mr.user_id = p_user_id
        order by r.slug
    );
end
$$;
comment on function private.list_member_roles(uuid, uuid) is 'The roles of a member, by their short names.';
revoke all on function private.list_member_roles(uuid, uuid) from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/login_hash.sql sha256:b0ff0d68192725203aebfbdf60ffa36cb71e59b11478a30cafa544f269e2276e
create or replace function private.login_hash(p_login text)
returns bytea
language plpgsql
stable
set search_path = ''
as $$
begin
    return sha256(convert_to(lower(coalesce(private.email_for_login(p_login), btrim(p_login), '')), 'UTF8'));
end
$$;
comment on function private.login_hash(text) is
    'One value for all the ways to write a login: letter case, spaces, user name or address.';
revoke all on function private.login_hash(text) from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/login_network.sql sha256:0aa1c14802c8c1daad959060d35f892242465b24747d584a640f443645776469
create or replace function private.login_network(p_ip inet)
returns inet
language plpgsql
immutable
set search_path = ''
as $$
begin
    return case
        when p_ip is null then inet '0.0.0.0'
        when family(p_ip) = 4 then set_masklen(p_ip, 32)
        when p_ip <<= inet '::ffff:0:0/96' then inet '0.0.0.0' + (set_masklen(p_ip, 128) - inet '::ffff:0:0')
        else network(set_masklen(p_ip, 64))::inet
    end;
end
$$;
comment on function private.login_network(inet) is
    'What counts as one address: an IPv4 address, however written, or the /64 that an IPv6 customer gets to choose addresses from.';
revoke all on function private.login_network(inet) from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/member_tenant_id.sql sha256:239ee8f9c0a22b6e01afda22bb90e7973b5c7581cf155b5e7f228e81858eec6d
create or replace function private.member_tenant_id()
returns uuid
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_caller private.caller := private.caller();
begin
    return case when v_caller.principal in ('user', 'service') then v_caller.tenant_id end;
end
$$;
comment on function private.member_tenant_id() is
    'The tenant of a caller who is a member or a program of it, whatever they may do there; null for robots and strangers.';
revoke all on function private.member_tenant_id() from public, anon, authenticated, service_role;
grant execute on function private.member_tenant_id() to authenticated;

-- from sql/10_tenancy/functions/permitted_tenant_id.sql sha256:97023256ba7651bcac092c5f8024404ad9da3acd12defb7b44d8e02690091e5c
-- A caller acts in one tenant at a time, so a scalar says it all; and `tenant_id = (select …)` becomes one parameter that
-- an index on (tenant_id, …) serves in its order, which `in (select …)` inside a policy never does (a hashed subplan filters).
create or replace function private.permitted_tenant_id(p_permission text)
returns uuid
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_caller private.caller := private.caller();
begin
    return case when private.has_permission(v_caller.permissions, p_permission) then v_caller.tenant_id end;
end
$$;
comment on function private.permitted_tenant_id(text) is
    'The caller''s tenant if the caller has the permission in it now, else null. Policies say tenant_id = (select private.permitted_tenant_id(…)): once per statement, and indexes can be used.';
revoke all on function private.permitted_tenant_id(text) from public, anon, authenticated, service_role;
grant execute on function private.permitted_tenant_id(text) to authenticated;

-- from sql/10_tenancy/functions/permitted_tenant_ids.sql sha256:39971a5bee2aa66be564daa7608342211032148dea6aa0a9f18fef62d65681ee
create or replace function private.permitted_tenant_ids(p_permission text)
returns setof uuid
language plpgsql
stable
security definer
rows 1
set search_path = ''
as $$
declare
    v_caller private.caller := private.caller();
begin
    if private.has_permission(v_caller.permissions, p_permission) then
        return next v_caller.tenant_id;
    end if;
end
$$;
comment on function private.permitted_tenant_ids(text) is
    'The tenants in which the caller has a permission now: one or none. Policies say tenant_id = any (array(select …)), which is evaluated once per statement and can use an index.';
revoke all on function private.permitted_tenant_ids(text) from public, anon, authenticated, service_role;
grant execute on function private.permitted_tenant_ids(text) to authenticated;

-- from sql/10_tenancy/functions/purge_idempotency_keys.sql sha256:7293feda26c1dfdfa29e21c0a827d205c4b28bc350a4a8fd16562443147e5608
create or replace function private.purge_idempotency_keys()
returns integer
language plpgsql
set search_path = ''
as $$
declare
    v_count integer;
begin
    delete from private.idempotency_keys as i where i.created_at <= private.clock() - interval '24 hours';
    get diagnostics v_count = row_count;
    return v_count;
end
$$;
comment on function private.purge_idempotency_keys() is 'Forgets stored answers after 24 hours; returns how many.';
revoke all on function private.purge_idempotency_keys() from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/purge_login_attempts.sql sha256:78015fc08e869d525fea3d75c4de16ab724e5cc919134a874ba86e1d328d00ca
create or replace function private.purge_login_attempts()
returns integer
language plpgsql
set search_path = ''
as $$
declare
    v_count integer;
begin
    delete from private.login_attempts as a
    where a.window_started_at <= private.clock() - interval '1 hour'
        and (a.locked_until is null or a.locked_until <= private.clock());
    get diagnostics v_count = row_count;
    return v_count;
end
$$;
comment on function private.purge_login_attempts() is 'Forgets failed logins that count no more; returns how many.';
revoke all on function private.purge_login_attempts() from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/record_login.sql sha256:2f00cf2a797304e9f7aa9ec119a74d04f8076a4cf7774bb0d6159b109eac6710
create or replace function private.record_login(p_login text, p_ip inet, p_succeeded boolean)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_hash bytea := private.login_hash(p_login);
    v_network inet := private.login_network(p_ip);
begin
    if p_succeeded then
        delete from private.login_attempts as a where a.login_hash = v_hash and a.ip = v_network;
    elsif p_succeeded is null then
        update private.login_attempts as a
        set failures = greatest(a.failures - 1, 0)
        where a.login_hash = v_hash and a.ip = v_network and a.locked_until is null;
    else
        update private.login_attempts as a
        set locked_until = private.clock() + interval '15 minutes'
        where a.login_hash = v_hash and a.ip = v_network and a.failures >= 5 and a.locked_until is null;
    end if;
end
$$;
comment on function private.record_login(text, inet, boolean) is
    'How the attempt that check_login counted went: true forgets the failures, false keeps it and locks for fifteen minutes at the fifth, null (Auth gave no answer) gives it back.';
revoke all on function private.record_login(text, inet, boolean) from public, anon, authenticated, service_role;
grant execute on function private.record_login(text, inet, boolean) to casare_functions;

-- from sql/10_tenancy/functions/register_user.sql sha256:b822ba81ab5315048164a7c28bc7cb7b9c39e0b00b6504a61d545e9612803dfc
create or replace function private.register_user()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_form jsonb := new.raw_app_meta_data -> 'registration';
    v_username text;
    v_tenant_id uuid;
begin
    perform private.create_profile(new.id, new.email);
    if jsonb_typeof(v_form) is distinct from 'object'
        or (tg_op = 'UPDATE' and old.raw_app_meta_data -> 'registration' is not null)
    then
        return null;
    end if;

    v_username := btrim(v_form ->> 'username');
    if v_username is not null then
        if v_username !~ '^[A-Za-z0-9._@+-]{1,128}$' then
            perform private.raise_error(
                400, 'INVALID_ARGUMENT', 'username must have 1 to 128 letters, digits or . _ @ + - characters.'
            );
        end if;
        -- A name that looks like an address must be one's own: it is a login.
        if position('@' in v_username) > 0 and lower(v_username) is distinct from lower(new.email) then
            perform private.raise_error(400, 'INVALID_ARGUMENT', 'username may be an e-mail address only if it is the user''s.');
        end if;
        if exists (select from public.profiles as p where lower(p.username) = lower(v_username) and p.user_id <> new.id) then
            perform private.raise_error(409, 'USERNAME_TAKEN', 'This user name is taken.');
        end if;
    end if;

    v_tenant_id := private.create_tenant(v_form ->> 'tenant_name', new.id);
    update public.profiles as p
    set username = coalesce(v_username, p.username),
        first_name = left(coalesce(v_form ->> 'first_name', ''), 255),
        last_name = left(coalesce(v_form ->> 'last_name', ''), 255),
        active_tenant_id = v_tenant_id
    where p.user_id = new.id;
    return null;
end
$$;
comment on function private.register_user() is
    'Gives every new user a profile, and one whom the admin API created with a registration also a tenant to be admin of: user, tenant and membership or nothing.';
revoke all on function private.register_user() from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/remove_member.sql sha256:2b62174044b25b3c118e70a12bfcb783996982574621ca630092fd734040dcbd
create or replace function public.remove_member(p_user_id uuid)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_caller private.caller := private.caller();
begin
    -- Members may leave by themselves.
    if v_caller.user_id is distinct from p_user_id then
        v_caller := private.authorize('members.write');
    end if;
    perform private.get_manageable_member(v_caller, p_user_id);
    delete from public.memberships as m where m.tenant_id = v_caller.tenant_id and m.user_id = p_user_id;
    perform private.check_admin_remains(v_caller.tenant_id);
    update public.profiles as p
    set active_tenant_id = null
    where p.user_id = p_user_id and p.active_tenant_id = v_caller.tenant_id;
    return jsonb_build_object(
        'user_id', p_user_id,
        'live_api_keys', array(
            select k.api_key_id
            from public.api_keys as k
            where k.tenant_id = v_caller.tenant_id and k.created_by = p_user_id and k.revoked_at is null
            order by k.api_key_id
        )
    );
end
$$;
comment on function public.remove_member(uuid) is
    'Takes a member''s access away at once and names the API keys that the member made, which go on working until revoked; never the last admin.';
revoke all on function public.remove_member(uuid) from public, anon, authenticated, service_role;
grant execute on function public.remove_member(uuid) to authenticated;

-- from sql/10_tenancy/functions/revoke_api_key.sql sha256:ff80faf2a58569faf9115584652c92ce392a21929723369d81a67277c6447e20
create or replace function public.revoke_api_key(p_api_key_id uuid)
returns public.api_key_summary
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_caller private.caller := private.authorize('api_keys.write');
begin
    update public.api_keys as k
    set revoked_at = coalesce(k.revoked_at, private.clock())
    where k.api_key_id = p_api_key_id and k.tenant_id = v_caller.tenant_id;
    if not found then
        perform private.raise_error(404, 'API_KEY_NOT_FOUND', 'There is no such key.');
    end if;
    return private.summarize_api_key(p_api_key_id);
end
$$;
comment on function public.revoke_api_key(uuid) is
    'Ends a key at once, and every token that was made with it. Revoking again changes nothing.';
revoke all on function public.revoke_api_key(uuid) from public, anon, authenticated, service_role;
grant execute on function public.revoke_api_key(uuid) to authenticated;

-- from sql/10_tenancy/functions/revoke_invitation.sql sha256:190f0c38dde4f6378b8a3619a314f5ef0f97df9fc6a59c417d617b9dbcb2ebdc
create or replace function public.revoke_invitation(p_invitation_id uuid)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_caller private.caller := private.authorize('members.write');
begin
    update public.invitations as i
    set revoked_at = coalesce(i.revoked_at, private.clock())
    where i.invitation_id = p_invitation_id and i.tenant_id = v_caller.tenant_id and i.accepted_at is null;
    if not found then
        perform private.raise_error(404, 'INVITATION_NOT_FOUND', 'There is no such open invitation.');
    end if;
end
$$;
comment on function public.revoke_invitation(uuid) is 'Takes an invitation back that nobody has accepted yet.';
revoke all on function public.revoke_invitation(uuid) from public, anon, authenticated, service_role;
grant execute on function public.revoke_invitation(uuid) to authenticated;

-- from sql/10_tenancy/functions/rotate_api_key.sql sha256:2c5a0188f0cc7c2780d7ca466d7eb8252cc38c75518da8cb5344973a15581189
create or replace function public.rotate_api_key(
    p_api_key_id uuid,
    p_key_hash bytea,
    p_prefix text,
    p_overlap_seconds integer default 0
)
returns public.api_key_summary
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_caller private.caller := private.authorize('api_keys.write');
    v_now timestamptz := private.clock();
    v_old public.api_keys;
    v_new public.api_key_summary;
begin
    if p_overlap_seconds is null or p_overlap_seconds not between 0 and 604800 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'overlap_seconds must lie between 0 and 604800.');
    end if;
    select k.*
    into v_old
    from public.api_keys as k
    where k.api_key_id = p_api_key_id and k.tenant_id = v_caller.tenant_id
    for update;
    if not found then
        perform private.raise_error(404, 'API_KEY_NOT_FOUND', 'There is no such key.');
    end if;
    if v_old.revoked_at is not null or v_old.expires_at <= v_now then
        perform private.raise_error(409, 'API_KEY_NOT_LIVE', 'Only a live key can be rotated.');
    end if;
    v_new := private.insert_api_key(
        v_caller,
        v_old.kind,
        v_old.name,
        p_key_hash,
        p_prefix,
        v_old.robot_id,
        v_old.scopes,
        v_now + (v_old.expires_at - v_old.created_at)
    );
    update public.api_keys as k
    set revoked_at = case when p_overlap_seconds = 0 then v_now end,
        expires_at = case
            when p_overlap_seconds = 0 then k.expires_at
            else least(k.expires_at, v_now + make_interval(secs => p_overlap_seconds))
        end
    where k.api_key_id = p_api_key_id;
    return v_new;
end
$$;
comment on function public.rotate_api_key(uuid, bytea, text, integer) is
    'A new key with the name, robot, scopes and life span of a live one, which goes on working for the overlap and then ends.';
revoke all on function public.rotate_api_key(uuid, bytea, text, integer) from public, anon, authenticated, service_role;
grant execute on function public.rotate_api_key(uuid, bytea, text, integer) to authenticated;

-- from sql/10_tenancy/functions/select_tenant_id.sql sha256:49d9be626adce3da9d3effa035b98c119c0274c3c9bd83888e893c9c06d519e1
create or replace function private.select_tenant_id(p_user_id uuid, p_claimed_tenant_id uuid)
returns uuid
language plpgsql
stable
set search_path = ''
as $$
declare
    v_tenant_id uuid;
begin
    if p_claimed_tenant_id is not null then
        select m.tenant_id
        into v_tenant_id
        from public.memberships as m
        join public.tenants as t on t.tenant_id = m.tenant_id
        where m.tenant_id = p_claimed_tenant_id and m.user_id = p_user_id and t.deleted_at is null;
    else
        select m.tenant_id
        into v_tenant_id
        from public.memberships as m
        join public.tenants as t on t.tenant_id = m.tenant_id
        left join public.profiles as p on p.user_id = m.user_id and p.active_tenant_id = m.tenant_id
        where m.user_id = p_user_id and t.deleted_at is null
        order by (p.user_id is null), m.created_at, m.tenant_id
        limit 1;
    end if;
    return v_tenant_id;
end
$$;
comment on function private.select_tenant_id(uuid, uuid) is
    'The tenant that a user acts in: the claimed one or none; without a claim the active one of the profile, else the oldest membership.';
revoke all on function private.select_tenant_id(uuid, uuid) from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/set_active_tenant.sql sha256:b7187deccf0d475780069b36adac6e9280c3599db51ef9bc4aa266891552dd64
create or replace function public.set_active_tenant(p_tenant_id uuid)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_user_id uuid := private.authenticate_user(nullif(current_setting('request.jwt.claims', true), '')::jsonb);
begin
    if v_user_id is null then
        perform private.raise_error(401, 'AUTHENTICATION_FAILED', 'Sign in to choose a tenant.');
    end if;
    if p_tenant_id is null or private.select_tenant_id(v_user_id, p_tenant_id) is null then
        perform private.raise_error(404, 'TENANT_NOT_FOUND', 'You are not a member of such a tenant.');
    end if;
    update public.profiles as p set active_tenant_id = p_tenant_id where p.user_id = v_user_id;
end
$$;
comment on function public.set_active_tenant(uuid) is 'Chooses the tenant that the user''s next token is for.';
revoke all on function public.set_active_tenant(uuid) from public, anon, authenticated, service_role;
grant execute on function public.set_active_tenant(uuid) to authenticated;

-- from sql/10_tenancy/functions/set_role_permissions.sql sha256:d723c1bd571eaaa0ab9c04f20f427c1669bba1cdaa0da365c6862f6acda20f57
create or replace function private.set_role_permissions(p_caller private.caller, p_role_id uuid, p_permissions text[])
returns void
language plpgsql
set search_path = ''
as $$
begin
    perform private.check_permissions_exist('permissions', p_permissions);
    if not private.has_permissions(p_caller.permissions, p_permissions) then
        perform private.raise_error(403, 'FORBIDDEN', 'You cannot give permissions that you have not got.');
    end if;
    delete from public.role_permissions as rp
    where rp.role_id = p_role_id and rp.permission <> all (coalesce(p_permissions, '{}'));
    insert into public.role_permissions (role_id, permission)
    select p_role_id, p.permission
    from unnest(p_permissions) as p (permission)
    on conflict do nothing;
end
$$;
comment on function private.set_role_permissions(private.caller, uuid, text[]) is
    'Makes these the permissions of a role; raises 400 for one that does not exist and 403 for one that the caller has not got.';
revoke all on function private.set_role_permissions(private.caller, uuid, text[]) from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/summarize_api_key.sql sha256:e516d50ef1e85a326a6267f28bfa980143b371c5bbd9534823b18d129ea39bf2
create or replace function private.summarize_api_key(p_api_key_id uuid)
returns public.api_key_summary
language plpgsql
stable
set search_path = ''
as $$
declare
    v_summary public.api_key_summary;
begin
    select
        k.api_key_id,
        k.tenant_id,
        k.kind,
        k.name,
        k.prefix,
        k.robot_id,
        k.scopes,
        k.created_by,
        k.created_at,
        k.expires_at,
        k.last_used_at,
        k.revoked_at
    into v_summary
    from public.api_keys as k
    where k.api_key_id = p_api_key_id;
    return v_summary;
end
$$;
comment on function private.summarize_api_key(uuid) is 'A key without its hash.';
revoke all on function private.summarize_api_key(uuid) from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/unassign_role.sql sha256:b80f37cb2275d93b5e36e3a78079d6dbccc889f57a4a9951833e49f7a836ad0a
create or replace function public.unassign_role(p_user_id uuid, p_role_id uuid)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_caller private.caller := private.authorize('members.write');
begin
    perform private.get_manageable_member(v_caller, p_user_id);
    delete from public.member_roles as mr
    where mr.tenant_id = v_caller.tenant_id and mr.user_id = p_user_id and mr.role_id = p_role_id;
    if not found then
        perform private.raise_error(404, 'ROLE_NOT_FOUND', 'The member has no such role.');
    end if;
    perform private.check_admin_remains(v_caller.tenant_id);
end
$$;
comment on function public.unassign_role(uuid, uuid) is 'Takes a role from a member; never the admin role from the last admin.';
revoke all on function public.unassign_role(uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function public.unassign_role(uuid, uuid) to authenticated;

-- from sql/10_tenancy/functions/update_role.sql sha256:7bc58bf7cd0b8cd3c9f9c1a1491de39fc84893910d6a59b2e1b1f914486e0f80
create or replace function public.update_role(
    p_role_id uuid,
    p_name text default null,
    p_description text default null,
    p_permissions text[] default null
)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_caller private.caller := private.authorize('members.write');
    v_role public.roles := private.get_assignable_role(v_caller, p_role_id);
begin
    if v_role.tenant_id is null then
        perform private.raise_error(409, 'ROLE_BUILT_IN', 'A built-in role cannot be changed.');
    end if;
    if length(btrim(p_name)) not between 1 and 128 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'name must have 1 to 128 characters.');
    end if;
    update public.roles as r
    set name = coalesce(btrim(p_name), r.name), description = coalesce(left(p_description, 1000), r.description)
    where r.role_id = p_role_id;
    if p_permissions is not null then
        perform private.set_role_permissions(v_caller, p_role_id, p_permissions);
    end if;
end
$$;
comment on function public.update_role(uuid, text, text, text[]) is
    'Changes a role of the tenant, before and after within what the caller may; null leaves a part as it is.';
revoke all on function public.update_role(uuid, text, text, text[]) from public, anon, authenticated, service_role;
grant execute on function public.update_role(uuid, text, text, text[]) to authenticated;

-- from sql/10_tenancy/functions/update_tenant.sql sha256:01cc4844120d58c8e516b99b94022794123a72b14c7050e4a94449b880ab0620
create or replace function public.update_tenant(
    p_name text default null,
    p_timezone text default null,
    p_robot_offline_after_seconds integer default null
)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_caller private.caller := private.authorize('settings.write');
begin
    if length(btrim(p_name)) not between 1 and 255 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'name must have 1 to 255 characters.');
    end if;
    if p_timezone is not null and not exists (select from pg_catalog.pg_timezone_names as z where z.name = p_timezone) then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'timezone must be a name of the IANA time zone database.');
    end if;
    if p_robot_offline_after_seconds not between 5 and 86400 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'robot_offline_after_seconds must lie between 5 and 86400.');
    end if;
    update public.tenants as t
    set name = coalesce(btrim(p_name), t.name),
        timezone = coalesce(p_timezone, t.timezone),
        robot_offline_after_seconds = coalesce(p_robot_offline_after_seconds, t.robot_offline_after_seconds),
        updated_at = private.clock()
    where t.tenant_id = v_caller.tenant_id;
end
$$;
comment on function public.update_tenant(text, text, integer) is 'Changes the caller''s tenant; null leaves a part as it is.';
revoke all on function public.update_tenant(text, text, integer) from public, anon, authenticated, service_role;
grant execute on function public.update_tenant(text, text, integer) to authenticated;

-- from sql/10_tenancy/functions/whoami.sql sha256:cf5a3242965694ae46ecb428af857d68d67a3046b5217a8f330f5cbb3280507f
create or replace function public.whoami()
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_caller private.caller := private.caller();
begin
    if v_caller.principal is null then
        perform private.raise_error(401, 'AUTHENTICATION_FAILED', 'Sign in, or send a valid key.');
    end if;
    return (
        select jsonb_build_object(
            'principal', v_caller.principal,
            'tenant_id', t.tenant_id,
            'tenant_name', t.name,
            'user_id', v_caller.user_id,
            'email', u.email,
            'username', p.username,
            'first_name', p.first_name,
            'last_name', p.last_name,
            'robot_id', v_caller.robot_id,
            'api_key_id', v_caller.api_key_id,
            'roles', case v_caller.principal
                when 'user' then to_jsonb(private.list_member_roles(v_caller.tenant_id, v_caller.user_id))
                when 'robot' then '["robot"]'
                else '[]'
            end,
            'permissions', to_jsonb(v_caller.permissions),
            'tenants', (
                select coalesce(jsonb_agg(jsonb_build_object('tenant_id', o.tenant_id, 'slug', o.slug, 'name', o.name) order by o.name), '[]')
                from public.memberships as m
                join public.tenants as o on o.tenant_id = m.tenant_id and o.deleted_at is null
                where m.user_id = v_caller.user_id
            )
        )
        from public.tenants as t
        left join public.profiles as p on p.user_id = v_caller.user_id
        left join auth.users as u on u.id = v_caller.user_id
        where t.tenant_id = v_caller.tenant_id
    );
end
$$;
comment on function public.whoami() is
    'The verified caller: principal, tenant, roles, permissions and, for users, name, address and the tenants to choose from.';
revoke all on function public.whoami() from public, anon, authenticated, service_role;
grant execute on function public.whoami() to authenticated;

-- from sql/45_events/functions/create_event_counter.sql sha256:e85671f2d84662b18c24933f46b3dc5cd19933a5590b6165642a5bec09f837f4
create or replace function private.create_event_counter()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into private.event_counters (tenant_id) values (new.tenant_id) on conflict do nothing;
    return null;
end
$$;
comment on function private.create_event_counter() is 'Starts the sequence of events of a new tenant.';
revoke all on function private.create_event_counter() from public, anon, authenticated, service_role;

-- from sql/45_events/functions/emit_event.sql sha256:4b14b25291843a87f2a53537ca784cb6fa52fbec2d5ce7afe59488ee2aa4be70
create or replace function private.emit_event(
    p_tenant_id uuid,
    p_type text,
    p_job_id uuid default null,
    p_robot_id uuid default null,
    p_workflow_id uuid default null,
    p_data jsonb default '{}'
)
returns void
language plpgsql
set search_path = ''
as $$
begin
    insert into private.event_inbox (tenant_id, event_type, occurred_at, job_id, robot_id, workflow_id, actor_id, data)
    values (
        p_tenant_id, p_type, private.clock(), p_job_id, p_robot_id, p_workflow_id, private.actor_id(), coalesce(p_data, '{}')
    );
end
$$;
comment on function private.emit_event(uuid, text, uuid, uuid, uuid, jsonb) is
    'Writes down that something happened, with the transaction that made it happen: one insert that waits for nobody.';
revoke all on function private.emit_event(uuid, text, uuid, uuid, uuid, jsonb) from public, anon, authenticated, service_role;

-- from sql/45_events/functions/list_events.sql sha256:21b9dc6c6d3e3722d5118cc3c26dae1370eea57a3cab6128211703953738e72c
create or replace function public.list_events(p_after bigint default 0, p_limit integer default 100)
returns setof public.events
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_caller private.caller := private.authorize('events.read');
begin
    if p_after is null or p_after < 0 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'after must be 0 or the number of an event.');
    end if;
    if p_limit is null or p_limit not between 1 and 1000 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'limit must lie between 1 and 1000.');
    end if;
    perform private.sequence_tenant_events(v_caller.tenant_id);
    return query
    select e.*
    from public.events as e
    where e.tenant_id = v_caller.tenant_id and e.seq > p_after
    order by e.seq
    limit p_limit;
end
$$;
comment on function public.list_events(bigint, integer) is
    'The tenant''s events after a number, in sequence and without gaps. Resume with the last number: nothing is missed, whatever was being written meanwhile.';
revoke all on function public.list_events(bigint, integer) from public, anon, authenticated, service_role;
grant execute on function public.list_events(bigint, integer) to authenticated;

-- from sql/45_events/functions/sequence_events.sql sha256:3bd8926d345e1a229785fbb72ffeb829dc6bf552b224823c1e3ba6f6dd932148
create or replace function private.sequence_events()
returns integer
language plpgsql
set search_path = ''
as $$
declare
    v_tenant_id uuid;
    v_count integer := 0;
begin
    -- From tenant to tenant along the index, however many rows each has.
    loop
        select i.tenant_id
        into v_tenant_id
        from private.event_inbox as i
        where i.tenant_id > coalesce(v_tenant_id, '00000000-0000-0000-0000-000000000000')
        order by i.tenant_id
        limit 1;
        exit when not found;
        v_count := v_count + private.sequence_tenant_events(v_tenant_id);
    end loop;
    return v_count;
end
$$;
comment on function private.sequence_events() is
    'Numbers the waiting events of every tenant; returns how many. For tenants whose events nobody reads at the moment.';
revoke all on function private.sequence_events() from public, anon, authenticated, service_role;

-- from sql/45_events/functions/sequence_tenant_events.sql sha256:d4a211a32a4b47d7f6c57ec5ac3daf09509b1d5167a38942ca1713aa0fbf9d65
-- The row of the counter is the lock. Whoever holds it numbers; everybody else reads what has a number. The rows to number
-- are looked up after the lock is held, in a statement of their own: a row that was committed later, however old its
-- inbox_id, gets a later number, so a reader that resumes after a number has seen everything before it.
create or replace function private.sequence_tenant_events(p_tenant_id uuid, p_limit integer default 10000)
returns integer
language plpgsql
set search_path = ''
as $$
declare
    v_last_seq bigint;
    v_count integer;
begin
    perform from private.event_inbox as i where i.tenant_id = p_tenant_id limit 1;
    if not found then
        return 0;
    end if;
    select c.last_seq
    into v_last_seq
    from private.event_counters as c
    where c.tenant_id = p_tenant_id
    for update skip locked;
    if not found then
        return 0;   -- somebody else is at it
    end if;

    with taken as (
        delete from private.event_inbox as i
        where i.inbox_id in (
            select n.inbox_id
            from private.event_inbox as n
            where n.tenant_id = p_tenant_id
            order by n.inbox_id
            limit p_limit
        )
        returning i.*
    )
    insert into public.events (
        tenant_id, seq, event_id, event_type, occurred_at, job_id, robot_id, workflow_id, actor_id, data
    )
    select
        t.tenant_id,
        v_last_seq + row_number() over (order by t.inbox_id),
        t.event_id,
        t.event_type,
        t.occurred_at,
        t.job_id,
        t.robot_id,
        t.workflow_id,
        t.actor_id,
        t.data
    from taken as t;
    get diagnostics v_count = row_count;
    update private.event_counters as c
    set last_seq = v_last_seq + v_count
    where c.tenant_id = p_tenant_id;
    return v_count;
end
$$;
comment on function private.sequence_tenant_events(uuid, integer) is
    'Gives a tenant''s committed events the next numbers of its sequence, oldest first; returns how many. Does nothing, and waits for nobody, while another session does it.';
revoke all on function private.sequence_tenant_events(uuid, integer) from public, anon, authenticated, service_role;

-- from sql/80_realtime/functions/broadcast.sql sha256:1ac3a5a8fe4819024c6fa2c0bd28a911f67803dfbfd45377153c65944730d85e
create or replace function private.broadcast(p_topic text, p_event text, p_payload jsonb)
returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
    perform realtime.send(p_payload, p_event, p_topic, true);
exception
    when others then
        raise warning 'broadcast of % failed: %', p_event, sqlerrm;
end
$$;
comment on function private.broadcast(text, text, jsonb) is
    'Rings a doorbell on a private topic. It may be lost and never fails the caller: every push has a row behind it.';
revoke all on function private.broadcast(text, text, jsonb) from public, anon, authenticated, service_role;

-- from sql/80_realtime/functions/can_receive_topic.sql sha256:d8c8906915c17814aed63b3d59c51ff534016cbffb9d43f73fb2aa31d3db8c0a
create or replace function private.can_receive_topic(p_topic text)
returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
    v_part text[] := regexp_match(
        p_topic, '^(tenant|job|robot):([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?::([a-z]+))?$'
    );
    v_id uuid := v_part[2];
    v_caller private.caller;
begin
    if v_part is null or (v_part[1] = 'tenant') <> (v_part[3] is not null) then
        return false;
    end if;
    v_caller := private.caller();
    if v_caller.principal is null then
        return false;
    end if;

    if v_part[1] = 'tenant' then
        return v_id = v_caller.tenant_id
            and case v_part[3]
                when 'jobs' then private.has_permission(v_caller.permissions, 'jobs.read')
                when 'queue' then private.has_permission(v_caller.permissions, 'jobs.read')
                when 'robots' then private.has_permission(v_caller.permissions, 'robots.read')
                    or (v_caller.principal = 'robot' and v_caller.robot_id is not null)
                when 'notifications' then private.has_permission(v_caller.permissions, 'events.read')
                else false
            end;
    elsif v_part[1] = 'robot' then
        return v_id is not distinct from v_caller.robot_id
            or (
                private.has_permission(v_caller.permissions, 'robots.read')
                and exists (
                    select from public.robots as r
                    where r.robot_id = v_id and r.tenant_id = v_caller.tenant_id and r.deleted_at is null
                )
            );
    else
        return private.holds_live_lease(v_caller, v_id)
            or (
                private.has_permission(v_caller.permissions, 'jobs.read')
                and exists (select from public.jobs as j where j.job_id = v_id and j.tenant_id = v_caller.tenant_id)
            );
    end if;
end
$$;
comment on function private.can_receive_topic(text) is
    'Whether the caller may join a private topic: members by permission, a robot its own topic, its tenant''s robots and the jobs that it holds.';
revoke all on function private.can_receive_topic(text) from public, anon, authenticated, service_role;
grant execute on function private.can_receive_topic(text) to authenticated;

-- from sql/80_realtime/functions/can_send_to_topic.sql sha256:31615471ff6b6dab29ea7a983cd48da7e227b5deb4f0edfa2db6249daa24adf6
create or replace function private.can_send_to_topic(p_topic text, p_extension text)
returns boolean
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
    return case p_extension
        when 'presence' then p_topic ~ '^tenant:[^:]*:robots$' and private.can_receive_topic(p_topic)
        when 'broadcast' then p_topic ~ '^job:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
            and private.holds_live_lease(private.caller(), substr(p_topic, 5)::uuid)
        else false
    end;
end
$$;
comment on function private.can_send_to_topic(text, text) is
    'Whether the caller may send on a private topic: presence among the tenant''s robots, and broadcasts about a job by the robot that holds it.';
revoke all on function private.can_send_to_topic(text, text) from public, anon, authenticated, service_role;
grant execute on function private.can_send_to_topic(text, text) to authenticated;

-- from sql/80_realtime/functions/holds_live_lease.sql sha256:63b0e2b603481e1227f69d356dfa755dcc07e30abe045b28564ff3035bc02722
create or replace function private.holds_live_lease(p_caller private.caller, p_job_id uuid)
returns boolean
language plpgsql
stable
set search_path = ''
as $$
begin
    return exists (
        select from private.leases as l
        where l.job_id = p_job_id
            and l.robot_id = p_caller.robot_id
            and l.tenant_id = p_caller.tenant_id
            and l.lease_expires_at > private.clock()
    );
end
$$;
comment on function private.holds_live_lease(private.caller, uuid) is 'Whether the caller is the robot that holds a job now.';
revoke all on function private.holds_live_lease(private.caller, uuid) from public, anon, authenticated, service_role;

-- from sql/90_audit/functions/audit_change.sql sha256:b40df06e952b9bc8ceb6d6f05bcf78326b093ddc9b36ccaa5aa1eb6603d078a0
-- Arguments: the columns that name the resource, and the columns that are never written down, each as an array literal.
create or replace function private.audit_change()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_keys text[] := tg_argv[0];
    v_hidden text[] := tg_argv[1];
    v_old jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) - v_hidden end;
    v_new jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) - v_hidden end;
    v_row jsonb := coalesce(v_new, v_old);
    v_tenant_id uuid := (v_row ->> 'tenant_id')::uuid;
    v_claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
begin
    if tg_op = 'UPDATE' then
        -- Only what changed; a change of hidden columns alone is none.
        select jsonb_object_agg(o.key, o.value), jsonb_object_agg(n.key, n.value)
        into v_old, v_new
        from jsonb_each(v_old) as o
        join jsonb_each(v_new) as n on n.key = o.key and n.value <> o.value;
        if v_new is null then
            return null;
        end if;
    end if;
    if v_tenant_id is null and tg_table_name = 'role_permissions' then
        select r.tenant_id into v_tenant_id from public.roles as r where r.role_id = (v_row ->> 'role_id')::uuid;
    end if;
    if v_tenant_id is null then
        return null;    -- built-in roles belong to no tenant
    end if;

    insert into public.audit_log (
        tenant_id, actor_id, principal, action, resource_type, resource_id, old_values, new_values, request_id, ip_address,
        created_at
    )
    values (
        v_tenant_id,
        (v_claims ->> 'sub')::uuid,
        case
            when v_claims ->> 'sub' is null then 'system'
            else coalesce(v_claims -> 'app_metadata' ->> 'principal', 'user')
        end,
        case tg_op when 'INSERT' then 'create' else lower(tg_op) end,
        tg_table_name,
        (select string_agg(v_row ->> k.name, '/' order by k.position) from unnest(v_keys) with ordinality as k (name, position)),
        v_old,
        v_new,
        left(nullif(current_setting('casare.request_id', true), ''), 128),
        nullif(current_setting('casare.client_ip', true), '')::inet,
        private.clock()
    );
    return null;
end
$$;
comment on function private.audit_change() is
    'Writes down who created, changed or deleted a row, from where, and what changed; in the transaction of the change.';
revoke all on function private.audit_change() from public, anon, authenticated, service_role;

-- from sql/10_tenancy/policies.sql sha256:1d6381bfe622a79249a1364e94e8058c903b6c9b0ca7302b7d8b3a758fc1e33b
-- Row-level security is enabled and forced on every table; a table without a policy is closed to clients. Clients may read
-- what is granted here, under the policies, and write through functions only.
do $$
declare
    v_table text;
begin
    foreach v_table in array array[
        'public.tenants', 'public.profiles', 'public.permissions', 'public.roles', 'public.role_permissions',
        'public.memberships', 'public.member_roles', 'public.api_keys', 'public.invitations',
        'private.login_attempts', 'private.idempotency_keys'
    ]
    loop
        execute format('alter table %s enable row level security', v_table);
        execute format('alter table %s force row level security', v_table);
        execute format('revoke all on table %s from public, anon, authenticated, service_role', v_table);
    end loop;
end
$$;

revoke all on type public.tenant_plan, public.api_key_kind, public.api_key_summary from public;
grant usage on type public.tenant_plan, public.api_key_kind, public.api_key_summary to authenticated;

-- The token hook is the only thing in public that Auth's own role runs.
grant usage on schema public to supabase_auth_admin;

grant select (tenant_id, name, slug, plan, timezone, robot_offline_after_seconds, created_at, updated_at)
    on table public.tenants to authenticated;
drop policy if exists tenants_select_members on public.tenants;
create policy tenants_select_members on public.tenants
    for select to authenticated
    using (tenant_id = (select private.member_tenant_id()));

-- Without active_tenant_id: it would name another tenant of a colleague.
grant select (user_id, username, first_name, last_name, created_at) on table public.profiles to authenticated;
drop policy if exists profiles_select_members on public.profiles;
create policy profiles_select_members on public.profiles
    for select to authenticated
    using (user_id in (select m.user_id from public.memberships as m));

grant select on table public.permissions to authenticated;
drop policy if exists permissions_select_members on public.permissions;
create policy permissions_select_members on public.permissions
    for select to authenticated
    using ((select private.permitted_tenant_id('members.read')) is not null);

grant select on table public.roles to authenticated;
drop policy if exists roles_select_members on public.roles;
create policy roles_select_members on public.roles
    for select to authenticated
    using (
        tenant_id = (select private.permitted_tenant_id('members.read'))
        or (tenant_id is null and (select private.permitted_tenant_id('members.read')) is not null)
    );

grant select on table public.role_permissions to authenticated;
drop policy if exists role_permissions_select_members on public.role_permissions;
create policy role_permissions_select_members on public.role_permissions
    for select to authenticated
    using (role_id in (select r.role_id from public.roles as r));

grant select on table public.memberships to authenticated;
drop policy if exists memberships_select_members on public.memberships;
create policy memberships_select_members on public.memberships
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('members.read')));

grant select on table public.member_roles to authenticated;
drop policy if exists member_roles_select_members on public.member_roles;
create policy member_roles_select_members on public.member_roles
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('members.read')));

-- Without key_hash.
grant select (
    api_key_id, tenant_id, kind, name, prefix, robot_id, scopes, created_by, created_at, expires_at, last_used_at, revoked_at
) on table public.api_keys to authenticated;
drop policy if exists api_keys_select_members on public.api_keys;
create policy api_keys_select_members on public.api_keys
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('api_keys.read')));

-- Without token_hash.
grant select (invitation_id, tenant_id, email, role_id, invited_by, created_at, expires_at, accepted_at, revoked_at)
    on table public.invitations to authenticated;
drop policy if exists invitations_select_members on public.invitations;
create policy invitations_select_members on public.invitations
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('members.read')));

-- from sql/45_events/policies.sql sha256:8216c2c6cc37c55db5bdfc544653d87c45b667fe291c49638077de4c6533bd81
alter table public.events enable row level security;
alter table public.events force row level security;
alter table private.event_inbox enable row level security;
alter table private.event_inbox force row level security;
alter table private.event_counters enable row level security;
alter table private.event_counters force row level security;
revoke all on table public.events, private.event_inbox, private.event_counters
    from public, anon, authenticated, service_role;

grant select on table public.events to authenticated;
drop policy if exists events_select_members on public.events;
create policy events_select_members on public.events
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('events.read')));

-- from sql/80_realtime/policies.sql sha256:1021fd17ed8a29222b2e3e4e38feaed14e0620fc4c0cc7f033514d13dd7787c0
-- Realtime asks these when somebody joins a private topic (select), and before the first message they send (insert). It
-- sets realtime.topic and writes a probe row with topic and extension only, so nothing else of the row may be looked at.
drop policy if exists casare_messages_select on realtime.messages;
create policy casare_messages_select on realtime.messages
    for select to authenticated
    using (
        extension in ('broadcast', 'presence')
        and topic = (select realtime.topic())
        and (select private.can_receive_topic(realtime.topic()))
    );

drop policy if exists casare_messages_insert on realtime.messages;
create policy casare_messages_insert on realtime.messages
    for insert to authenticated
    with check (
        topic = (select realtime.topic())
        and private.can_send_to_topic(topic, extension)
    );

-- from sql/90_audit/policies.sql sha256:2f77f1e03a48c04465eb6a44749c9001310ee9a0a3da95e6543a316b90b8c279
alter table public.audit_log enable row level security;
alter table public.audit_log force row level security;
revoke all on table public.audit_log from public, anon, authenticated, service_role;

grant select on table public.audit_log to authenticated;
drop policy if exists audit_log_select_members on public.audit_log;
create policy audit_log_select_members on public.audit_log
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('audit.read')));

-- from sql/10_tenancy/triggers.sql sha256:5e75a410b208758c68a00b49ba028c484f3d4ccc22ee420c2491d6df0a923c0e
-- raw_app_meta_data can be written by the admin API only; raw_user_meta_data, which users write, is never looked at.
drop trigger if exists casare_register_user on auth.users;
create trigger casare_register_user
after insert or update of raw_app_meta_data on auth.users
for each row
execute function private.register_user();

-- from sql/45_events/triggers.sql sha256:0008d022a4861538a354c1b614ed528952e6bb3916e6f35a0ee3bf0a47e1ae5c
drop trigger if exists create_event_counter on public.tenants;
create trigger create_event_counter
after insert on public.tenants
for each row
execute function private.create_event_counter();

-- from sql/90_audit/triggers.sql sha256:6a0da2b1ff385c4be5f880307876842ac08e88e83cd23e4ac9babda8045c061a
-- Which tables are audited: the columns that name a row, and those that are never written down (secrets, big bodies, and
-- columns that change on every use).
do $$
declare
    v_audited record;
begin
    for v_audited in
        select *
        from (
            values
                ('tenants', 'insert or update or delete', '{tenant_id}', '{updated_at}'),
                ('memberships', 'insert or update or delete', '{user_id}', '{}'),
                ('member_roles', 'insert or update or delete', '{user_id,role_id}', '{}'),
                ('roles', 'insert or update or delete', '{role_id}', '{}'),
                ('role_permissions', 'insert or update or delete', '{role_id,permission}', '{}'),
                ('api_keys', 'insert or update or delete', '{api_key_id}', '{key_hash,last_used_at}'),
                ('invitations', 'insert or update or delete', '{invitation_id}', '{token_hash}'),
                ('workflows', 'insert or update or delete', '{workflow_id}', '{updated_at}'),
                ('workflow_versions', 'insert', '{workflow_id,version}', '{definition}'),
                ('robots', 'insert or update or delete', '{robot_id}', '{updated_at}')
        ) as audited (table_name, operations, keys, hidden)
    loop
        execute format('drop trigger if exists audit_change on public.%I', v_audited.table_name);
        execute format(
            'create trigger audit_change after %s on public.%I for each row execute function private.audit_change(%L, %L)',
            v_audited.operations, v_audited.table_name, v_audited.keys, v_audited.hidden
        );
    end loop;
end
$$;

-- from sql/10_tenancy/cron.sql sha256:b32c2c294577dc5cd8d230730f617fd21bc1d898dc4d13042d5922f3a0e3d2dd
select cron.schedule('casare_purge_idempotency_keys', '17 * * * *', 'select private.purge_idempotency_keys()');
select cron.schedule('casare_purge_login_attempts', '27 * * * *', 'select private.purge_login_attempts()');

-- from sql/45_events/cron.sql sha256:9fb8fb58ca918668a81bbfe97836d717fab1764b1f4a4066a44db718eb6204cd
select cron.schedule('casare_sequence_events', '* * * * *', 'select private.sequence_events()');
