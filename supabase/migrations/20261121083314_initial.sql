-- Composed from sql/ by the command `make migration-fresh`: edit there.
set check_function_bodies = off;  -- a function may call one that comes later
set lock_timeout = '5s';

-- from sql/00_platform/schema.sql sha256:da21d3c51b01fe421b5f51d027e2808d5f1534aa8a82fa8ab26bae2d989ba504
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

-- Clients make no temporary objects: what they could call like a type or table of the catalog, a function of ours might take for it.
-- Its owner grants this by default, and a copy of a database does not inherit it.
do $$
begin
    execute format('revoke temporary on database %I from public', current_database());
end
$$;

-- The login of the cloud functions. It owns nothing and inherits nothing: a request must name the role it acts as.
do $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'casare_functions') then
        create role casare_functions login noinherit;
    end if;
end
$$;
-- An old transaction keeps dead rows alive for everybody. A request sets its own, shorter time; this is what no session passes.
alter role casare_functions set statement_timeout = '15s';
alter role casare_functions set idle_in_transaction_session_timeout = '15s';
alter role casare_functions set lock_timeout = '8s';
-- Disks do not turn any more. With the server's 4 a filtered page of 120,000 jobs read them all, rather than walk from the newest on.
alter role casare_functions set random_page_cost = 1.1;
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

-- from sql/00_platform/types.sql sha256:0b4f65125fde5a0fa0e7e28e0546a96cf4979d1ca3d1481e0638b91ffe5a7072
-- Functions that column defaults need stand here, before the tables; every other function has a file of its own.

-- Without a SET clause, so that it is inlined: it is no security definer and names everything with its schema.
create or replace function private.clock()
returns timestamptz
language sql
stable
as $$
    select coalesce(nullif(pg_catalog.current_setting('casare.now', true), '')::timestamptz, pg_catalog.now())
$$;
comment on function private.clock is
    'The time that every rule goes by: the transaction''s, unless a test sets casare.now. Clients of the Data API cannot set it.';
revoke all on function private.clock from public, anon, authenticated, service_role;

create or replace function private.uuid_v7(p_at timestamptz default clock_timestamp())
returns uuid
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_micros bigint := date_part('epoch', p_at) * 1000000;
begin
    return encode(
        overlay(
            uuid_send(gen_random_uuid())
            placing int8send(((v_micros / 1000) << 16) | 28672 | ((v_micros % 1000) * 4096 / 1000))
            from 1
        ),
        'hex'
    )::uuid;
end
$$;
comment on function private.uuid_v7 is
    'A UUID of version 7 (RFC 9562): 48 bits of milliseconds, 12 bits of the millisecond''s fraction, 62 random bits. Ids sort by creation.';
revoke all on function private.uuid_v7 from public, anon, authenticated, service_role;

-- from sql/10_tenancy/types.sql sha256:be9c5928b0c00eaafc807623accd22c50ed42061866ee86160e4aae70b04607e
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
    revoked_at timestamptz,
    robot_external_id text  -- of a key that was made for a robot which was not there
);

-- from sql/20_workflows/types.sql sha256:5e3b5e507b6139b981a8bc1856fe7e248e57ea9cf87be347d31101883958f4c1
create type public.workflow_status as enum (
    'draft',        -- never run; draft -> published
    'published',    -- may be enqueued; published -> deprecated, archived
    'deprecated',   -- may be enqueued, nobody should; deprecated -> published, archived
    'archived'      -- kept, never run; archived -> published
);

-- from sql/30_robots/types.sql sha256:eacba0605cef373ff195a4926b2c1bb1b12d69bd5f7957d437403feb9bfa0b7c
-- Whether a robot may claim depends on its mode and its free slots, never on the word a face shows.
create type public.robot_mode as enum (
    'active',       -- claims
    'paused',       -- claims nothing, keeps what it has
    'draining',     -- claims nothing, finishes what it has
    'maintenance',  -- claims nothing, a person is at it
    'disabled'      -- claims nothing, may not come back by itself
);
create type public.robot_health as enum ('ok', 'error');

-- from sql/32_limits/types.sql sha256:4e934a99e559fdb510a78e8c632e5f3181f80d15cfcbf2fadd6719c1a8dc8de6
-- In the order in which they are locked.
create type private.limit_scope as enum ('pool', 'tenant', 'workflow', 'key');

-- from sql/40_queue/types.sql sha256:7900c533d9afafae52eb7ec47fc8c2ed9ea7309144aa264be05ca95cda357efd
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

-- from sql/41_claims/types.sql sha256:cd6fefd81464a2f0a0d6e2aac72cc9efbf174659d9804ec2d8e43bdd1051ef4b
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
    timeout_seconds integer,
    progress_timeout_seconds integer
);

-- A job that a claim took out of ready, before it has its lease.
create type private.taken_job as (
    job_id uuid,
    tenant_id uuid,
    tenant_no integer,
    lane_id integer,
    rank smallint,          -- the lane's priority with its promotion
    attempts smallint,
    counter_ids integer[],  -- where it is counted; null: nowhere
    share_id integer        -- whose robot-seconds it uses; null: nobody counts them
);

-- from sql/48_calendars/types.sql sha256:544ec9960742cfb4494248a55c3e24a6a562f181dce9e7ffa334be517a1518f4
create type public.calendar_day_source as enum (
    'country',      -- a public holiday, by the package that knows countries; Python writes them for some years
    'rule'          -- what the calendar's own rules come to; wins over the country
);

create type public.on_closed_day as enum (
    'skip',         -- no run
    'next',         -- it runs on the next working day
    'previous'      -- it runs on the working day before
);

-- from sql/50_schedules/types.sql sha256:d9b3b17f67127cd105d8fbfb50f71cd626d86102b171c57b13dafa160fe714ce
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

-- from sql/95_analytics/types.sql sha256:9e75f222945b47b12a17860c67c5b294bb97fa7f892b90fbacb1b54a6d043041
-- What one row of job_rollups sums up.
create type public.rollup_level as enum (
    'tenant',           -- everything since the tenant began
    'tenant_day',
    'tenant_hour',
    'workflow_day',
    'workflow_hour',
    'robot_hour'
);

-- The end of one job, as rollups count it.
create type private.job_end as (
    ended_at timestamptz,
    status text,            -- completed | failed | timeout | cancelled
    workflow_id uuid,
    robot_id uuid,          -- null: nobody had claimed it
    duration_ms bigint,
    error_type text,
    healed integer,
    not_healed integer
);

-- from sql/97_duties/types.sql sha256:2873cf62e666b3ad4e977047a9a4137371b85412ff96ce92c9c2538797fc7df4
-- What a turn of one tenant came to. See private.take_turns().
create type private.turn as (
    done integer,   -- what duty_runs.last_count counts
    used integer,   -- how much of its bound it used: rows read or written
    after text      -- where the tenant's next turn goes on, for the duty itself to understand; null: nothing is left
);
comment on type private.turn is 'What one turn of one tenant in a duty did, and whether another one is needed.';

-- from sql/10_tenancy/tables.sql sha256:2f16fc49eae8c74fccb89927c1b7bd178ac58346ca86e40edc4ddb8192ad58ff
create table public.tenants (
    tenant_id uuid not null default private.uuid_v7(),
    name text not null,
    slug text not null,
    plan public.tenant_plan not null default 'free',
    timezone text not null default 'UTC',
    robot_offline_after_seconds integer not null default 90,
    quarantine_after_failures integer not null default 5,  -- attempts in a row that a robot may fail; 0: as many as it likes
    settings jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    constraint tenants_pkey primary key (tenant_id),
    constraint tenants_slug_key unique (slug),
    constraint tenants_name_check check (length(name) between 1 and 255),
    constraint tenants_robot_offline_after_seconds_check check (robot_offline_after_seconds between 5 and 86400),
    constraint tenants_quarantine_after_failures_check check (quarantine_after_failures between 0 and 1000)
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
comment on table public.profiles is 'What the product adds to a user of Supabase Auth: a login name and the tenant that new sessions begin in.';

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

-- Both references take the row away: the end of the session, and that of the membership, which a new one does not undo.
create table private.session_tenants (
    session_id uuid not null,
    tenant_id uuid not null,
    user_id uuid not null,
    constraint session_tenants_pkey primary key (session_id),
    constraint session_tenants_session_id_fkey foreign key (session_id) references auth.sessions (id) on delete cascade,
    constraint session_tenants_tenant_id_user_id_fkey foreign key (tenant_id, user_id)
        references public.memberships (tenant_id, user_id) on delete cascade
);
create index session_tenants_tenant_id_user_id_idx on private.session_tenants (tenant_id, user_id);
comment on table private.session_tenants is 'The tenant that a session of a user was moved to; one without a row is in the tenant that the user''s sessions begin in.';

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
    robot_external_id text,             -- robot keys made for a robot that was not there: it alone may register with it
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
    constraint api_keys_robot_id_check check (kind = 'robot' or (robot_id is null and robot_external_id is null))
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
create index idempotency_keys_tenant_id_created_at_idx on private.idempotency_keys (tenant_id, created_at);
comment on table private.idempotency_keys is 'The first answer to a request that carried an Idempotency-Key.';

-- from sql/15_rate_limits/tables.sql sha256:4a5c4e0c47f170b98a1d0dd522c2fd567d1d79df01040e9485e27d3b8d3391ae
-- Unlogged: counts are worth nothing after a minute, and writing them must not wait for a disk. A crash of the server
-- begins every window again. One row for each bucket, updated in place (HOT: no index but the primary key).
create unlogged table private.request_counts (
    bucket text not null,               -- which limit, and whose: 'GET /jobs ip:192.0.2.1'
    count integer not null,
    window_ends_at timestamptz not null,
    constraint request_counts_pkey primary key (bucket),
    constraint request_counts_bucket_check check (length(bucket) between 1 and 255)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.5);
comment on table private.request_counts is
    'How many requests each caller or address made of each kind in the current window.';

-- from sql/20_workflows/tables.sql sha256:1d65d186ea6caf93488e91f31bcc1996afd281979d555fe97e0577be5fc26be4
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
    definition_bytes integer not null generated always as (octet_length(definition::text)) stored,  -- for private.answer_bytes()
    node_count integer not null,
    created_by uuid,
    created_at timestamptz not null default now(),
    constraint workflow_versions_pkey primary key (workflow_id, version),
    constraint workflow_versions_tenant_id_workflow_id_version_key unique (tenant_id, workflow_id, version),
    constraint workflow_versions_tenant_id_workflow_id_fkey foreign key (tenant_id, workflow_id)
        references public.workflows (tenant_id, workflow_id) on delete cascade,
    constraint workflow_versions_node_count_check check (node_count between 0 and 1000)
);
comment on table public.workflow_versions is 'An immutable published form of a workflow.';

create table public.workflow_backups (
    workflow_id uuid not null,
    version integer not null,
    tenant_id uuid not null,
    object_key text not null,
    stored_at timestamptz not null default now(),
    removed_at timestamptz,
    constraint workflow_backups_pkey primary key (workflow_id, version),
    constraint workflow_backups_tenant_id_workflow_id_version_fkey foreign key (tenant_id, workflow_id, version)
        references public.workflow_versions (tenant_id, workflow_id, version) on delete cascade
);
create index workflow_backups_tenant_id_idx on public.workflow_backups (tenant_id, workflow_id, version);
comment on table public.workflow_backups is 'Where the copy of a workflow version outside the database is, or may be: it is written down before the store has it.';

-- A row stands as long as a job of the workflow can still become ready: claims look here (private.leave_lane) and run none.
create table private.workflow_removals (
    tenant_id uuid not null,
    workflow_id uuid not null,
    removed_at timestamptz not null,
    -- Everything that waits for the tenant is looked through, first what is delayed (lane_id is null), then what is ready.
    run_at timestamptz not null default '-infinity',    -- behind which the look goes on, with job_id
    lane_id integer,
    job_id uuid not null default '00000000-0000-0000-0000-000000000000',
    held integer not null,              -- how many of it robots held when the look began: they may come back behind it
    has_found boolean not null default false,
    is_idle boolean not null default false,     -- nothing of it waits, as long as robots hold as many
    constraint workflow_removals_pkey primary key (tenant_id, workflow_id),
    constraint workflow_removals_tenant_id_workflow_id_fkey foreign key (tenant_id, workflow_id)
        references public.workflows (tenant_id, workflow_id) on delete cascade
) with (fillfactor = 50);
comment on table private.workflow_removals is
    'Deleted workflows whose jobs are still to be cancelled, and how far that is. See private.cancel_jobs_of_deleted_workflows().';

-- from sql/25_pools/tables.sql sha256:c1ed17b817b89f79b0b56be84d3e72b4f7230a7438c20d2ba24e9e2321b692e3
-- A pool is a fleet whose robots also run jobs of other tenants. Both sides agree: the owner invites, the member accepts, and
-- a job goes to a pool only when it asks for it. See docs/queue.md.

create table public.pools (
    pool_id uuid not null default private.uuid_v7(),
    tenant_id uuid not null,            -- the owner
    name text not null,
    shares_by text not null default 'jobs',     -- what its members take turns by
    created_at timestamptz not null default now(),
    constraint pools_pkey primary key (pool_id),
    constraint pools_tenant_id_pool_id_key unique (tenant_id, pool_id),
    constraint pools_tenant_id_name_key unique (tenant_id, name),
    constraint pools_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade,
    constraint pools_name_check check (length(name) between 1 and 64),
    constraint pools_shares_by_check check (shares_by in ('jobs', 'robot_seconds'))
);
comment on table public.pools is 'Robots of one tenant, the owner, that run jobs of others, the members, in turn.';

-- An invitation of a tenant that is not there is a row like any other, so that an owner never learns who is.
create table public.pool_members (
    pool_id uuid not null,
    invitee text not null,              -- as the owner named it: the slug or the id of a tenant
    tenant_id uuid,                     -- whom that names; null: nobody. No client reads it
    weight smallint not null default 1, -- jobs that it is given when its turn comes, or its part of the robot-seconds
    max_running integer,                -- jobs that it may have on the pool's robots at once; null: any number
    invited_by uuid,
    invited_at timestamptz not null,
    accepted_by uuid,
    accepted_at timestamptz,            -- null: only invited
    constraint pool_members_pkey primary key (pool_id, invitee),
    constraint pool_members_pool_id_fkey foreign key (pool_id) references public.pools (pool_id) on delete cascade,
    constraint pool_members_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade,
    constraint pool_members_invitee_check check (invitee ~ '^[a-z0-9-]{1,64}$'),
    constraint pool_members_weight_check check (weight between 1 and 100),
    constraint pool_members_max_running_check check (max_running between 0 and 100000),
    constraint pool_members_accepted_at_check check (accepted_at is null or tenant_id is not null)
);
create unique index pool_members_pool_id_tenant_id_idx on public.pool_members (pool_id, tenant_id) where accepted_at is not null;
create index pool_members_tenant_id_idx on public.pool_members (tenant_id);
comment on table public.pool_members is
    'Tenants whose jobs a pool''s robots run, and those that were invited. The owner has a row from the beginning.';

create table private.pool_turns (
    robot_id uuid not null,
    tenant_no integer not null,         -- whose turn it is with this robot
    jobs_left smallint not null,        -- jobs that the member may still be given in this turn
    constraint pool_turns_pkey primary key (robot_id)
) with (fillfactor = 50);
comment on table private.pool_turns is 'Where each robot of a pool is in the round of the members. A row a robot and not a pool: no claim waits for another.';

-- from sql/30_robots/tables.sql sha256:cada0a8fa7c6c0813872991b0bb9efa6650b3b785a238569985a815e2364c3e1
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
    pool_id uuid,                       -- of its tenant's: it runs jobs of the members that ask for it, too
    max_concurrent_jobs integer not null default 1,
    quarantined_at timestamptz,         -- claims nothing since then, until a person releases it
    quarantine_reason text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    constraint robots_pkey primary key (robot_id),
    constraint robots_tenant_id_robot_id_key unique (tenant_id, robot_id),
    constraint robots_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade,
    constraint robots_tenant_id_pool_id_fkey foreign key (tenant_id, pool_id)
        references public.pools (tenant_id, pool_id) on delete set null (pool_id),
    constraint robots_external_id_check check (external_id ~ '^[A-Za-z0-9_-]{1,64}$'),
    constraint robots_name_check check (length(name) between 1 and 128),
    constraint robots_hostname_check check (length(hostname) <= 256),
    constraint robots_environment_check check (length(environment) between 1 and 64 and environment <> '*'),
    constraint robots_max_concurrent_jobs_check check (max_concurrent_jobs between 1 and 100)
);
create unique index robots_tenant_id_external_id_idx on public.robots (tenant_id, external_id) where deleted_at is null;
create index robots_tenant_id_pool_id_idx on public.robots (tenant_id, pool_id);
comment on table public.robots is 'A program that claims and runs jobs: its configuration. What it last said of itself is in robot_heartbeats.';

create table public.robot_heartbeats (
    robot_id uuid not null,
    tenant_id uuid not null,
    last_heartbeat_at timestamptz not null,
    online_since timestamptz not null,
    health public.robot_health not null default 'ok',
    is_online boolean not null default true,        -- false once the loss was noticed and told
    is_signed_off boolean not null default false,   -- the robot itself said that it leaves: it gets no jobs until it is back
    is_in_maintenance boolean not null default false,   -- the robot itself said so; what people decide is robots.mode
    metrics jsonb not null default '{}',
    last_claim_at timestamptz,                      -- to the minute
    low_lease_token bigint not null default 0,      -- it holds no lease with a lower one: where claims begin to count, about
    deaf_since timestamptz,                         -- it lives and never asks for the work that waits for it
    session_id uuid,                                -- of the process that registered last, if it named one
    other_session_at timestamptz,                   -- when another process of the robot was last heard of
    constraint robot_heartbeats_pkey primary key (robot_id),
    constraint robot_heartbeats_tenant_id_robot_id_fkey foreign key (tenant_id, robot_id)
        references public.robots (tenant_id, robot_id) on delete cascade
) with (fillfactor = 70);
create index robot_heartbeats_tenant_id_idx on public.robot_heartbeats (tenant_id, robot_id);
comment on table public.robot_heartbeats is 'The last heartbeat of each robot. No index mentions a column that a heartbeat changes.';

create table public.robot_commands (
    command_id uuid not null default private.uuid_v7(),
    tenant_id uuid not null,
    robot_id uuid not null,
    command text not null,
    reason text,
    issued_by uuid,                     -- user or api key; null: the queue itself
    issued_at timestamptz not null,
    acknowledged_at timestamptz,        -- the robot said that it knows
    superseded_at timestamptz,          -- a newer command, or a new start of the robot, made it pointless
    constraint robot_commands_pkey primary key (command_id),
    constraint robot_commands_tenant_id_robot_id_fkey foreign key (tenant_id, robot_id)
        references public.robots (tenant_id, robot_id) on delete cascade,
    constraint robot_commands_command_check
        check (command in ('pause', 'resume', 'drain', 'shutdown', 'quarantine', 'release')),
    constraint robot_commands_reason_check check (length(reason) <= 1024)
);
create index robot_commands_tenant_id_idx on public.robot_commands (tenant_id, robot_id, command_id desc);
comment on table public.robot_commands is
    'What robots were told to do. A command waits in the answers to heartbeats until the robot acknowledges it.';

create table private.robot_failures (
    tenant_id uuid not null,
    robot_id uuid not null,
    failures integer not null,
    first_failed_at timestamptz not null,
    last_failed_at timestamptz not null,
    last_job_id uuid not null,
    last_job_tenant_id uuid not null,
    constraint robot_failures_pkey primary key (tenant_id, robot_id),
    constraint robot_failures_tenant_id_robot_id_fkey foreign key (tenant_id, robot_id)
        references public.robots (tenant_id, robot_id) on delete cascade
) with (fillfactor = 50);
comment on table private.robot_failures is
    'How many attempts in a row a robot has failed. A success takes the row away, so the table is almost empty.';

-- from sql/32_limits/tables.sql sha256:e646c2c2f0a30aae07c090691a172e110efb2131807baf27bc7ca946aefabe43
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

-- from sql/34_fair_share/tables.sql sha256:9ae8f40ef2a9d2db8167105b511f37018b698f97d64c150ffe4be6ea995aafff
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

-- from sql/40_queue/tables.sql sha256:b9fb287e8ee6d98b3178a3fffcd95ad05ca9ee7e88601e847d9ea424f5dbeabf
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

-- from sql/41_claims/tables.sql sha256:4f989f3e86ac55cf5dc5d682dc4d84fd61a1c8b6b2a178b5fb145291cec18a8d
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

-- from sql/42_leases/tables.sql sha256:e4bd009fc4b37ba6435504ebc8f9535817357e79dfe1715baf8cc39d16b2b203
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

-- from sql/43_endings/tables.sql sha256:1244c0f2efc0067bdf21705e504d50bd139b416c6c7085486a7f31db3058ee66
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

-- from sql/45_events/tables.sql sha256:53d0e0523e5558b83ecaa7eedfd27d6b2b391cc719cf5dac003bf73cd1134def
-- Writers append to the inbox without waiting for one another. Whoever reads first gives the committed rows their number
-- in the tenant's sequence, under one lock, so that a reader who resumes after a number misses nothing.
create table private.event_inbox (
    inbox_id bigint generated always as identity,
    tenant_id uuid not null,
    event_type text not null,
    occurred_at timestamptz not null,
    job_id uuid,
    robot_id uuid,
    workflow_id uuid,
    actor_id uuid,
    data jsonb not null default '{}',
    constraint event_inbox_pkey primary key (tenant_id, inbox_id)
);
comment on table private.event_inbox is 'Events that have no number yet.';

create table private.event_counters (
    tenant_id uuid not null,
    last_seq bigint not null default 0,
    low_inbox_id bigint not null default 0,         -- numbering begins behind it: see private.sequence_tenant_events()
    next_low_inbox_id bigint not null default 0,    -- what that will be, some time after next_low_at
    next_low_at timestamptz not null default now(),
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
    told_at timestamptz not null,       -- when it occurred, or just behind the event before: it grows with seq
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

-- from sql/48_calendars/tables.sql sha256:3a6621731d00fcb6fce3989bdf296988889b2021d018665ee7a91587791b0bb2
create table private.calendar_quotas (
    plan public.tenant_plan not null,
    max_calendars integer not null,
    constraint calendar_quotas_pkey primary key (plan),
    constraint calendar_quotas_max_calendars_check check (max_calendars > 0)
);
comment on table private.calendar_quotas is 'What a plan allows of business calendars.';
insert into private.calendar_quotas (plan, max_calendars)
values ('free', 5), ('pro', 50), ('enterprise', 500);

create table public.calendars (
    calendar_id uuid not null default private.uuid_v7(),
    tenant_id uuid not null,
    name text not null,
    working_hours jsonb not null,       -- {"mon": ["09:00", "17:00"], …}; a day that is not in it is no working day
    country text,                       -- ISO 3166, with the part of it whose holidays count
    subdivision text,
    rules jsonb not null default '[]',  -- own days: see private.find_calendar_rule_problem()
    rules_until date,                   -- to when the rules stand in calendar_days
    holidays_until date,                -- and the country's holidays, if there is one
    warned_until date,                  -- of which of these dates calendar.expiring told
    created_by uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint calendars_pkey primary key (calendar_id),
    constraint calendars_tenant_id_calendar_id_key unique (tenant_id, calendar_id),
    constraint calendars_tenant_id_name_key unique (tenant_id, name),
    constraint calendars_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade,
    constraint calendars_name_check check (length(name) between 1 and 255),
    constraint calendars_subdivision_check check (subdivision is null or country is not null),
    constraint calendars_holidays_until_check check ((holidays_until is null) = (country is null))
);
comment on table public.calendars is 'When a tenant works: days and hours of the week, holidays, own rules. Schedules heed it on their own clocks.';

create table public.calendar_days (
    tenant_id uuid not null,
    calendar_id uuid not null,
    day date not null,
    source public.calendar_day_source not null,
    is_working boolean not null default false,
    name text not null,
    constraint calendar_days_pkey primary key (tenant_id, calendar_id, day, source),
    constraint calendar_days_tenant_id_calendar_id_fkey foreign key (tenant_id, calendar_id)
        references public.calendars (tenant_id, calendar_id) on delete cascade
);
comment on table public.calendar_days is 'The days on which a calendar differs from its week: holidays, and days on which there is work all the same.';

create table public.calendar_blackouts (
    tenant_id uuid not null,
    calendar_id uuid not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    reason text not null,
    constraint calendar_blackouts_pkey primary key (tenant_id, calendar_id, starts_at, ends_at),
    constraint calendar_blackouts_tenant_id_calendar_id_fkey foreign key (tenant_id, calendar_id)
        references public.calendars (tenant_id, calendar_id) on delete cascade,
    constraint calendar_blackouts_ends_at_check check (ends_at > starts_at)
);
comment on table public.calendar_blackouts is 'From when until when nothing of a calendar''s schedules runs, whatever the day.';

-- from sql/50_schedules/tables.sql sha256:40a4f07bae4522c26469b5e3ce3e8cefac58401253d59ab2fcd50b231d54e4b4
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

-- from sql/80_realtime/tables.sql sha256:c3605a623ee21a2dfd3ec9fcf32770a0a5e46f5161d085bf8a72e47d486b6498
create table private.queue_depths (
    tenant_no integer not null,
    waiting integer not null,
    scheduled integer not null,
    running integer not null,
    pushed_at timestamptz not null,
    constraint queue_depths_pkey primary key (tenant_no),
    constraint queue_depths_tenant_no_fkey foreign key (tenant_no) references private.queue_tenants (tenant_no) on delete cascade
) with (fillfactor = 50);
comment on table private.queue_depths is 'What was last pushed of each tenant''s queue, so that only changes are.';

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

-- from sql/92_retention/tables.sql sha256:fca1ed9eac9f06f2f18a1b8d58b25e64521363d9710ce684cc26c45b72ad6338
-- How long what is kept is policy, and stands in a table. Everything is deleted by duties of cron, a bounded part at a time.

create table private.retentions (
    kind text not null,                 -- a table of public
    plan public.tenant_plan not null,
    days integer not null,
    may_be_shortened boolean not null default true,     -- by settings of the tenant
    constraint retentions_pkey primary key (kind, plan),
    constraint retentions_days_check check (days > 0)
);
comment on table private.retentions is
    'How many days rows are kept, by plan. Dead letters keep their jobs; the audit log is kept longest, and no tenant can shorten that.';
insert into private.retentions (kind, plan, days, may_be_shortened)
values
    ('jobs', 'free', 7, true), ('jobs', 'pro', 90, true), ('jobs', 'enterprise', 400, true),
    ('job_logs', 'free', 7, true), ('job_logs', 'pro', 30, true), ('job_logs', 'enterprise', 90, true),
    ('job_node_executions', 'free', 7, true), ('job_node_executions', 'pro', 30, true),
    ('job_node_executions', 'enterprise', 90, true),
    ('late_results', 'free', 7, true), ('late_results', 'pro', 90, true), ('late_results', 'enterprise', 400, true),
    ('dead_letters', 'free', 30, true), ('dead_letters', 'pro', 180, true), ('dead_letters', 'enterprise', 800, true),
    ('robot_commands', 'free', 7, true), ('robot_commands', 'pro', 30, true), ('robot_commands', 'enterprise', 90, true),
    ('schedule_fires', 'free', 7, true), ('schedule_fires', 'pro', 30, true), ('schedule_fires', 'enterprise', 90, true),
    ('events', 'free', 7, true), ('events', 'pro', 30, true), ('events', 'enterprise', 90, true),
    ('audit_log', 'free', 365, false), ('audit_log', 'pro', 1095, false), ('audit_log', 'enterprise', 2555, false);

create table private.exports (
    partition_name text not null,       -- of jobs, without its schema
    finished_before timestamptz not null,   -- jobs that finished before this are in the file
    marked_at timestamptz not null,
    constraint exports_pkey primary key (partition_name)
);
comment on table private.exports is
    'Partitions of jobs that were written to a file. Jobs of tenants with the setting export_before_drop leave only when they are in one.';

-- from sql/95_analytics/tables.sql sha256:57e0f74d75cab5069dfecb751d3c34bd8eb49e3304ebaf9c6a2c18e4832940a2
-- Written by whoever numbers a tenant's events, in the same transaction and under the same lock: each end of a job is
-- counted once, and the robot that ended it wrote nothing for it. See docs/analytics.md.
create table public.job_rollups (
    tenant_id uuid not null,
    level public.rollup_level not null,
    starts_at timestamptz not null,     -- of the UTC hour or day; the epoch for level tenant
    subject_id uuid not null,           -- the workflow, the robot, or the tenant itself
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
comment on table public.job_rollups is 'How the jobs of an hour, a day or a life ended, for a tenant, a workflow or a robot.';

create table public.job_node_executions (
    tenant_id uuid not null,
    job_id uuid not null,
    attempt smallint not null,
    node_executions jsonb not null,     -- [{node_id, node_type?, status?, duration_ms?, runs?, healing? {healed, attempts?}}]
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

-- from sql/97_duties/tables.sql sha256:c68f1c7ed71cc057538eb2cca58b0083d3326b83c440d00991a26a7a01a1ccb7
-- What the database does by itself, for all tenants. One dispatcher runs it (private.run_duties), and claims do the part that
-- must be right with a cron that knows minutes only (private.run_due_duties). Each run does a bounded part, in turns among
-- tenants, and a duty that is behind goes on at once. See docs/operations.md.

create table private.duties (
    name text not null,                 -- of a function of private
    every interval not null,
    bound integer,                      -- most rows of one run, which is one transaction; null: it takes no bound
    -- Whose tenants take turns: the table, in the order of its tenant_id. The function is that of one tenant's turn,
    -- (p_tenant_id, p_limit, p_after) -> private.turn. Null: the function is (p_limit) -> count, and shares out p_limit itself.
    tenants_of text,
    without_turns text,                 -- why tenants play no part in it
    rest integer not null default 0,    -- after a run it rests for so many times what that took, if that is longer than every
    claims_every interval,              -- claims do it too, so often; null: they do not
    claims_bound integer,
    claimed_at timestamptz not null default '-infinity',    -- when a claim last did it
    constraint duties_pkey primary key (name),
    constraint duties_bound_check check (bound > 0 and (bound is not null or without_turns is not null)),
    constraint duties_without_turns_check check (tenants_of is null or without_turns is null)
) with (fillfactor = 50);
comment on table private.duties is
    'Every duty there is: its function, its period, the bound of a run, how tenants take turns in it, and how often claims do it too.';

create table private.duty_runs (
    name text not null,
    last_run_at timestamptz not null default now(),     -- or when it was made
    last_took interval,
    last_count integer,
    last_error text,                    -- null: the last run succeeded, for every tenant
    behind_since timestamptz,           -- the last run left something, so that it goes on at once; since when that is so
    position jsonb,                     -- where the next run goes on, for duties that do a part at a time
    tried_at timestamptz not null default '-infinity',  -- by the clock on the wall: of what is due, what waited longest is next
    constraint duty_runs_pkey primary key (name),
    constraint duty_runs_name_fkey foreign key (name) references private.duties (name) on delete cascade
) with (fillfactor = 50);
comment on table private.duty_runs is
    'How each duty goes: when the dispatcher last ran it, what it did, its error, and whether something is left. See private.run_duty().';

insert into private.duties (name, every, bound, tenants_of, claims_every, claims_bound)
values
    ('fire_due_schedules', '5 seconds', 1000, null, '5 seconds', 20),
    ('promote_scheduled_jobs', '5 seconds', 1000, null, '1 second', 200),
    ('rescue_expired_leases', '5 seconds', 200, null, '5 seconds', 50),
    ('raise_low_water', '5 seconds', 500, null, '1 second', 500),
    ('fold_share_usage', '5 seconds', 5000, null, '1 second', 1000),
    ('recheck_low_water', '1 minute', 2000, null, '150 seconds', 200),  -- claims only when the dispatcher does not
    ('follow_scheduled_jobs', '5 seconds', 1000, 'private.schedule_news', null, null),
    ('cancel_jobs_of_deleted_workflows', '5 seconds', 2000, 'private.workflow_removals', null, null),
    ('mark_offline_robots', '1 minute', 1000, 'public.robot_heartbeats', null, null),
    ('notice_deaf_robots', '1 minute', 1000, 'public.robot_heartbeats', null, null),
    ('age_lanes', '1 minute', 2000, 'private.queue_tenants', null, null),
    ('check_waiting_quotas', '1 minute', 10000, 'private.queue_tenants', null, null),
    ('reconcile_limits', '5 minutes', 1000, 'private.limits', null, null),
    ('extend_calendars', '1 day', 1000, 'public.calendars', null, null),
    ('sequence_events', '1 minute', 10000, 'private.event_inbox', null, null),
    ('purge_expired_jobs', '1 minute', 10000, 'public.jobs', null, null),
    ('purge_expired_job_logs', '1 minute', 10000, 'public.job_logs', null, null),
    ('purge_expired_events', '1 minute', 10000, 'public.events', null, null),
    ('purge_expired_dead_letters', '10 minutes', 10000, 'public.dead_letters', null, null),
    ('purge_expired_late_results', '10 minutes', 10000, 'public.late_results', null, null),
    ('purge_expired_job_node_executions', '10 minutes', 10000, 'public.job_node_executions', null, null),
    ('purge_expired_robot_commands', '1 hour', 10000, 'public.robot_commands', null, null),
    ('purge_expired_schedule_fires', '1 hour', 10000, 'public.schedule_fires', null, null),
    ('purge_expired_audit_log', '1 hour', 10000, 'public.audit_log', null, null),
    ('purge_idempotency_keys', '1 hour', 10000, 'private.idempotency_keys', null, null),
    ('purge_job_rollups', '1 day', 10000, 'public.job_rollups', null, null);
insert into private.duties (name, every, bound, rest)
values ('push_queue_depths', '5 seconds', 1000, 20);
insert into private.duties (name, every, bound, without_turns)
values
    ('purge_login_attempts', '1 hour', 10000, 'A login is tried before anybody knows the tenant.'),
    ('purge_request_counts', '10 minutes', 10000, 'Requests are counted by address and key, most of them of no tenant.'),
    ('purge_cron_details', '1 hour', 10000, 'They are the runs of cron.'),
    ('ensure_job_partitions', '1 day', null, 'A week is of all tenants.'),
    ('place_default_jobs', '1 hour', null, 'It moves whole weeks, which are of all tenants.'),
    ('drop_job_partitions', '1 hour', null, 'A week is of all tenants.');
insert into private.duty_runs (name) select d.name from private.duties as d;

-- What every claim reads is no row: beside a snapshot that is held for long, each run of a duty would leave one more to pass.
create sequence private.next_duty_at as bigint minvalue 0;
comment on sequence private.next_duty_at is
    'When claims have the next duty to do, in milliseconds since 1970, or before: they look at private.duties no earlier. More than a second ahead it means nothing, as the clock was set back. A claim that is undone after duties leaves it ahead: they are done a second later, or by the dispatcher.';

-- from sql/30_robots/views.sql sha256:f1f398be8172f3b91298fe2168079d3d403ff79eb4a24145564df2c5f84dc7e3
-- The functions that the view calls stand here, before it; every other function has a file of its own.
create or replace function private.back_at()
returns timestamptz
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return (select to_timestamp(nullif(t.last_value, 0) / 1000.0) from private.outage_ended_at as t);
end
$$;
comment on function private.back_at is 'When the service was back after its newest outage; null: it never was away.';
revoke all on function private.back_at from public, anon, authenticated, service_role;
grant execute on function private.back_at to authenticated;

create or replace function private.count_held_jobs(p_robot_id uuid)
returns bigint
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select count(*)
        from public.robots as r
        join private.leases as l on l.robot_id = r.robot_id
        where r.robot_id = p_robot_id and r.tenant_id = private.permitted_tenant_id('robots.read')
        having count(*) > 0
    );
end
$$;
comment on function private.count_held_jobs is
    'How many jobs a robot of the caller''s tenant holds, whosever they are; null for none, and for any other robot. For the view of robots, whose reader may not see the leases of other tenants'' jobs.';
revoke all on function private.count_held_jobs from public, anon, authenticated, service_role;
grant execute on function private.count_held_jobs to authenticated;

create or replace view public.live_robots with (security_invoker = true) as
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
    r.mode = 'active' and not coalesce(h.is_in_maintenance, false) as is_active,
    coalesce(h.health, 'ok') = 'ok' and r.quarantined_at is null as is_healthy,
    w.load > 0 as is_busy,
    h.last_claim_at,
    h.deaf_since,
    w.load,
    w.job_ids as current_job_ids,
    c.last_command,
    case
        when h.other_session_at > private.clock() - make_interval(secs => coalesce(t.robot_offline_after_seconds, 90))
            then h.other_session_at
    end as other_session_at
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
    'Robots with what they last said of themselves, the jobs of their tenant that they hold and how many they hold in all. A face derives its word from is_online, is_active (its mode, and not in maintenance), is_healthy (no error, not in quarantine) and is_busy (holds a job). other_session_at: when another process with its key was heard of lately.';

-- from sql/40_queue/views.sql sha256:5b72439a3f553903b8aa798ad4ce54c1a0bc4bf2798ef28a172c9564133363b9
create or replace view public.live_jobs with (security_invoker = true) as
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

-- from sql/00_platform/functions/actor_id.sql sha256:25452a9ab3349a62eeaec9be6dff040b1460fbc391f388f8fa015f559a063013
create or replace function private.actor_id()
returns uuid
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
end
$$;
comment on function private.actor_id is
    'The subject of the request''s claims, to be written down as the one who did it; null for the system. It decides nothing: see private.caller().';
revoke all on function private.actor_id from public, anon, authenticated, service_role;

-- from sql/00_platform/functions/advisory_locks.sql sha256:67a2206fb2c078bee8fc01d230192793e45f8d797ad9d3e41a136fc02efd6ca5
-- Every advisory lock has its name here: pg_advisory_xact_lock(private.claims_lock(), hashtext(p_robot_id::text)). The first key
-- says what is locked, the second one which. Constants without a SET clause, so that a plan holds the number and not the call.

create or replace function private.registration_lock() returns integer language sql immutable parallel safe as $$select 1920098932$$;
comment on function private.registration_lock is
    'One registration of an external id of a tenant at a time; with hashtext(tenant and external id).';
revoke all on function private.registration_lock from public, anon, authenticated, service_role;

create or replace function private.claims_lock() returns integer language sql immutable parallel safe as $$select 1801678962$$;
comment on function private.claims_lock is
    'One claim of a robot at a time, and none while what it holds is given back; with hashtext(robot).';
revoke all on function private.claims_lock from public, anon, authenticated, service_role;

create or replace function private.lane_lock() returns integer language sql immutable parallel safe as $$select 1801678963$$;
comment on function private.lane_lock is
    'Whoever makes a job ready again in a lane shares it; private.raise_low_water() passes over a lane that it cannot have alone. With the lane''s number.';
revoke all on function private.lane_lock from public, anon, authenticated, service_role;

create or replace function private.collision_lock() returns integer language sql immutable parallel safe as $$select 1801678964$$;
comment on function private.collision_lock is
    'One job of a concurrency key at a time is judged by the key''s rule; with the limit''s number.';
revoke all on function private.collision_lock from public, anon, authenticated, service_role;

create or replace function private.limits_lock() returns integer language sql immutable parallel safe as $$select 1801678965$$;
comment on function private.limits_lock is
    'Claims share it, so that none takes jobs of a tenant while a limit of it is set; with hashtext(tenant).';
revoke all on function private.limits_lock from public, anon, authenticated, service_role;

create or replace function private.workflow_lock() returns integer language sql immutable parallel safe as $$select 2003792484$$;
comment on function private.workflow_lock is
    'Whoever enqueues jobs of a workflow shares it, so that none is enqueued while the workflow is deleted; with hashtext(workflow).';
revoke all on function private.workflow_lock from public, anon, authenticated, service_role;

create or replace function private.request_lock() returns bigint language sql immutable parallel safe as $$select 7236401::bigint$$;
comment on function private.request_lock is
    'One request with an Idempotency-Key at a time; the seed of hashtextextended(tenant, actor and key), as this key is one of 64 bits.';
revoke all on function private.request_lock from public, anon, authenticated, service_role;

-- from sql/00_platform/functions/find_json_problem.sql sha256:54655430093b495523b8dae67ca0d2608a1924054a6a94467440bf1f1b76ef50
create or replace function private.find_json_problem(p_name text, p_value jsonb)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return case
        when private.is_deep_json(p_value) then format('%s must not be nested deeper than 100 levels.', p_name)
        when private.has_huge_number(p_value) then
            format('%s must not have numbers beyond 1e308, or smaller than 1e-400 and not 0.', p_name)
    end;
end
$$;
comment on function private.find_json_problem is
    'Why a value of a caller''s, who knows it as p_name, cannot be read by everybody who gets it; null when it can.';
revoke all on function private.find_json_problem from public, anon, authenticated, service_role;

-- from sql/00_platform/functions/get_schema_version.sql sha256:dc8c3a5676b4e797d3f91ed54079c36dac0cafd4354f6f9d84c11bd685df8ba3
-- Written by the command `make migration`: do not edit.
create or replace function private.get_schema_version()
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select '20261121083314'
$$;
comment on function private.get_schema_version is
    'The migration that brought this database to its present state, so that a program can tell whether it is the one that it was written for.';
revoke all on function private.get_schema_version from public, anon, authenticated, service_role;
grant execute on function private.get_schema_version to casare_functions;

-- from sql/00_platform/functions/has_huge_number.sql sha256:fd3671ba576aee87896f161b6a46d734b6c47db8152c7578afb6ec3871538ceb
-- A number of a few bytes can have 131,072 digits when it is written out, and a text cannot have more than a gigabyte: a value of
-- such numbers could be stored, and nothing that holds it could ever be read. A value of less than 400 bytes has few of them.
create or replace function private.has_huge_number(p_value jsonb)
returns boolean
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return pg_column_size(p_value) > 400 and jsonb_path_exists(
        p_value,
        'strict $.** ? (@.type() == "number" && (@ >= 1e309 || @ <= -1e309 || @ != 0 && @ < 1e-400 && @ > -1e-400))'
    );
end
$$;
comment on function private.has_huge_number is
    'Whether a number lies beyond what readers of JSON know (a double: up to 1e308) or nearer to 0 than 1e-400: such a value is refused, as it is far longer as a text than it is stored. Null for null.';
revoke all on function private.has_huge_number from public, anon, authenticated, service_role;

-- from sql/00_platform/functions/is_calendar_time.sql sha256:721b3af17afb935abb4474dcda147d1c02af281e8e0b5f2e3dceef79489559fa
-- Postgres knows infinity and years of six digits; the clients that read what is stored do not.
create or replace function private.is_calendar_time(p_at timestamptz)
returns boolean
language sql
immutable
as $$
    select p_at >= timestamptz '0001-01-02 00:00:00+00' and p_at < timestamptz '9999-12-31 00:00:00+00'
$$;
comment on function private.is_calendar_time is
    'Whether a time from outside lies in the years 1 to 9999, which every client can read; null for null.';
revoke all on function private.is_calendar_time from public, anon, authenticated, service_role;

-- from sql/00_platform/functions/is_deep_json.sql sha256:330831ca389b3acb623b5499558fa5d0dec25ac28b14ddae0baa55cd1b568b65
-- For values on their way in: those are not compressed, a hundred levels take eight bytes each, and what is smaller costs
-- nothing to judge.
create or replace function private.is_deep_json(p_value jsonb)
returns boolean
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return pg_column_size(p_value) > 800 and jsonb_path_exists(p_value, 'strict $.**{101}');
end
$$;
comment on function private.is_deep_json is
    'Whether something lies deeper than a hundred levels of objects and lists: such a value is refused, because readers of JSON give up on it. Null for null.';
revoke all on function private.is_deep_json from public, anon, authenticated, service_role;

-- from sql/00_platform/functions/nfc.sql sha256:535ebc18fc94c30342fa92d88669f612e9c174e567b392a6457db013cab3f68a
-- Without a SET clause, so that it is inlined. ASCII, which most text is, is as it is.
create or replace function private.nfc(p_text text)
returns text
language sql
immutable
parallel safe
as $$
    select case when pg_catalog.octet_length(p_text) = pg_catalog.length(p_text) then p_text else normalize(p_text, nfc) end
$$;
comment on function private.nfc is
    'A text that names something, as it is kept and looked for: two spellings of é are one name (Unicode''s normal form C).';
revoke all on function private.nfc from public, anon, authenticated, service_role;

-- from sql/00_platform/functions/nfc_words.sql sha256:75717e0bb1077923fd969c0fef1001d6f9dbff632d9f27dbde540951947fae13
-- Without a SET clause, so that it is inlined.
-- The list is normalised as it is written: no character that Unicode composes is a bracket, a comma or a quotation mark.
create or replace function private.nfc_words(p_words text[])
returns text[]
language sql
stable
parallel safe
as $$
    select case
        when pg_catalog.octet_length(p_words::text) = pg_catalog.length(p_words::text) then p_words
        else normalize(p_words::text, nfc)::text[]
    end
$$;
comment on function private.nfc_words is 'The words of a list as private.nfc() keeps a text.';
revoke all on function private.nfc_words from public, anon, authenticated, service_role;

-- from sql/00_platform/functions/no_later_than.sql sha256:91fecdedcabb38b1a70ec81fd9cba4cb3ae27cb7179667c85164461d8c1b04de
-- Without a SET clause, so that it is inlined. least() would take p_now for a time that never was.
create or replace function private.no_later_than(p_at timestamptz, p_now timestamptz)
returns timestamptz
language sql
immutable
as $$
    select case when p_at > p_now then p_now else p_at end
$$;
comment on function private.no_later_than is
    'A time that was noted, or now if the clock was set back meanwhile and it would lie in the future: so no duration is negative. Null for null.';
revoke all on function private.no_later_than from public, anon, authenticated, service_role;

-- from sql/00_platform/functions/raise_error.sql sha256:392418b14e8df314ad0bcc45658f473a521f34098eeb27921c83c1319da0bc3b
create or replace function private.raise_error(p_status integer, p_code text, p_message text, p_hint text default null)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    -- PostgREST puts the sentence into the status line of its answer, which ends at a line feed.
    v_message text := left(regexp_replace(p_message, '[\u0001-\u001F\u007F-\u009F\u2028\u2029]+', ' ', 'g'), 500);
begin
    if p_hint is null then
        raise exception using errcode = 'PT' || p_status, message = v_message, detail = p_code;
    else
        raise exception using errcode = 'PT' || p_status, message = v_message, detail = p_code, hint = p_hint;
    end if;
end
$$;
comment on function private.raise_error is
    'Ends the transaction with an HTTP status, a code to switch on (detail) and a sentence: one convention for the Data API and for Python. The sentence is one line of at most 500 characters, whatever names stand in it.';
revoke all on function private.raise_error from public, anon, authenticated, service_role;

-- from sql/00_platform/functions/to_iso.sql sha256:8c9f0240767c6a0739b581be3d22d25e795d2cf9862780b18980ec3df9bc56bd
-- Without a SET clause, so that it is inlined.
create or replace function private.to_iso(p_at timestamptz)
returns text
language sql
stable
as $$
    select pg_catalog.to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;
comment on function private.to_iso is 'A time as every answer and message shows it: ISO 8601, UTC, with Z.';
revoke all on function private.to_iso from public, anon, authenticated, service_role;

-- from sql/00_platform/functions/uuid_v7_floor.sql sha256:aa57b20072a27d77bc900b5ae215a5d1d56b75afa485c8a2839e55b0f6b56bda
create or replace function private.uuid_v7_floor(p_at timestamptz)
returns uuid
language sql
immutable
strict
set search_path = pg_catalog, pg_temp
as $$
    select encode(int8send((extract(epoch from p_at) * 1000)::bigint << 16) || '\x0000000000000000', 'hex')::uuid
$$;
comment on function private.uuid_v7_floor is
    'A UUID that is smaller than every UUID of version 7 made at or after a time, and greater than every one made a millisecond before.';
revoke all on function private.uuid_v7_floor from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/accept_invitation.sql sha256:955cabb6ed433c8404913370eb8f975877e81df5e31db7a354326763942f3e94
-- Takes the token and hashes it here: what stands in the table is not enough to accept.
create or replace function public.accept_invitation(p_token text)
returns uuid
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
    v_user_id uuid := private.authenticate_user(v_claims);
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
    perform private.enter_tenant(v_claims, v_invitation.tenant_id);
    return v_invitation.tenant_id;
end
$$;
comment on function public.accept_invitation is
    'Makes the signed-in user, whose address was invited, a member and returns the tenant, which the next token of this session is for; once per invitation.';
revoke all on function public.accept_invitation from public, anon, authenticated, service_role;
grant execute on function public.accept_invitation to authenticated;

-- from sql/10_tenancy/functions/assign_role.sql sha256:de6a467abbb8b7f5a5141f523d6528c33bb55232776614db8ab41bb421045ff7
create or replace function public.assign_role(p_user_id uuid, p_role_id uuid)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
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
comment on function public.assign_role is 'Gives a member a role that allows no more than the caller may.';
revoke all on function public.assign_role from public, anon, authenticated, service_role;
grant execute on function public.assign_role to authenticated;

-- from sql/10_tenancy/functions/authenticate_user.sql sha256:c6625489aa9e255aecc16eba3e19d43b4ffe4cb2d630f173834f4749741a2ddc
create or replace function private.authenticate_user(p_claims jsonb)
returns uuid
language plpgsql
stable
set search_path = pg_catalog, pg_temp
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
comment on function private.authenticate_user is
    'The user that the claims name, if the account is live and the session was not logged out; whatever the tenant.';
revoke all on function private.authenticate_user from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/authorize.sql sha256:37e948525068a58525ff0fbe0cadbc74c76a1a972ba9b2be4624fc2af0b0e1ed
create or replace function private.authorize(p_permission text)
returns private.caller
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.caller();
begin
    if v_caller.principal is null then
        perform private.refuse_caller();
    end if;
    if not private.has_permission(v_caller.permissions, p_permission) then
        perform private.raise_error(403, 'FORBIDDEN', format('This needs the permission %s.', p_permission));
    end if;
    return v_caller;
end
$$;
comment on function private.authorize is
    'The verified caller, who has the permission; raises 401 AUTHENTICATION_FAILED, 403 NO_TENANT or 403 FORBIDDEN otherwise. The first line of every public function.';
revoke all on function private.authorize from public, anon, authenticated, service_role;
grant execute on function private.authorize to authenticated;

-- from sql/10_tenancy/functions/begin_idempotent_request.sql sha256:e6bfa89831a06f8768702753c4e6ea1574f62be706a588508a1f98fca6b6e685
create or replace function private.begin_idempotent_request(p_key text, p_request_hash bytea)
returns table (status_code integer, response jsonb)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.caller();
    v_actor_id uuid := coalesce(v_caller.user_id, v_caller.robot_id, v_caller.api_key_id);
    v_stored private.idempotency_keys;
    v_now timestamptz := private.clock();
begin
    if v_actor_id is null then
        perform private.refuse_caller();
    end if;
    if coalesce(length(p_key), 0) not between 1 and 255 or p_request_hash is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'Idempotency-Key must have 1 to 255 characters.');
    end if;
    -- The lock says that a transaction is at it; it is tried, not waited for, so that a retry storm holds no connections.
    if not pg_try_advisory_xact_lock(
        hashtextextended(v_caller.tenant_id::text || ' ' || v_actor_id::text || ' ' || p_key, private.request_lock())
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
comment on function private.begin_idempotent_request is
    'The answer that the caller''s first request with this key got, or no row and the key is reserved; raises 409 while the first runs (five minutes at most) and 422 for another request. Kept for 24 hours.';
revoke all on function private.begin_idempotent_request from public, anon, authenticated, service_role;
grant execute on function private.begin_idempotent_request to authenticated;

-- from sql/10_tenancy/functions/caller.sql sha256:1f8d9f378319f81b209d1c8d8b914383da865990f79058a709abb638c52062ce
-- On the path of every claim and every policy. The claims say who somebody is and which tenant they mean; whether that is
-- (still) so is looked up here, so that a removed member, a logged-out session or a revoked key loses access at its next
-- statement and not when the token expires. Nothing is taken from user_metadata, which users write themselves.
create or replace function private.caller()
returns private.caller
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
    v_caller private.caller;
begin
    if v_claims is null then
        return null;
    end if;

    if v_claims -> 'app_metadata' ->> 'principal' in ('robot', 'service') then
        -- One statement, as every verb of a robot pays for it. A key that is not bound to a robot yet may register, which
        -- asks for no permission; the others of a robot are those of the built-in role robot.
        select
            k.kind,
            k.tenant_id,
            null,
            k.robot_id,
            k.api_key_id,
            case
                when k.kind = 'service' then k.scopes
                when k.robot_id is null then '{}'
                else '{jobs.claim,jobs.report,robots.heartbeat}'
            end
        into v_caller
        from (
            select
                (a.app ->> 'api_key_id')::uuid as api_key_id,
                (a.app ->> 'tenant_id')::uuid as tenant_id,
                (a.app ->> 'robot_id')::uuid as robot_id,
                (a.app ->> 'principal')::public.api_key_kind as kind
            from (select v_claims -> 'app_metadata' as app) as a
        ) as c
        join public.api_keys as k on k.api_key_id = c.api_key_id
        join public.tenants as t on t.tenant_id = k.tenant_id
        left join public.robots as r on r.robot_id = k.robot_id
        where k.tenant_id = c.tenant_id
            and k.kind = c.kind
            and (c.robot_id is null or c.robot_id = k.robot_id)
            and k.revoked_at is null
            and (k.expires_at is null or k.expires_at > private.clock())
            and t.deleted_at is null
            and (k.kind <> 'robot' or k.robot_id is null or (r.tenant_id = k.tenant_id and r.deleted_at is null));
        return v_caller;
    end if;

    v_caller.user_id := private.authenticate_user(v_claims);
    if v_caller.user_id is null then
        return null;
    end if;
    v_caller.tenant_id := private.select_tenant_id(
        v_caller.user_id, (v_claims -> 'app_metadata' ->> 'tenant_id')::uuid, (v_claims ->> 'session_id')::uuid
    );
    if v_caller.tenant_id is null then
        return null;
    end if;
    v_caller.principal := 'user';
    v_caller.permissions := private.list_member_permissions(v_caller.tenant_id, v_caller.user_id);
    return v_caller;
end
$$;
comment on function private.caller is
    'Who makes this request, verified against the tables at every statement; null when the claims name nobody who may act now.';
revoke all on function private.caller from public, anon, authenticated, service_role;
grant execute on function private.caller to authenticated;

-- from sql/10_tenancy/functions/check_admin_remains.sql sha256:41575f1f683decf590ff48ffa9714a750a26fa50fb64341166c39e9adbd85650
-- Call it after the change: the row of the tenant is locked, so two admins cannot remove each other at the same moment.
create or replace function private.check_admin_remains(p_tenant_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
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
comment on function private.check_admin_remains is 'Raises 409 LAST_ADMIN when the tenant has no member with the admin role any more.';
revoke all on function private.check_admin_remains from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/check_login.sql sha256:3af06947f3ee738a38dd828c0bd959b1eb6909f0c0291d4ce96777a598102fce
-- The attempt is counted before the password is looked at: a hundred requests at once get five guesses, not a hundred.
-- Commit before asking Auth, then say with record_login() how it went.
create or replace function private.check_login(p_login text, p_ip inet)
returns table (remaining integer, reset_at timestamptz)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
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
            'Too many failed logins. This login is locked until '
                || to_char(v_until at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"') || '.',
            greatest(1, ceil(extract(epoch from v_until - v_now)))::integer::text
        );
    end if;
    return query select 5 - v_attempt.failures, v_attempt.window_started_at + interval '5 minutes';
end
$$;
comment on function private.check_login is
    'Counts an attempt to log in and says how many are left until when; raises 429 LOGIN_LOCKED with the seconds to wait as hint after five failures in five minutes.';
revoke all on function private.check_login from public, anon, authenticated, service_role;
grant execute on function private.check_login to casare_functions;

-- from sql/10_tenancy/functions/check_permissions_exist.sql sha256:d100a091f116445ef7907c838763dc8cfd8a2dc43082c7d5f335fda2e33c7aa1
create or replace function private.check_permissions_exist(p_field text, p_permissions text[])
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
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
comment on function private.check_permissions_exist is
    'Raises 400 INVALID_ARGUMENT for a code or wildcard that stands for no permission.';
revoke all on function private.check_permissions_exist from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/create_api_key.sql sha256:b0a3b385279095dca398e6d13a3d540b53d434905315041199790276f71334b0
create or replace function public.create_api_key(
    p_kind public.api_key_kind,
    p_name text,
    p_key_hash bytea,
    p_prefix text,
    p_robot_id uuid default null,
    p_scopes text[] default '{}',
    p_expires_at timestamptz default null,
    p_robot text default null       -- or by its id or its external id, which may be one that no robot has yet
)
returns public.api_key_summary
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('api_keys.write');
    v_robot_id uuid;
    v_external_id text;     -- of a robot that is not there yet
    v_scopes text[] := array(select distinct replace(s.scope, ':', '.') as scope from unnest(p_scopes) as s (scope) order by scope);
begin
    if p_kind is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'kind must be robot or service.');
    end if;
    if p_kind = 'robot' then
        if v_scopes <> '{}' then
            perform private.raise_error(400, 'INVALID_ARGUMENT', 'scopes: a robot key has none of its own.');
        end if;
        if p_robot_id is not null and p_robot is not null then
            perform private.raise_error(400, 'INVALID_ARGUMENT', 'robot_id and robot must not both be given.');
        end if;
        select r.robot_id into v_robot_id
        from public.robots as r
        where r.tenant_id = v_caller.tenant_id
            and r.deleted_at is null
            and (r.robot_id = p_robot_id or r.robot_id::text = lower(p_robot) or r.external_id = p_robot)
        order by r.external_id = p_robot    -- an external id may look like a UUID; the robot's own id wins
        limit 1;
        -- A robot gets its own id when it comes: nobody can mean one that is not there by that.
        if not found and p_robot ~ '^[A-Za-z0-9_-]{1,64}$' and p_robot !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
            v_external_id := p_robot;
        elsif not found and coalesce(p_robot_id::text, p_robot) is not null then
            perform private.raise_error(404, 'ROBOT_NOT_FOUND', 'There is no such robot.');
        end if;
    else
        if coalesce(p_robot_id::text, p_robot) is not null then
            perform private.raise_error(400, 'INVALID_ARGUMENT', 'robot_id: a service key belongs to no robot.');
        end if;
        if v_scopes = '{}' then
            perform private.raise_error(400, 'INVALID_ARGUMENT', 'scopes must name at least one permission.');
        end if;
        perform private.check_permissions_exist('scopes', v_scopes);
    end if;
    if p_expires_at <= private.clock() or p_expires_at > private.clock() + interval '1000 years' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'expires_at must lie in the next 1000 years.');
    end if;
    return private.insert_api_key(
        v_caller, p_kind, p_name, p_key_hash, p_prefix, v_robot_id, v_external_id, v_scopes, p_expires_at
    );
end
$$;
comment on function public.create_api_key is
    'Stores a new key by its SHA-256: of a robot (one that is not there yet registers with it under that name and no other; none: the first that registers with it), or of a program with scopes that the caller has. Raises 404 ROBOT_NOT_FOUND.';
revoke all on function public.create_api_key from public, anon, authenticated, service_role;
grant execute on function public.create_api_key to authenticated;

-- from sql/10_tenancy/functions/create_profile.sql sha256:5d188172ac9bc28bbfc1e5f7659e4f902265ba58ccd8e8aa6ee91f262488c8a8
create or replace function private.create_profile(p_user_id uuid, p_email text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
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
comment on function private.create_profile is
    'The profile of a user who named none: the local part of the address, with a suffix when it is taken.';
revoke all on function private.create_profile from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/create_role.sql sha256:cab5ce0ff20f99735dc5a405864fa1cafd2e1284c1e1071b17a9067688dbb58b
create or replace function public.create_role(
    p_name text,
    p_slug text,
    p_permissions text[],
    p_description text default ''
)
returns uuid
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('members.write');
    v_role_id uuid;
begin
    p_name := private.nfc(btrim(p_name));
    if coalesce(length(p_name), 0) not between 1 and 128 then
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
    values (v_caller.tenant_id, p_name, p_slug, left(coalesce(p_description, ''), 1000))
    on conflict (tenant_id, slug) do nothing
    returning role_id into v_role_id;
    if v_role_id is null then
        perform private.raise_error(409, 'ROLE_EXISTS', 'There is a role with this slug already.');
    end if;
    perform private.set_role_permissions(v_caller, v_role_id, p_permissions);
    return v_role_id;
end
$$;
comment on function public.create_role is
    'A role of the caller''s tenant with permissions that the caller has; returns its id.';
revoke all on function public.create_role from public, anon, authenticated, service_role;
grant execute on function public.create_role to authenticated;

-- from sql/10_tenancy/functions/create_tenant.sql sha256:a60f01e01656410495eb7f514935cf7cde9d9e765df0a1a6f6b0c5ab3e9efbd7
create or replace function private.create_tenant(p_name text, p_admin_user_id uuid)
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_slug text := coalesce(nullif(btrim(left(regexp_replace(lower(p_name), '[^a-z0-9]+', '-', 'g'), 48), '-'), ''), 'tenant');
    v_tenant_id uuid;
begin
    p_name := private.nfc(btrim(p_name));
    if coalesce(length(p_name), 0) not between 1 and 255 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'tenant_name must have 1 to 255 characters.');
    end if;
    insert into public.tenants (name, slug)
    values (p_name, v_slug)
    on conflict (slug) do nothing
    returning tenant_id into v_tenant_id;
    if v_tenant_id is null then
        insert into public.tenants (name, slug)
        values (p_name, v_slug || '-' || left(replace(gen_random_uuid()::text, '-', ''), 8))
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
comment on function private.create_tenant is
    'A new tenant whose only member, the given user, is its admin. Its slug is made from the name.';
revoke all on function private.create_tenant from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/custom_access_token_hook.sql sha256:b16180117a2fdf594ed22d03f9eff4aef46b6ae722d3657c552d78648e4fbe3e
create or replace function public.custom_access_token_hook(event jsonb)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_user_id uuid := (event ->> 'user_id')::uuid;
    v_claims jsonb := event -> 'claims';
    v_app jsonb := coalesce(nullif(v_claims -> 'app_metadata', 'null'), '{}');
    v_tenant_id uuid := private.select_tenant_id(v_user_id, null, (v_claims ->> 'session_id')::uuid);
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
comment on function public.custom_access_token_hook is
    'Called by Supabase Auth for every token: names the tenant, roles and permissions in app_metadata. The database checks them again.';
revoke all on function public.custom_access_token_hook from public, anon, authenticated, service_role;
grant execute on function public.custom_access_token_hook to supabase_auth_admin;

-- from sql/10_tenancy/functions/delete_role.sql sha256:b1eaa5e0e87ee353dfcb689038c470f4b7f4d67f5894cef5cf54f4b3d59e4d0f
create or replace function public.delete_role(p_role_id uuid)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
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
comment on function public.delete_role is 'Deletes a role of the tenant and takes it from its members.';
revoke all on function public.delete_role from public, anon, authenticated, service_role;
grant execute on function public.delete_role to authenticated;

-- from sql/10_tenancy/functions/email_for_login.sql sha256:004badf7acce8527a360805d6c645667b655a4393e810810dc83982e8878fe38
create or replace function private.email_for_login(p_login text)
returns text
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
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
comment on function private.email_for_login is
    'The address to sign in with for a user name or an address, in any letter case; null when nobody has it.';
revoke all on function private.email_for_login from public, anon, authenticated, service_role;
grant execute on function private.email_for_login to casare_functions;

-- from sql/10_tenancy/functions/end_reused_session.sql sha256:8306c87bd004e50db561174eaad13ebea391a7ef722a7746d138df1197b633a8
-- Auth revokes the tokens of the family and leaves the session: its access tokens would go on for an hour, and its newest
-- refresh token for the seconds in which a revoked one is still taken.
create or replace function private.end_reused_session(p_refresh_token text)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from auth.sessions as s
    using auth.refresh_tokens as t
    where t.token = p_refresh_token and t.revoked and s.id = t.session_id;
end
$$;
comment on function private.end_reused_session is
    'Ends the session that a used-up refresh token belongs to, with all its tokens; for whom Auth has answered that the token was used already.';
revoke all on function private.end_reused_session from public, anon, authenticated, service_role;
grant execute on function private.end_reused_session to casare_functions;

-- from sql/10_tenancy/functions/ensure_builtin_roles.sql sha256:1093650da6982db1c2895de456e17b74c43945a7f711e191b077278766a976b1
create or replace function private.ensure_builtin_roles()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
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
        ('jobs.purge', 'Delete finished jobs with all that belongs to them'),
        ('jobs.retry', 'Retry jobs that ended badly'),
        ('jobs.delete', 'Take dead letters away for good'),
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
                '{workflows.*,jobs.read,jobs.create,jobs.cancel,jobs.retry,jobs.delete,schedules.*,triggers.*,robots.read,events.read,analytics.read,logs.read}'
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
comment on function private.ensure_builtin_roles is
    'Writes the permissions and built-in roles that every tenant shares. Can be run again.';
revoke all on function private.ensure_builtin_roles from public, anon, authenticated, service_role;

select private.ensure_builtin_roles();

-- from sql/10_tenancy/functions/enter_tenant.sql sha256:eb1e5398d5c3fa7cd21a7920763bbbe7dc3624ae3bff75d40f41e528c22c48c1
create or replace function private.enter_tenant(p_claims jsonb, p_tenant_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_user_id uuid := (p_claims ->> 'sub')::uuid;
    v_session_id uuid := (p_claims ->> 'session_id')::uuid;
begin
    if v_session_id is null then
        update public.profiles as p set active_tenant_id = p_tenant_id where p.user_id = v_user_id;
        return;
    end if;
    insert into private.session_tenants as s (session_id, tenant_id, user_id)
    values (v_session_id, p_tenant_id, v_user_id)
    on conflict (session_id) do update set tenant_id = excluded.tenant_id;
end
$$;
comment on function private.enter_tenant is
    'Moves the session of verified claims into a tenant of the user, and no other session; claims without a session, which Auth never makes, change where sessions begin.';
revoke all on function private.enter_tenant from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/enter_with_key.sql sha256:d45fc7023084376c3ed964b05078aea2deb7bc7078e991137754041862e7e877
create or replace function private.enter_with_key(p_key_hash bytea)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
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
comment on function private.enter_with_key is
    'Makes the rest of the transaction the request of the key''s robot or program; raises 401 AUTHENTICATION_FAILED for a key that is not live.';
revoke all on function private.enter_with_key from public, anon, authenticated, service_role;
grant execute on function private.enter_with_key to casare_functions;

-- from sql/10_tenancy/functions/finish_idempotent_request.sql sha256:015328496e12f4e02f6b99172e0a953aaa2eb112cc93c962a6d7c47ba694c1fd
create or replace function private.finish_idempotent_request(p_key text, p_status integer, p_response jsonb)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
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
comment on function private.finish_idempotent_request is
    'Keeps the answer to the request that reserved the key; in the transaction of the work, so that there is neither without the other.';
revoke all on function private.finish_idempotent_request from public, anon, authenticated, service_role;
grant execute on function private.finish_idempotent_request to authenticated;

-- from sql/10_tenancy/functions/get_abandoned_tenant.sql sha256:ef417186ce59f909ef35d152f0083063434c4ca4b64c777c04f8e01d6f854b20
create or replace function private.get_abandoned_tenant(p_tenant text)
returns uuid
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant_id uuid;
begin
    select t.tenant_id
    into v_tenant_id
    from public.tenants as t
    where p_tenant in (t.tenant_id::text, t.slug)
    order by t.tenant_id::text = p_tenant desc      -- somebody may have named theirs by another's id
    limit 1;
    if v_tenant_id is null then
        perform private.raise_error(404, 'TENANT_NOT_FOUND', 'There is no such tenant.');
    elsif not exists (select from private.list_abandoned_tenants() as a where a.tenant_id = v_tenant_id) then
        perform private.raise_error(409, 'TENANT_HAS_MEMBERS', 'This tenant has members: they decide about it.');
    end if;
    return v_tenant_id;
end
$$;
comment on function private.get_abandoned_tenant is
    'The tenant with this id or slug, whose last member is gone. Raises 404 TENANT_NOT_FOUND, 409 TENANT_HAS_MEMBERS.';
revoke all on function private.get_abandoned_tenant from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/get_assignable_role.sql sha256:16c22519f23af5d597411dec9cda806721bff0046b4e9c7fb735f9452bd7cf34
create or replace function private.get_assignable_role(p_caller private.caller, p_role_id uuid)
returns public.roles
language plpgsql
stable
set search_path = pg_catalog, pg_temp
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
comment on function private.get_assignable_role is
    'A role of the caller''s tenant, or a built-in one for people, that allows no more than the caller may; raises 404 or 403 otherwise.';
revoke all on function private.get_assignable_role from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/get_dev_mode_claims.sql sha256:e35907fd979d0eff8f9abd916ad41c96d23dc1e79a08f152ac82290ce2184ca2
create or replace function private.get_dev_mode_claims()
returns jsonb
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
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
comment on function private.get_dev_mode_claims is
    'The claims that JWT_DEV_MODE gives a request without credentials: the first admin of the oldest tenant. The functions ask on the local stack only; it tells them nothing that their login may not set by itself.';
revoke all on function private.get_dev_mode_claims from public, anon, authenticated, service_role;
grant execute on function private.get_dev_mode_claims to casare_functions;

-- from sql/10_tenancy/functions/get_manageable_member.sql sha256:c6902d2bd2786afd908fd081c0b0364150d6bcc7ba933a6504dca6664bfb71d3
create or replace function private.get_manageable_member(p_caller private.caller, p_user_id uuid)
returns public.memberships
language plpgsql
set search_path = pg_catalog, pg_temp
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
comment on function private.get_manageable_member is
    'A member of the caller''s tenant who may do no more than the caller; locks the tenant against other changes of members.';
revoke all on function private.get_manageable_member from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/give_tenant.sql sha256:d79bea217b56ebf857f6a6c54c1a5f0ecd792f03df05792e2f1cad422eb0858f
-- For the owner of the database, who acts for no tenant.
create or replace function private.give_tenant(p_tenant text, p_login text)
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant_id uuid := private.get_abandoned_tenant(p_tenant);
    v_email text := private.email_for_login(p_login);
    v_user_id uuid;
begin
    select u.id into v_user_id from auth.users as u where u.email = v_email and not u.is_sso_user and u.deleted_at is null;
    if v_user_id is null then
        perform private.raise_error(404, 'USER_NOT_FOUND', 'There is no such user.');
    end if;
    update public.tenants as t set deleted_at = null where t.tenant_id = v_tenant_id and t.deleted_at is not null;
    insert into public.memberships (tenant_id, user_id) values (v_tenant_id, v_user_id) on conflict do nothing;
    insert into public.member_roles (tenant_id, user_id, role_id)
    select v_tenant_id, v_user_id, r.role_id
    from public.roles as r
    where r.tenant_id is null and r.slug = 'admin'
    on conflict do nothing;
    return v_user_id;
end
$$;
comment on function private.give_tenant is
    'Makes a user the admin of a tenant whose last member is gone, one whose purge has begun included. Raises 404 TENANT_NOT_FOUND or USER_NOT_FOUND, 409 TENANT_HAS_MEMBERS.';
revoke all on function private.give_tenant from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/has_permission.sql sha256:9e7b37949051c96554d22f779a1c336add705a081f475be63475f52c9b6b72b4
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
comment on function private.has_permission is
    'Whether a set of granted codes (exact, resource.*, *.action or *) holds a permission.';
revoke all on function private.has_permission from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/has_permissions.sql sha256:ae84df70d9a80092dafa43a9dcc9c242eb565c1eedb8cfbfaef701ac6acc1252
create or replace function private.has_permissions(p_granted text[], p_permissions text[])
returns boolean
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return not exists (
        select from unnest(p_permissions) as p (permission) where not private.has_permission(p_granted, p.permission)
    );
end
$$;
comment on function private.has_permissions is
    'Whether a set of granted codes holds every one of another set, wildcards included: nobody gives what they have not got.';
revoke all on function private.has_permissions from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/insert_api_key.sql sha256:d30573d3a5d5c237b14f5b7b34b5f5d982c730d824ed83b457d483ed054e9727
create or replace function private.insert_api_key(
    p_caller private.caller,
    p_kind public.api_key_kind,
    p_name text,
    p_key_hash bytea,
    p_prefix text,
    p_robot_id uuid,
    p_robot_external_id text,
    p_scopes text[],
    p_expires_at timestamptz
)
returns public.api_key_summary
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_api_key_id uuid;
begin
    p_name := private.nfc(btrim(p_name));
    if not private.has_permissions(
        p_caller.permissions, case p_kind when 'robot' then '{jobs.claim,jobs.report,robots.heartbeat}' else p_scopes end
    ) then
        perform private.raise_error(403, 'FORBIDDEN', 'A key cannot be allowed more than you are.');
    end if;
    if coalesce(length(p_name), 0) not between 1 and 128 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'name must have 1 to 128 characters.');
    end if;
    if p_key_hash is null or octet_length(p_key_hash) <> 32 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'key_hash must be a SHA-256.');
    end if;
    if coalesce(length(p_prefix), 0) not between 1 and 16 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'prefix must have 1 to 16 characters.');
    end if;
    insert into public.api_keys (
        tenant_id, kind, name, prefix, key_hash, robot_id, robot_external_id, scopes, created_by, expires_at
    )
    values (
        p_caller.tenant_id,
        p_kind,
        p_name,
        p_prefix,
        p_key_hash,
        p_robot_id,
        p_robot_external_id,
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
comment on function private.insert_api_key is
    'Writes the row of a new key that may do no more than its maker.';
revoke all on function private.insert_api_key from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/invite_member.sql sha256:caf081eb4ce5b077994d04d28d551919606d7742ab229f4b9b186ba378081632
create or replace function public.invite_member(
    p_email text,
    p_role_id uuid,
    p_token_hash bytea,
    p_expires_at timestamptz default null
)
returns uuid
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
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
comment on function public.invite_member is
    'Offers membership with a role to an e-mail address, for seven days unless told otherwise; the token itself is known to its sender only.';
revoke all on function public.invite_member from public, anon, authenticated, service_role;
grant execute on function public.invite_member to authenticated;

-- from sql/10_tenancy/functions/is_registered_as.sql sha256:fa360d626da994b8c36534c178dab9c302846300508cca890a7693c33d6fe134
create or replace function private.is_registered_as(p_email text, p_registration jsonb)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return exists (
        select
        from auth.users as u
        where u.email = lower(btrim(p_email))
            and not u.is_sso_user
            and u.deleted_at is null
            and u.raw_app_meta_data -> 'registration' = p_registration
    );
end
$$;
comment on function private.is_registered_as is
    'Whether the user with this address came by exactly this registration, so that a repeat of it is a sign-in: its password is still to be proved.';
revoke all on function private.is_registered_as from public, anon, authenticated, service_role;
grant execute on function private.is_registered_as to casare_functions;

-- from sql/10_tenancy/functions/list_abandoned_tenants.sql sha256:961108697719545a0899af7991a5c79bcf4be8911fc4a58373cb0b41b7606ffa
-- A user who is deleted softly stays a row of auth.users; one from before the table trigger knew of it stays a member, too.
create or replace function private.list_abandoned_tenants()
returns table (tenant_id uuid, slug text, name text, created_at timestamptz, robots bigint, live_keys bigint)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        t.tenant_id, t.slug, t.name, t.created_at,
        (select count(*) from public.robots as r where r.tenant_id = t.tenant_id and r.deleted_at is null),
        (
            select count(*)
            from public.api_keys as k
            where k.tenant_id = t.tenant_id
                and k.revoked_at is null
                and (k.expires_at is null or k.expires_at > private.clock())
        )
    from public.tenants as t
    where not exists (
        select
        from public.memberships as m
        join auth.users as u on u.id = m.user_id and u.deleted_at is null
        where m.tenant_id = t.tenant_id
    )
    order by t.created_at, t.tenant_id;
end
$$;
comment on function private.list_abandoned_tenants is
    'Tenants whose last member is gone: nobody can sign in to them, and their robots and keys go on until an operator hands them over or purges them.';
revoke all on function private.list_abandoned_tenants from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/list_actor_permissions.sql sha256:50929c0dffab8b409e38ad80e5c1ac6fedc328e0b46378478a2d1f05ed3086b3
create or replace function private.list_actor_permissions(p_tenant_id uuid, p_actor_id uuid)
returns text[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
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
comment on function private.list_actor_permissions is
    'What a member or a live service key may do now, found by the id that was written down when it acted.';
revoke all on function private.list_actor_permissions from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/list_member_permissions.sql sha256:72ae6d791eb218f248cdc2729c2d0bb630ef5c492dcf44036968f22e562a7ce0
create or replace function private.list_member_permissions(p_tenant_id uuid, p_user_id uuid)
returns text[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
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
comment on function private.list_member_permissions is
    'What the roles of a member allow, as codes and wildcards; empty for somebody without roles.';
revoke all on function private.list_member_permissions from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/list_member_roles.sql sha256:928c598f39568d1a7369219ed8cca5a9de9eeae3ff4dee190e22c599de93d641
create or replace function private.list_member_roles(p_tenant_id uuid, p_user_id uuid)
returns text[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
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
comment on function private.list_member_roles is 'The roles of a member, by their short names.';
revoke all on function private.list_member_roles from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/login_hash.sql sha256:c541723123f04dbc759dddf73114bc0d3b2e7ede14311bcb38606081bf6d32c5
create or replace function private.login_hash(p_login text)
returns bytea
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return sha256(convert_to(lower(coalesce(private.email_for_login(p_login), btrim(p_login), '')), 'UTF8'));
end
$$;
comment on function private.login_hash is
    'One value for all the ways to write a login: letter case, spaces, user name or address.';
revoke all on function private.login_hash from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/login_network.sql sha256:31bcdc86ea0c497cbd4f575d0eb11547f47e813116cbc333eefe222ce98107dc
create or replace function private.login_network(p_ip inet)
returns inet
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
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
comment on function private.login_network is
    'What counts as one address: an IPv4 address, however written, or the /64 that an IPv6 customer gets to choose addresses from.';
revoke all on function private.login_network from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/member_tenant_id.sql sha256:b5ae80a47a31ca4e35eafe85f6b4fc6b00e9573793852796b03f360cb83372d8
create or replace function private.member_tenant_id()
returns uuid
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.caller();
begin
    return case when v_caller.principal in ('user', 'service') then v_caller.tenant_id end;
end
$$;
comment on function private.member_tenant_id is
    'The tenant of a caller who is a member or a program of it, whatever they may do there; null for robots and strangers.';
revoke all on function private.member_tenant_id from public, anon, authenticated, service_role;
grant execute on function private.member_tenant_id to authenticated;

-- from sql/10_tenancy/functions/permitted_tenant_id.sql sha256:3cf9f680b235a2a16034f63ae988b2ee7ee2e4d8aaebb8b28c0cf3ef329b1dee
-- A caller acts in one tenant at a time, so a scalar says it all; and `tenant_id = (select …)` becomes one parameter that
-- an index on (tenant_id, …) serves in its order, which `in (select …)` inside a policy never does (a hashed subplan filters).
create or replace function private.permitted_tenant_id(p_permission text)
returns uuid
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.caller();
begin
    return case when private.has_permission(v_caller.permissions, p_permission) then v_caller.tenant_id end;
end
$$;
comment on function private.permitted_tenant_id is
    'The caller''s tenant if the caller has the permission in it now, else null. Policies say tenant_id = (select private.permitted_tenant_id(…)): once per statement, and indexes can be used.';
revoke all on function private.permitted_tenant_id from public, anon, authenticated, service_role;
grant execute on function private.permitted_tenant_id to authenticated;

-- from sql/10_tenancy/functions/purge_idempotency_keys.sql sha256:31f0a6d23802fba760d4b7dc56b4780c84f5ce7382266cc61dfd0b1c6a0a1d94
create or replace function private.purge_idempotency_keys(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_count integer;
begin
    delete from private.idempotency_keys as i
    where i.ctid = any (array(
        select o.ctid
        from private.idempotency_keys as o
        where o.tenant_id = p_tenant_id and o.created_at <= private.clock() - interval '24 hours'
        limit p_limit
    ));
    get diagnostics v_count = row_count;
    return (v_count, v_count, case when v_count = p_limit then 'more' end)::private.turn;
end
$$;
comment on function private.purge_idempotency_keys is
    'Duty, a tenant''s turn: forgets p_limit stored answers after 24 hours, and counts them.';
revoke all on function private.purge_idempotency_keys from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/purge_login_attempts.sql sha256:3d21332ada208f7a8b6fc2e3cfbed11ccded7ab8567305bef291e139861645d3
create or replace function private.purge_login_attempts(p_limit integer default 10000)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_count integer;
begin
    delete from private.login_attempts as d
    where d.ctid = any (array(
        select o.ctid
        from private.login_attempts as o
        where o.window_started_at <= private.clock() - interval '1 hour'
            and (o.locked_until is null or o.locked_until <= private.clock())
        limit p_limit
    ));
    get diagnostics v_count = row_count;
    return v_count;
end
$$;
comment on function private.purge_login_attempts is 'Duty: forgets failed logins that count no more, at most p_limit; returns how many.';
revoke all on function private.purge_login_attempts from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/record_login.sql sha256:4ffb95befe8819567f880036eb986400a5172fa45db5e204d667f6d8d36405c2
create or replace function private.record_login(p_login text, p_ip inet, p_succeeded boolean)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
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
comment on function private.record_login is
    'How the attempt that check_login counted went: true forgets the failures, false keeps it and locks for fifteen minutes at the fifth, null (Auth gave no answer) gives it back.';
revoke all on function private.record_login from public, anon, authenticated, service_role;
grant execute on function private.record_login to casare_functions;

-- from sql/10_tenancy/functions/refuse_caller.sql sha256:1ae91a6628e77aed6b244d6214bdcf1e06cb4abfd19f44d4a073e58e5c9f88ab
create or replace function private.refuse_caller()
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_user_id uuid := private.authenticate_user(nullif(current_setting('request.jwt.claims', true), '')::jsonb);
begin
    -- A token for one tenant of several is merely out of date: the next one names another.
    if v_user_id is not null and private.select_tenant_id(v_user_id, null, null) is null then
        perform private.raise_error(
            403,
            'NO_TENANT',
            'You are signed in and belong to no tenant: ask a member for an invitation and accept it, or register one of your own with another address.'
        );
    end if;
    perform private.raise_error(401, 'AUTHENTICATION_FAILED', 'Sign in, or send a valid key.');
end
$$;
comment on function private.refuse_caller is
    'For a request without a verified caller: raises 403 NO_TENANT for a user who is signed in and a member nowhere, else 401 AUTHENTICATION_FAILED.';
revoke all on function private.refuse_caller from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/register_user.sql sha256:2b0d1fa63bcb9b12265fd75b49ec1bd952e54d3f26cba220560154f41ace1422
create or replace function private.register_user()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_form jsonb := new.raw_app_meta_data -> 'registration';
    v_username text;
    v_tenant_id uuid;
begin
    if new.deleted_at is not null then
        -- Softly: the row stays, and nothing of ours with it. The name is free, and the tenants have one member less.
        delete from public.memberships as m where m.user_id = new.id;
        delete from public.profiles as p where p.user_id = new.id;
        return null;
    end if;
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
        first_name = left(private.nfc(coalesce(v_form ->> 'first_name', '')), 255),
        last_name = left(private.nfc(coalesce(v_form ->> 'last_name', '')), 255),
        active_tenant_id = v_tenant_id
    where p.user_id = new.id;
    return null;
end
$$;
comment on function private.register_user is
    'Gives every new user a profile, and one whom the admin API created with a registration also a tenant to be admin of: user, tenant and membership or nothing. One who is deleted softly leaves both.';
revoke all on function private.register_user from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/remove_member.sql sha256:cf78425480f6236cf2c3bab9747dccb396245dfff75d4591d9f8d58f32f2d71e
create or replace function public.remove_member(p_user_id uuid)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
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
comment on function public.remove_member is
    'Takes a member''s access away at once and names the API keys that the member made, which go on working until revoked; never the last admin.';
revoke all on function public.remove_member from public, anon, authenticated, service_role;
grant execute on function public.remove_member to authenticated;

-- from sql/10_tenancy/functions/revoke_api_key.sql sha256:575f121fdfa304d52af67328fce8f7aa4a63452ce9a21e756a61007f1a9fe2a1
create or replace function public.revoke_api_key(p_api_key_id uuid)
returns public.api_key_summary
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
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
comment on function public.revoke_api_key is
    'Ends a key at once, and every token that was made with it. Revoking again changes nothing.';
revoke all on function public.revoke_api_key from public, anon, authenticated, service_role;
grant execute on function public.revoke_api_key to authenticated;

-- from sql/10_tenancy/functions/revoke_invitation.sql sha256:c03905dbe38155c75a12cbc2e3903036855a4a0e6b02b68412794def86a4657c
create or replace function public.revoke_invitation(p_invitation_id uuid)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
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
comment on function public.revoke_invitation is 'Takes an invitation back that nobody has accepted yet.';
revoke all on function public.revoke_invitation from public, anon, authenticated, service_role;
grant execute on function public.revoke_invitation to authenticated;

-- from sql/10_tenancy/functions/rotate_api_key.sql sha256:a2b29a9037c879f7f4dafe1ba99a2c8ffaaa3093abc64863a9fb25a70c430b3d
create or replace function public.rotate_api_key(
    p_api_key_id uuid,
    p_key_hash bytea,
    p_prefix text,
    p_overlap_seconds integer default 0
)
returns public.api_key_summary
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
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
        v_old.robot_external_id,
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
comment on function public.rotate_api_key is
    'A new key with the name, robot, scopes and life span of a live one, which goes on working for the overlap and then ends.';
revoke all on function public.rotate_api_key from public, anon, authenticated, service_role;
grant execute on function public.rotate_api_key to authenticated;

-- from sql/10_tenancy/functions/select_tenant_id.sql sha256:6bb1e03935667124ae1a2babe226ed9a84e6d48b90bff886779abfe19a012e2d
create or replace function private.select_tenant_id(p_user_id uuid, p_claimed_tenant_id uuid, p_session_id uuid)
returns uuid
language plpgsql
stable
set search_path = pg_catalog, pg_temp
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
        left join private.session_tenants as s
            on s.session_id = p_session_id and s.user_id = m.user_id and s.tenant_id = m.tenant_id
        left join public.profiles as p on p.user_id = m.user_id and p.active_tenant_id = m.tenant_id
        where m.user_id = p_user_id and t.deleted_at is null
        order by (s.session_id is null), (p.user_id is null), m.created_at, m.tenant_id
        limit 1;
    end if;
    return v_tenant_id;
end
$$;
comment on function private.select_tenant_id is
    'The tenant that a user acts in: the claimed one or none; without a claim the one that the session was moved to, else the active one of the profile, else the oldest membership.';
revoke all on function private.select_tenant_id from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/set_active_tenant.sql sha256:06d3ecc9efbfc3f019dc1336dd845d121499f8e006c575186b610e6e2c098d27
create or replace function public.set_active_tenant(p_tenant_id uuid)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
    v_user_id uuid := private.authenticate_user(v_claims);
begin
    if v_user_id is null then
        perform private.raise_error(401, 'AUTHENTICATION_FAILED', 'Sign in to choose a tenant.');
    end if;
    if p_tenant_id is null or private.select_tenant_id(v_user_id, p_tenant_id, null) is null then
        perform private.raise_error(404, 'TENANT_NOT_FOUND', 'You are not a member of such a tenant.');
    end if;
    perform private.enter_tenant(v_claims, p_tenant_id);
end
$$;
comment on function public.set_active_tenant is 'Chooses the tenant that the next token of the calling session is for; other sessions stay where they are.';
revoke all on function public.set_active_tenant from public, anon, authenticated, service_role;
grant execute on function public.set_active_tenant to authenticated;

-- from sql/10_tenancy/functions/set_role_permissions.sql sha256:937cf312fd49b9e377923451b4a780ed0aa68ea4e0fd6de4e0305fe7a6e8e530
create or replace function private.set_role_permissions(p_caller private.caller, p_role_id uuid, p_permissions text[])
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    p_permissions := array(select replace(p.permission, ':', '.') from unnest(p_permissions) as p (permission));
    perform private.check_permissions_exist('permissions', p_permissions);
    if not private.has_permissions(p_caller.permissions, p_permissions) then
        perform private.raise_error(403, 'FORBIDDEN', 'You cannot give permissions that you have not got.');
    end if;
    delete from public.role_permissions as rp
    where rp.role_id = p_role_id and rp.permission <> all (p_permissions);
    insert into public.role_permissions (role_id, permission)
    select p_role_id, p.permission
    from unnest(p_permissions) as p (permission)
    on conflict do nothing;
end
$$;
comment on function private.set_role_permissions is
    'Makes these the permissions of a role, resource.action or resource:action; raises 400 for one that does not exist and 403 for one that the caller has not got.';
revoke all on function private.set_role_permissions from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/summarize_api_key.sql sha256:4111b88c68a2d4ed72bb42a7e9e8d52455890c4990fd3b77d7a5e12ace101c6f
create or replace function private.summarize_api_key(p_api_key_id uuid)
returns public.api_key_summary
language plpgsql
stable
set search_path = pg_catalog, pg_temp
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
        k.revoked_at,
        k.robot_external_id
    into v_summary
    from public.api_keys as k
    where k.api_key_id = p_api_key_id;
    return v_summary;
end
$$;
comment on function private.summarize_api_key is 'A key without its hash.';
revoke all on function private.summarize_api_key from public, anon, authenticated, service_role;

-- from sql/10_tenancy/functions/unassign_role.sql sha256:e59ce9c5442f544fcb8ed6610b07a4288ad29a439b7cc01004d28ef0e0a8d2fe
create or replace function public.unassign_role(p_user_id uuid, p_role_id uuid)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
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
comment on function public.unassign_role is 'Takes a role from a member; never the admin role from the last admin.';
revoke all on function public.unassign_role from public, anon, authenticated, service_role;
grant execute on function public.unassign_role to authenticated;

-- from sql/10_tenancy/functions/update_role.sql sha256:c721b76ceb205f117644c2b1b7e3ea8e18564a5be5b3685583ef6017178ee89e
create or replace function public.update_role(
    p_role_id uuid,
    p_name text default null,
    p_description text default null,
    p_permissions text[] default null
)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('members.write');
    v_role public.roles := private.get_assignable_role(v_caller, p_role_id);
begin
    p_name := private.nfc(btrim(p_name));
    if v_role.tenant_id is null then
        perform private.raise_error(409, 'ROLE_BUILT_IN', 'A built-in role cannot be changed.');
    end if;
    if length(p_name) not between 1 and 128 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'name must have 1 to 128 characters.');
    end if;
    update public.roles as r
    set name = coalesce(p_name, r.name), description = coalesce(left(p_description, 1000), r.description)
    where r.role_id = p_role_id;
    if p_permissions is not null then
        perform private.set_role_permissions(v_caller, p_role_id, p_permissions);
    end if;
end
$$;
comment on function public.update_role is
    'Changes a role of the tenant, before and after within what the caller may; null leaves a part as it is.';
revoke all on function public.update_role from public, anon, authenticated, service_role;
grant execute on function public.update_role to authenticated;

-- from sql/10_tenancy/functions/update_tenant.sql sha256:407428247a5a53373c4e4570e67fd5218d32b28f76dd5dcd87c14f5fe9c757ee
create or replace function public.update_tenant(
    p_name text default null,
    p_timezone text default null,
    p_robot_offline_after_seconds integer default null,
    p_quarantine_after_failures integer default null
)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('settings.write');
begin
    p_name := private.nfc(btrim(p_name));
    if length(p_name) not between 1 and 255 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'name must have 1 to 255 characters.');
    end if;
    if p_timezone is not null and not exists (select from pg_catalog.pg_timezone_names as z where z.name = p_timezone) then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'timezone must be a name of the IANA time zone database.');
    end if;
    if p_robot_offline_after_seconds not between 5 and 86400 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'robot_offline_after_seconds must lie between 5 and 86400.');
    end if;
    if p_quarantine_after_failures not between 0 and 1000 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'quarantine_after_failures must lie between 0 and 1000.');
    end if;
    update public.tenants as t
    set name = coalesce(p_name, t.name),
        timezone = coalesce(p_timezone, t.timezone),
        robot_offline_after_seconds = coalesce(p_robot_offline_after_seconds, t.robot_offline_after_seconds),
        quarantine_after_failures = coalesce(p_quarantine_after_failures, t.quarantine_after_failures),
        updated_at = private.clock()
    where t.tenant_id = v_caller.tenant_id;
end
$$;
comment on function public.update_tenant is 'Changes the caller''s tenant; null leaves a part as it is.';
revoke all on function public.update_tenant from public, anon, authenticated, service_role;
grant execute on function public.update_tenant to authenticated;

-- from sql/10_tenancy/functions/whoami.sql sha256:4057d72319e111ff32e2633ef2ce0d7e4d3b544ffe303327ceab0a9daedef45d
create or replace function public.whoami()
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.caller();
begin
    if v_caller.principal is null then
        perform private.refuse_caller();
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
comment on function public.whoami is
    'The verified caller: principal, tenant, roles, permissions and, for users, name, address and the tenants to choose from.';
revoke all on function public.whoami from public, anon, authenticated, service_role;
grant execute on function public.whoami to authenticated;

-- from sql/15_rate_limits/functions/count_request.sql sha256:b17f9033081969084387e2a6f8ce5ebe9c02d28f5a2da97527d8e15a120ecaec
-- One upsert decides: its row lock puts requests of one bucket in a row, so that whatever comes at once, the limit is
-- never exceeded and nobody is refused while something is left. A refused request changes nothing. It is to be a
-- transaction of its own, ahead of the request's: then the lock is held for microseconds, and a request that fails
-- counts all the same.
create or replace function private.count_request(
    p_rule text,
    p_limit integer,
    p_window_seconds integer,
    p_ip inet,
    p_user_id uuid default null,
    p_key_hash bytea default null
)
returns table (remaining integer, reset_at timestamptz)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := private.clock();
    v_ends_at timestamptz := v_now + make_interval(secs => p_window_seconds);
    v_bucket text := p_rule || case
        when p_user_id is not null then ' user:' || p_user_id
        -- A key that nobody was given has no count of its own: else a stranger would get a new quota by inventing one.
        when p_key_hash is not null and exists (select from public.api_keys as k where k.key_hash = p_key_hash)
            then ' key:' || encode(p_key_hash, 'hex')
        else ' ip:' || host(private.login_network(p_ip))
    end;
    v_counted private.request_counts;
begin
    perform private.note_call();
    insert into private.request_counts as c (bucket, count, window_ends_at)
    values (v_bucket, 1, v_ends_at)
    on conflict (bucket) do update
    set count = case when c.window_ends_at > v_now then c.count + 1 else 1 end,
        window_ends_at = case when c.window_ends_at > v_now then c.window_ends_at else v_ends_at end
    where c.count < p_limit or c.window_ends_at <= v_now
    returning c.* into v_counted;
    if not found then
        select c.* into v_counted from private.request_counts as c where c.bucket = v_bucket;
        perform private.raise_error(
            429,
            'RATE_LIMITED',
            format('Rate limit exceeded: %s requests in %s seconds.', p_limit, p_window_seconds),
            greatest(1, ceil(extract(epoch from v_counted.window_ends_at - v_now)))::integer::text
        );
    end if;
    return query select p_limit - v_counted.count, v_counted.window_ends_at;
end
$$;
comment on function private.count_request is
    'Counts a request of a user, a key or else an address; returns how many are left and when the window ends. Raises 429 RATE_LIMITED with the seconds to wait as hint when none was left.';
revoke all on function private.count_request from public, anon, authenticated, service_role;
grant execute on function private.count_request to casare_functions;

-- from sql/15_rate_limits/functions/give_back_request.sql sha256:b69ef121b2c4d88036056d3660a322994136ca1a944a971c482e1125ac4f64dc
-- For what is limited by its failures: counted ahead like everything, so that a hundred at once get no more than the
-- limit, and given back when it went well.
create or replace function private.give_back_request(p_rule text, p_ip inet)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    update private.request_counts as c
    set count = c.count - 1
    where c.bucket = p_rule || ' ip:' || host(private.login_network(p_ip))
        and c.count > 0
        and c.window_ends_at > private.clock();
end
$$;
comment on function private.give_back_request is
    'Takes back what private.count_request() counted for an address; a window that is over stays as it is.';
revoke all on function private.give_back_request from public, anon, authenticated, service_role;
grant execute on function private.give_back_request to casare_functions;

-- from sql/15_rate_limits/functions/purge_request_counts.sql sha256:69d7ff69cf81630d104bbd3cb97ac6b8edc60dc97456701d1e98915f447019b0
create or replace function private.purge_request_counts(p_limit integer default 10000)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_count integer;
begin
    delete from private.request_counts as d
    where d.ctid = any (array(
        select o.ctid
        from private.request_counts as o
        where o.window_ends_at <= private.clock() - interval '1 minute'
        limit p_limit
    ));
    get diagnostics v_count = row_count;
    return v_count;
end
$$;
comment on function private.purge_request_counts is 'Duty: forgets windows that are over, at most p_limit; returns how many.';
revoke all on function private.purge_request_counts from public, anon, authenticated, service_role;

-- from sql/20_workflows/functions/count_nodes.sql sha256:4a07d96fc77584dda139268850a3ae71a0d7e57c4f0179fab387d071fe0a8d99
create or replace function private.count_nodes(p_definition jsonb)
returns integer
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_nodes jsonb := coalesce(p_definition -> 'nodes', p_definition -> 'steps');
begin
    return case jsonb_typeof(v_nodes)
        when 'array' then jsonb_array_length(v_nodes)
        when 'object' then (select count(*) from jsonb_object_keys(v_nodes))
    end;
end
$$;
comment on function private.count_nodes is
    'How many nodes (a list or an object) or steps a workflow definition has; null when it has neither.';
revoke all on function private.count_nodes from public, anon, authenticated, service_role;

-- from sql/20_workflows/functions/delete_workflow.sql sha256:6c1ba3f1435921c0e61d0709e9e310be516bf710ba235a5c487ed4c6c6832235
create or replace function public.delete_workflow(p_workflow_id uuid)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('workflows.delete');
    v_now timestamptz := private.clock();
    v_name text;
    v_turn private.turn;
    v_cancelling integer := 0;      -- looked for among 50,000 waiting jobs at most
    v_schedules integer;
begin
    -- Nobody makes a schedule of it from here on. Schedules go before the lock below, which those that fire take last.
    perform from public.workflows as w
    where w.workflow_id = p_workflow_id and w.tenant_id = v_caller.tenant_id and w.deleted_at is null
    for no key update;
    v_schedules := private.delete_schedules_of_workflow(v_caller.tenant_id, p_workflow_id);
    -- Waits for those who are enqueueing jobs of it (private.keep_workflow), so that their jobs are found below.
    perform pg_advisory_xact_lock(private.workflow_lock(), hashtext(p_workflow_id::text));
    update public.workflows as w
    set deleted_at = v_now, updated_at = v_now, is_enabled = false
    where w.workflow_id = p_workflow_id and w.tenant_id = v_caller.tenant_id and w.deleted_at is null
    returning w.name into v_name;
    if not found then
        perform private.raise_error(404, 'WORKFLOW_NOT_FOUND', 'There is no such workflow.');
    end if;
    insert into private.workflow_removals (tenant_id, workflow_id, removed_at, held)
    values (v_caller.tenant_id, p_workflow_id, v_now, private.count_leases_of_workflow(v_caller.tenant_id, p_workflow_id));
    -- A few are cancelled here, in the order of the look; a duty does the others.
    v_turn := private.cancel_jobs_of_deleted_workflows(v_caller.tenant_id, 500, null);
    perform from private.workflow_removals as r
    where r.tenant_id = v_caller.tenant_id and r.workflow_id = p_workflow_id and not r.is_idle;
    if found then
        v_cancelling := private.count_jobs_of_workflow(v_caller.tenant_id, p_workflow_id, 50000);
    end if;
    perform private.emit_event(
        v_caller.tenant_id, 'workflow.deleted', null, null, p_workflow_id,
        jsonb_build_object(
            'workflow_name', v_name, 'cancelled_jobs', v_turn.done, 'cancelling_jobs', v_cancelling,
            'deleted_schedules', v_schedules
        )
    );
    return jsonb_build_object(
        'workflow_id', p_workflow_id, 'deleted', true, 'cancelled_jobs', v_turn.done, 'cancelling_jobs', v_cancelling,
        'deleted_schedules', v_schedules
    );
end
$$;
comment on function public.delete_workflow is
    'Deletes a workflow for its users (history keeps it) and its schedules at once, lets its running jobs end, and cancels its waiting ones: a few at once (cancelled_jobs), the others soon (cancelling_jobs, those among the first 50,000 that the tenant has waiting); robots get none of them. Raises 404 WORKFLOW_NOT_FOUND. Needs workflows.delete.';
revoke all on function public.delete_workflow from public, anon, authenticated, service_role;
grant execute on function public.delete_workflow to authenticated;

-- from sql/20_workflows/functions/forget_workflow_backups.sql sha256:b97ec9ce985ec533f6b011c2141348fc8cd0c999266d42f1b95102d2b84e1233
create or replace function private.forget_workflow_backups(p_workflow_id uuid, p_versions integer[])
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('workflows.delete');
begin
    update public.workflow_backups as b
    set removed_at = private.clock()
    where b.tenant_id = v_caller.tenant_id
        and b.workflow_id = p_workflow_id
        and b.version = any (p_versions)
        and b.removed_at is null;
end
$$;
comment on function private.forget_workflow_backups is
    'Writes down that copies are gone from the store. Needs workflows.delete.';
revoke all on function private.forget_workflow_backups from public, anon, authenticated, service_role;
grant execute on function private.forget_workflow_backups to authenticated;

-- from sql/20_workflows/functions/keep_workflow.sql sha256:0b047bb019442f2fd6216da48e97256047d0fb132b6967041bd4245b9716dda8
-- An advisory lock, because a lock on the row would write to it at every enqueue. It must be held before the statement that
-- looks at the workflow begins, so it is a call of its own.
create or replace function private.keep_workflow(p_workflow_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform pg_advisory_xact_lock_shared(private.workflow_lock(), hashtext(p_workflow_id::text));
end
$$;
comment on function private.keep_workflow is
    'Keeps a workflow from being deleted until this transaction ends; waits for a deletion that is under way. Many may keep it at once.';
revoke all on function private.keep_workflow from public, anon, authenticated, service_role;

-- from sql/20_workflows/functions/list_workflow_backups.sql sha256:311cea87b42a47be6cdc4d0ef726104087f27dcbf29050b350e1eb176fb6ad98
create or replace function private.list_workflow_backups(p_workflow_id uuid)
returns table (version integer, object_key text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('workflows.delete');
begin
    return query
    select b.version, b.object_key
    from public.workflow_backups as b
    where b.tenant_id = v_caller.tenant_id and b.workflow_id = p_workflow_id and b.removed_at is null
    order by b.version;
end
$$;
comment on function private.list_workflow_backups is
    'The copies of a workflow that are, or may be, in the store. Needs workflows.delete.';
revoke all on function private.list_workflow_backups from public, anon, authenticated, service_role;
grant execute on function private.list_workflow_backups to authenticated;

-- from sql/20_workflows/functions/record_workflow_backup.sql sha256:ee94e88f0e58c749d645f41c0520df28abc37e5774b2b569f83c4f7e27b42b9c
create or replace function private.record_workflow_backup(p_workflow_id uuid, p_version integer)
returns text
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('workflows.write');
    -- Made here and not taken from the caller: what a row names is removed from the store one day.
    v_object_key text := format('%s/%s/%s.json', v_caller.tenant_id, p_workflow_id, p_version);
begin
    -- Whoever deletes the workflow waits, and finds this row.
    perform from public.workflows as w
    join public.workflow_versions as v on v.workflow_id = w.workflow_id
    where w.tenant_id = v_caller.tenant_id
        and w.workflow_id = p_workflow_id
        and w.deleted_at is null
        and v.version = p_version
    for share of w;
    if not found then
        perform private.raise_error(404, 'WORKFLOW_NOT_FOUND', 'There is no such workflow.');
    end if;
    insert into public.workflow_backups (workflow_id, version, tenant_id, object_key, stored_at)
    values (p_workflow_id, p_version, v_caller.tenant_id, v_object_key, private.clock())
    on conflict (workflow_id, version) do update set stored_at = excluded.stored_at, removed_at = null;
    return v_object_key;
end
$$;
comment on function private.record_workflow_backup is
    'Writes down where the copy of a version goes, before the store has it and again when it has, and returns its key there. Raises 404 WORKFLOW_NOT_FOUND. Needs workflows.write.';
revoke all on function private.record_workflow_backup from public, anon, authenticated, service_role;
grant execute on function private.record_workflow_backup to authenticated;

-- from sql/20_workflows/functions/require_runnable_workflow.sql sha256:ccd17d727f1d859bea697085937efac6cc5533facf58fa19ffdfb2bf04419b04
create or replace function private.require_runnable_workflow(
    p_tenant_id uuid,
    p_workflow_id uuid,
    p_version integer,
    out name text,
    out version integer
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_is_runnable boolean;
begin
    select w.name, coalesce(p_version, w.current_version), w.is_enabled and w.status in ('published', 'deprecated')
    into name, version, v_is_runnable
    from public.workflows as w
    where w.workflow_id = p_workflow_id and w.tenant_id = p_tenant_id and w.deleted_at is null;
    if found and p_version is not null then
        perform from public.workflow_versions as v where v.workflow_id = p_workflow_id and v.version = p_version;
    end if;
    if not found then
        perform private.raise_error(404, 'WORKFLOW_NOT_FOUND', 'There is no such workflow or version.');
    elsif not v_is_runnable then
        perform private.raise_error(409, 'WORKFLOW_NOT_RUNNABLE', 'The workflow is not published and enabled.');
    end if;
end
$$;
comment on function private.require_runnable_workflow is
    'The name and version (null: the current one) of a tenant''s workflow that may run. Raises 404 WORKFLOW_NOT_FOUND, 409 WORKFLOW_NOT_RUNNABLE.';
revoke all on function private.require_runnable_workflow from public, anon, authenticated, service_role;

-- from sql/20_workflows/functions/submit_workflow.sql sha256:ee8a1487d12523f7947097e452113c6d6f9718c4a7d38d6e6c6e8c1cc04605bb
create or replace function public.submit_workflow(
    p_name text,
    p_definition jsonb,
    p_description text default null,
    p_metadata jsonb default null,
    p_workflow_id uuid default null
)
returns public.workflows
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('workflows.write');
    v_now timestamptz := private.clock();
    v_node_count integer := private.count_nodes(p_definition);
    v_problem text;
    v_created_by uuid := coalesce(v_caller.user_id, v_caller.api_key_id);
    v_workflow public.workflows;
begin
    p_name := private.nfc(p_name);
    v_problem := case
        when p_name is null or length(p_name) not between 1 and 255 then 'workflow_name must have 1 to 255 characters.'
        when jsonb_typeof(p_definition) is distinct from 'object' then 'workflow_json must be an object.'
        when v_node_count is null then 'workflow_json must have nodes (a list or an object) or steps (a list).'
        when v_node_count > 1000 then format('workflow_json must not have more than 1000 nodes, it has %s.', v_node_count)
        when private.find_json_problem('workflow_json', p_definition) is not null then
            private.find_json_problem('workflow_json', p_definition)
        when length(p_description) > 10000 then 'description must not have more than 10000 characters.'
        when jsonb_typeof(p_metadata) not in ('object', 'null') then 'metadata must be an object.'
        when pg_column_size(p_metadata) > 65536 then 'metadata must not be larger than 64 KB.'
        else private.find_json_problem('metadata', p_metadata)
    end;
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    elsif octet_length(p_definition::text) > 52428800 then
        perform private.raise_error(413, 'INVALID_ARGUMENT', 'workflow_json must not be larger than 50 MB.');
    end if;

    if p_workflow_id is null then
        insert into public.workflows (
            tenant_id, name, description, status, metadata, created_by, created_at, updated_at
        )
        values (
            v_caller.tenant_id, p_name, coalesce(p_description, ''), 'published', coalesce(nullif(p_metadata, 'null'), '{}'),
            v_created_by, v_now, v_now
        )
        returning * into v_workflow;
    else
        update public.workflows as w
        set name = p_name,
            description = coalesce(p_description, w.description),
            metadata = coalesce(nullif(p_metadata, 'null'), w.metadata),
            status = 'published',
            current_version = w.current_version + 1,
            updated_at = v_now
        where w.workflow_id = p_workflow_id and w.tenant_id = v_caller.tenant_id and w.deleted_at is null
        returning w.* into v_workflow;
        if not found then
            perform private.raise_error(404, 'WORKFLOW_NOT_FOUND', 'There is no such workflow.');
        end if;
    end if;
    insert into public.workflow_versions (workflow_id, version, tenant_id, definition, node_count, created_by, created_at)
    values (
        v_workflow.workflow_id, v_workflow.current_version, v_caller.tenant_id, p_definition, v_node_count, v_created_by, v_now
    );
    perform private.emit_event(
        v_caller.tenant_id,
        case when p_workflow_id is null then 'workflow.created' else 'workflow.updated' end,
        null, null, v_workflow.workflow_id,
        jsonb_build_object('workflow_name', v_workflow.name, 'version', v_workflow.current_version)
    );
    return v_workflow;
end
$$;
comment on function public.submit_workflow is
    'Publishes a new workflow, or a new version of one, and returns it. The definition has nodes or steps: at most 1000, and 50 MB (an upload''s; a request body ends at 10 MB before it comes here). Raises 400 or 413 INVALID_ARGUMENT, 404 WORKFLOW_NOT_FOUND. Needs workflows.write.';
revoke all on function public.submit_workflow from public, anon, authenticated, service_role;
grant execute on function public.submit_workflow to authenticated;

-- from sql/25_pools/functions/accept_pool.sql sha256:159d8cd440e9b9b324426324f180b6c8a3e6523eda9e4bef686de4280087a7bd
create or replace function public.accept_pool(p_pool text)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('settings.write');
    v_pool public.pools := private.find_pool(v_caller.tenant_id, p_pool, 'invited');
    v_member public.pool_members;
begin
    -- Who was invited by its slug and by its id has two invitations: the newest counts.
    select m.* into v_member
    from public.pool_members as m
    where m.pool_id = v_pool.pool_id and m.tenant_id = v_caller.tenant_id
    order by m.invited_at desc, m.invitee
    limit 1
    for update;
    if not found then   -- taken back meanwhile
        perform private.raise_error(404, 'POOL_NOT_FOUND', 'There is no such pool.');
    end if;
    perform private.find_queue_tenant(v_caller.tenant_id);
    if v_member.accepted_at is null then
        delete from public.pool_members as m
        where m.pool_id = v_pool.pool_id and m.tenant_id = v_caller.tenant_id and m.invitee <> v_member.invitee;
        update public.pool_members as m
        set accepted_at = private.clock(), accepted_by = coalesce(v_caller.user_id, v_caller.api_key_id)
        where m.pool_id = v_pool.pool_id and m.invitee = v_member.invitee;
        insert into private.shares (pool_id, tenant_id, folded_at)
        values (v_pool.pool_id, v_caller.tenant_id, private.clock())
        on conflict (pool_id, tenant_id) do nothing;
        perform private.set_pool_limit(v_pool.pool_id, v_caller.tenant_id, v_member.max_running);
    end if;
    return private.describe_pool(v_pool.pool_id, v_caller.tenant_id);
end
$$;
comment on function public.accept_pool is
    'Accepts the invitation to a pool, so that its robots run those of the tenant''s jobs that ask for it. Raises 404 POOL_NOT_FOUND, 409 POOL_AMBIGUOUS. Needs settings.write.';
revoke all on function public.accept_pool from public, anon, authenticated, service_role;
grant execute on function public.accept_pool to authenticated;

-- from sql/25_pools/functions/create_pool.sql sha256:09281a22c7243dc0165311de37ddb2539d7e9bb52b2eda1386ba329f3f195741
create or replace function public.create_pool(p_name text, p_shares_by text default 'jobs')
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('robots.write');
    v_actor_id uuid := coalesce(v_caller.user_id, v_caller.api_key_id);
    v_now timestamptz := private.clock();
    v_name text := private.nfc(btrim(p_name));
    v_pool public.pools;
begin
    if length(v_name) not between 1 and 64 or v_name is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'name must have 1 to 64 characters.');
    elsif p_shares_by not in ('jobs', 'robot_seconds') or p_shares_by is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'shares_by must be jobs or robot_seconds.');
    end if;
    insert into public.pools (tenant_id, name, shares_by, created_at)
    values (v_caller.tenant_id, v_name, p_shares_by, v_now)
    on conflict (tenant_id, name) do nothing
    returning * into v_pool;
    if not found then
        perform private.raise_error(409, 'POOL_EXISTS', 'The tenant has a pool of this name.');
    end if;
    perform private.find_queue_tenant(v_caller.tenant_id);
    insert into public.pool_members (pool_id, invitee, tenant_id, invited_by, invited_at, accepted_by, accepted_at)
    select v_pool.pool_id, t.slug, t.tenant_id, v_actor_id, v_now, v_actor_id, v_now
    from public.tenants as t
    where t.tenant_id = v_caller.tenant_id;
    insert into private.shares (pool_id, tenant_id, folded_at) values (v_pool.pool_id, v_caller.tenant_id, v_now);
    return private.describe_pool(v_pool.pool_id, v_caller.tenant_id);
end
$$;
comment on function public.create_pool is
    'Makes a pool without robots, whose first member is its owner, the caller''s tenant. Its members take turns by jobs, or by robot_seconds. Raises 409 POOL_EXISTS. Needs robots.write.';
revoke all on function public.create_pool from public, anon, authenticated, service_role;
grant execute on function public.create_pool to authenticated;

-- from sql/25_pools/functions/delete_pool.sql sha256:cdc519385ad9bd652d421e4da33ed77d09ad3c46c0374d8707d6a2e4320cd645
create or replace function public.delete_pool(p_pool text)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('robots.write');
    v_pool public.pools := private.find_pool(v_caller.tenant_id, p_pool, 'owner');
    v_robot_ids uuid[] := array(
        select r.robot_id from public.robots as r where r.tenant_id = v_pool.tenant_id and r.pool_id = v_pool.pool_id
    );
begin
    -- First what hangs on the pool: a claim has the members' limits before it has its turn.
    delete from public.pools as p where p.pool_id = v_pool.pool_id;
    delete from private.pool_turns as t where t.robot_id = any (v_robot_ids);
    delete from private.waiting_robots as w where w.robot_id = any (v_robot_ids);
    return jsonb_build_object('pool_id', v_pool.pool_id);
end
$$;
comment on function public.delete_pool is
    'Ends a pool: its robots work for their own tenant only, what they hold they finish, and jobs that asked for the pool wait until somebody cancels them. Raises 404 POOL_NOT_FOUND. Needs robots.write.';
revoke all on function public.delete_pool from public, anon, authenticated, service_role;
grant execute on function public.delete_pool to authenticated;

-- from sql/25_pools/functions/describe_pool.sql sha256:589d6b47be0e7a227890ef443e01cf0413749367ecd94b960e0b94f0e569539e
create or replace function private.describe_pool(p_pool_id uuid, p_tenant_id uuid)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select jsonb_build_object(
            'pool_id', p.pool_id,
            'name', p.name,
            'standing', case
                when p.tenant_id = p_tenant_id then 'owner'
                when m.accepted_at is not null then 'member'
                else 'invited'
            end,
            'shares_by', p.shares_by,
            'weight', m.weight,
            'max_running', m.max_running,
            'invited_at', private.to_iso(m.invited_at),
            'accepted_at', private.to_iso(m.accepted_at)
        )
        from public.pools as p
        join public.pool_members as m on m.pool_id = p.pool_id and m.tenant_id = p_tenant_id
        where p.pool_id = p_pool_id
        order by m.accepted_at nulls last, m.invited_at desc
        limit 1
    );
end
$$;
comment on function private.describe_pool is
    'A pool as one of its tenants may see it: {pool_id, name, standing (owner, member, invited), shares_by (jobs, robot_seconds), weight, max_running, invited_at, accepted_at}.';
revoke all on function private.describe_pool from public, anon, authenticated, service_role;

-- from sql/25_pools/functions/describe_pool_member.sql sha256:5b22985d4fc2a4ea40ef943ed2dec4c64f9d4e2ef6912ea9335ac46f0a1cf23d
create or replace function private.describe_pool_member(p_member public.pool_members)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return jsonb_build_object(
        'tenant', (p_member).invitee,
        'weight', (p_member).weight,
        'max_running', (p_member).max_running,
        'load', case when (p_member).accepted_at is not null then (
            select round((private.share_load(s.share_id, private.clock()) / (p_member).weight)::numeric, 1)
            from private.shares as s
            where s.pool_id = (p_member).pool_id and s.tenant_id = (p_member).tenant_id
        ) end,
        'invited_at', private.to_iso((p_member).invited_at),
        'accepted_at', private.to_iso((p_member).accepted_at)
    );
end
$$;
comment on function private.describe_pool_member is
    'A member of a pool, or an invitation, as its owner may see it, with the robot-seconds that it has had lately over its weight (load): nothing says whether an invitee exists that has not accepted.';
revoke all on function private.describe_pool_member from public, anon, authenticated, service_role;

-- from sql/25_pools/functions/end_pool_membership.sql sha256:c9f0f941b2656fd708549d39792c1d3f5220c0ce0201ed40b6afcd3c1eeffef3
create or replace function private.end_pool_membership(p_pool_id uuid, p_tenant_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform from public.pools as p where p.pool_id = p_pool_id and p.tenant_id = p_tenant_id;
    if found then
        perform private.raise_error(409, 'POOL_OWNER_STAYS', 'The owner of a pool is always a member.');
    end if;
    -- What robots hold of it they finish; the counters are of no use any more.
    delete from private.shares as s where s.pool_id = p_pool_id and s.tenant_id = p_tenant_id;
    delete from private.limits as w
    where w.tenant_id = p_tenant_id and w.scope = 'pool' and w.pool_id = p_pool_id;
end
$$;
comment on function private.end_pool_membership is
    'Takes away what a pool keeps of a tenant beside its membership. Raises 409 POOL_OWNER_STAYS for the owner.';
revoke all on function private.end_pool_membership from public, anon, authenticated, service_role;

-- from sql/25_pools/functions/find_pool.sql sha256:5ae3ff4d369c63e06f5458fad8cb2ba2ba876f131ca8f2897990d23ff11645a4
create or replace function private.find_pool(p_tenant_id uuid, p_pool text, p_as text)
returns public.pools
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    -- A name may look like an id; the pool's own id wins.
    v_pools public.pools[] := array(
        select p
        from public.pools as p
        where p.pool_id = any (array(
                select m.pool_id
                from public.pool_members as m
                where m.tenant_id = p_tenant_id and (m.accepted_at is not null or p_as = 'invited')
            ))
            and (p_as <> 'owner' or p.tenant_id = p_tenant_id)
            and (p.pool_id::text = lower(p_pool) or p.name = private.nfc(p_pool))
        order by p.pool_id::text = lower(p_pool) desc
    );
begin
    if v_pools = '{}' then
        perform private.raise_error(404, 'POOL_NOT_FOUND', 'There is no such pool.');
    elsif cardinality(v_pools) > 1 and v_pools[1].pool_id::text <> lower(p_pool) then
        perform private.raise_error(409, 'POOL_AMBIGUOUS', 'Several pools have this name; say the id of one.');
    end if;
    return v_pools[1];
end
$$;
comment on function private.find_pool is
    'The pool with an id or a name, of those that a tenant owns (p_as owner), is a member of (member), or is a member of or invited to (invited). Raises 404 POOL_NOT_FOUND for any other, 409 POOL_AMBIGUOUS.';
revoke all on function private.find_pool from public, anon, authenticated, service_role;

-- from sql/25_pools/functions/joined_pool_ids.sql sha256:5084f7288c1e30916211fc6f530a76e78013d9676bf3968d31f608435f22216c
create or replace function private.joined_pool_ids()
returns setof uuid
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select m.pool_id from public.pool_members as m where m.tenant_id = private.permitted_tenant_id('robots.read');
end
$$;
comment on function private.joined_pool_ids is
    'The pools that the caller''s tenant is a member of or invited to, for a caller with robots.read; none for anybody else. For policies.';
revoke all on function private.joined_pool_ids from public, anon, authenticated, service_role;
grant execute on function private.joined_pool_ids to authenticated;

-- from sql/25_pools/functions/leave_pool.sql sha256:59cdc5cf7273b55cd1a8e25a380f569376ebc1f7318207c0eb7e019233318357
create or replace function public.leave_pool(p_pool text)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('settings.write');
    v_pool public.pools := private.find_pool(v_caller.tenant_id, p_pool, 'invited');
begin
    perform private.end_pool_membership(v_pool.pool_id, v_caller.tenant_id);
    delete from public.pool_members as m where m.pool_id = v_pool.pool_id and m.tenant_id = v_caller.tenant_id;
    return jsonb_build_object('pool_id', v_pool.pool_id, 'name', v_pool.name);
end
$$;
comment on function public.leave_pool is
    'Leaves a pool, or declines the invitation to it; the next claim of its robots takes no job of the tenant. What waits for the pool goes on waiting. Raises 404 POOL_NOT_FOUND, 409 POOL_AMBIGUOUS, POOL_OWNER_STAYS. Needs settings.write.';
revoke all on function public.leave_pool from public, anon, authenticated, service_role;
grant execute on function public.leave_pool to authenticated;

-- from sql/25_pools/functions/list_pool_members.sql sha256:3f9b110e903d15756d36abe036a0d4b0578403e419e788ad5f076801aac93846
create or replace function public.list_pool_members(p_pool text)
returns setof jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('robots.read');
    v_pool public.pools := private.find_pool(v_caller.tenant_id, p_pool, 'owner');
begin
    return query
    select private.describe_pool_member(m)
    from public.pool_members as m
    where m.pool_id = v_pool.pool_id
    order by m.invitee;
end
$$;
comment on function public.list_pool_members is
    'The members of a pool of the tenant''s own and those it invited: {tenant, weight, max_running, load (robot-seconds lately, over the weight; null for an invitation), invited_at, accepted_at}. Raises 404 POOL_NOT_FOUND. Needs robots.read.';
revoke all on function public.list_pool_members from public, anon, authenticated, service_role;
grant execute on function public.list_pool_members to authenticated;

-- from sql/25_pools/functions/list_pools.sql sha256:ac7d6c295c052e13fe6824a5f2e06c35174bb82eb050074ddb89345ea42432f5
create or replace function public.list_pools()
returns setof jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('robots.read');
begin
    return query
    select private.describe_pool(p.pool_id, v_caller.tenant_id)
    from public.pools as p
    where p.pool_id in (select m.pool_id from public.pool_members as m where m.tenant_id = v_caller.tenant_id)
    order by p.name, p.pool_id;
end
$$;
comment on function public.list_pools is
    'The pools that the tenant owns, is a member of or is invited to, by name, each as private.describe_pool() shows it. Needs robots.read.';
revoke all on function public.list_pools from public, anon, authenticated, service_role;
grant execute on function public.list_pools to authenticated;

-- from sql/25_pools/functions/next_in_pool.sql sha256:462b7d3e680aa4c341b75bc34f159a31760823d93bf4480e4c3e5f5cc9a7591d
-- One look for each tenant with work for the pool, in the order of their numbers, whatever waits in it and whoever has none.
create or replace function private.next_in_pool(
    p_pool_id uuid,
    p_after integer,
    p_owner_no integer,     -- always has a turn: its robots run all of its jobs, not only those that ask for the pool
    out tenant_no integer,
    out tenant_id uuid,
    out weight smallint
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
as $$
begin
    loop
        select r.tenant_no into tenant_no
        from private.ready as r
        where r.pool_id = p_pool_id and r.tenant_no > p_after
        order by r.tenant_no
        limit 1;
        if p_owner_no > p_after and (tenant_no > p_owner_no) is not false then
            tenant_no := p_owner_no;
        end if;
        if tenant_no is null then
            return;
        end if;
        select q.tenant_id into tenant_id from private.queue_tenants as q where q.tenant_no = next_in_pool.tenant_no;
        weight := private.pool_weight(p_pool_id, tenant_id);
        if weight is not null then
            return;
        end if;
        p_after := tenant_no;
    end loop;
end
$$;
comment on function private.next_in_pool is
    'The member of a pool whose turn it is after a tenant with this number: the next that has ready jobs for the pool, or its owner. Nulls when there is none behind it.';
revoke all on function private.next_in_pool from public, anon, authenticated, service_role;

-- from sql/25_pools/functions/pool_of.sql sha256:8073b8faabf490ab7100fa895c850846e59ea5878f1e9d6cc9aabc2789a64ab8
create or replace function private.pool_of(p_required text[])
returns uuid
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (select substr(w, 6)::uuid from unnest(p_required) as w where w like 'pool:%');
end
$$;
comment on function private.pool_of is 'The pool that a lane requires; null for none.';
revoke all on function private.pool_of from public, anon, authenticated, service_role;

-- from sql/25_pools/functions/pool_waits_for.sql sha256:7f522e6f330e2b94d005c0a7b9417707071f7cda668a057765b7da3f354edae6
create or replace function private.pool_waits_for(
    p_pool_id uuid,
    p_owner_id uuid,
    p_environment text,
    p_offers text[]
)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return exists (
        select
        from public.pool_members as m
        join private.queue_tenants as q on q.tenant_id = m.tenant_id
        join private.lanes as e on e.tenant_no = q.tenant_no and e.robot_id is null
        where m.pool_id = p_pool_id
            and m.tenant_id <> p_owner_id
            and private.pool_weight(p_pool_id, m.tenant_id) is not null
            and 'pool:' || p_pool_id = any (e.required)
            and private.lane_suits(e.environment, e.required, p_environment, p_offers)
            and (private.lane_room(e.workflow_limit_id, e.key_limit_id) > 0) is not false
            and exists (select from private.ready as r where r.tenant_no = e.tenant_no and r.lane_id = e.lane_id)
            and not exists (
                select
                from private.limits as w
                where w.tenant_id = m.tenant_id
                    and (w.scope = 'tenant' or w.pool_id = p_pool_id)
                    and private.lane_room(w.limit_id, null) = 0
            )
    );
end
$$;
comment on function private.pool_waits_for is
    'Whether other members than its owner have jobs for a pool that a robot with these things may take. For explanations: it looks at every member.';
revoke all on function private.pool_waits_for from public, anon, authenticated, service_role;

-- from sql/25_pools/functions/pool_weight.sql sha256:6a040958694c9d3112f83ea016d534644f0dfbe825259d4eb10cc14661605c08
create or replace function private.pool_weight(p_pool_id uuid, p_tenant_id uuid)
returns smallint
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
    return (
        select m.weight
        from public.pool_members as m
        where m.pool_id = p_pool_id
            and m.tenant_id = p_tenant_id
            and m.accepted_at is not null
            and exists (select from public.tenants as t where t.tenant_id = p_tenant_id and t.deleted_at is null)
    );
end
$$;
comment on function private.pool_weight is
    'How many jobs a pool''s robot gives a tenant in its turn; null for one that is not a member (any more).';
revoke all on function private.pool_weight from public, anon, authenticated, service_role;

-- from sql/25_pools/functions/put_pool_member.sql sha256:76fc9b911bb423b0579460cdd4a6e849255933845c1f4be2987b8ae6ff3ebb77
create or replace function public.put_pool_member(
    p_pool text,
    p_tenant text,
    p_weight integer default 1,
    p_max_running integer default null
)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('robots.write');
    v_pool public.pools := private.find_pool(v_caller.tenant_id, p_pool, 'owner');
    v_invitee text := lower(btrim(p_tenant));
    v_tenant record;
    v_member public.pool_members;
begin
    if (v_invitee ~ '^[a-z0-9-]{1,64}$') is not true then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'tenant must be the slug or the id of a tenant.');
    elsif p_weight not between 1 and 100 or p_weight is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'weight must be between 1 and 100.');
    elsif p_max_running not between 0 and 100000 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'max_running must be between 0 and 100000.');
    end if;
    -- Whoever is found or not, what follows and what is answered is the same.
    select t.tenant_id, t.slug into v_tenant
    from public.tenants as t
    where case
            when v_invitee ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then t.tenant_id = v_invitee::uuid
            else t.slug = v_invitee
        end
        and t.deleted_at is null;
    if v_tenant.tenant_id = v_pool.tenant_id then
        v_invitee := v_tenant.slug;     -- the owner's only row
        if p_max_running is not null then
            perform private.raise_error(400, 'INVALID_ARGUMENT', 'max_running is for other tenants than the pool''s owner.');
        end if;
    end if;
    insert into public.pool_members as m (pool_id, invitee, tenant_id, weight, max_running, invited_by, invited_at)
    values (
        v_pool.pool_id, v_invitee, v_tenant.tenant_id, p_weight, p_max_running,
        coalesce(v_caller.user_id, v_caller.api_key_id), private.clock()
    )
    on conflict (pool_id, invitee) do update set
        weight = excluded.weight,
        max_running = excluded.max_running,
        tenant_id = case when m.accepted_at is null then excluded.tenant_id else m.tenant_id end
    returning * into v_member;
    if v_member.accepted_at is not null then
        perform private.set_pool_limit(v_pool.pool_id, v_member.tenant_id, p_max_running);
    end if;
    return private.describe_pool_member(v_member);
end
$$;
comment on function public.put_pool_member is
    'Invites a tenant, by its slug or id, to a pool of the caller''s tenant, or changes the weight and max_running of a member or an invitation. A tenant that is not there is invited like any other. Raises 404 POOL_NOT_FOUND. Needs robots.write.';
revoke all on function public.put_pool_member from public, anon, authenticated, service_role;
grant execute on function public.put_pool_member to authenticated;

-- from sql/25_pools/functions/remove_pool_member.sql sha256:8e62a44b4f4cf25029510642c17f2fc48f3294c1aba93e7310e15ebfdde997cf
create or replace function public.remove_pool_member(p_pool text, p_tenant text)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('robots.write');
    v_pool public.pools := private.find_pool(v_caller.tenant_id, p_pool, 'owner');
    v_member public.pool_members;
begin
    delete from public.pool_members as m
    where m.pool_id = v_pool.pool_id and m.invitee = lower(btrim(p_tenant))
    returning * into v_member;
    if not found then
        perform private.raise_error(404, 'POOL_MEMBER_NOT_FOUND', 'The pool has no such member or invitation.');
    elsif v_member.accepted_at is not null then
        perform private.end_pool_membership(v_pool.pool_id, v_member.tenant_id);
    end if;
    return private.describe_pool_member(v_member);
end
$$;
comment on function public.remove_pool_member is
    'Takes a member out of a pool of the caller''s tenant, or an invitation back, by the name that it was invited with; the next claim gives it nothing. Its jobs that asked for the pool wait. Raises 404 POOL_NOT_FOUND, POOL_MEMBER_NOT_FOUND, 409 POOL_OWNER_STAYS. Needs robots.write.';
revoke all on function public.remove_pool_member from public, anon, authenticated, service_role;
grant execute on function public.remove_pool_member to authenticated;

-- from sql/25_pools/functions/set_pool_limit.sql sha256:591008d56ce1bf848535b7e34a81aa0ec2c307e8f25c41d8862e4dd81f158555
create or replace function private.set_pool_limit(p_pool_id uuid, p_tenant_id uuid, p_max_running integer)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set lock_timeout = '5s'     -- as public.set_limit() does it
as $$
declare
    v_limit private.limits;
begin
    if p_max_running is null then
        delete from private.limits as w
        where w.tenant_id = p_tenant_id and w.scope = 'pool' and w.pool_id = p_pool_id;
        return;
    end if;
    perform pg_advisory_xact_lock(private.limits_lock(), hashtext(p_tenant_id::text));
    update private.limits as w
    set max_running = p_max_running, updated_at = private.clock()
    where w.tenant_id = p_tenant_id and w.scope = 'pool' and w.pool_id = p_pool_id
    returning w.* into v_limit;
    if not found then
        insert into private.limits (tenant_id, scope, pool_id, max_running, updated_at)
        values (p_tenant_id, 'pool', p_pool_id, p_max_running, private.clock())
        returning * into v_limit;
    end if;
    perform private.make_counters(v_limit);
    perform private.ring_limit(v_limit.limit_id, private.lane_room(v_limit.limit_id, null));
end
$$;
comment on function private.set_pool_limit is
    'Sets how many jobs of a tenant the robots of a pool may hold at once, those that they hold now included; null: any number.';
revoke all on function private.set_pool_limit from public, anon, authenticated, service_role;

-- from sql/25_pools/functions/set_robot_pool.sql sha256:ba911f0d7eb0b637b0f19c894340e6ee947caabbbf93c14eaa9e3466979638ee
create or replace function public.set_robot_pool(p_robot text, p_pool text default null)
returns public.live_robots
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('robots.write');
    v_robot public.robots := private.find_robot(v_caller.tenant_id, p_robot);
    v_pool public.pools;
    v_live public.live_robots;
begin
    if p_pool is not null then
        v_pool := private.find_pool(v_caller.tenant_id, p_pool, 'owner');
    end if;
    update public.robots as r
    set pool_id = v_pool.pool_id, updated_at = private.clock()
    where r.robot_id = v_robot.robot_id;
    delete from private.waiting_robots as w where w.robot_id = v_robot.robot_id;     -- waits with what it had before
    delete from private.pool_turns as t where t.robot_id = v_robot.robot_id;
    if v_pool.pool_id is not null then
        -- It begins with any member, so that robots that join together do not all begin with the same.
        insert into private.pool_turns (robot_id, tenant_no, jobs_left)
        select v_robot.robot_id, q.tenant_no, 0
        from public.pool_members as m
        join private.queue_tenants as q on q.tenant_id = m.tenant_id
        where m.pool_id = v_pool.pool_id and m.accepted_at is not null
        order by random()
        limit 1;
    end if;
    perform private.announce_robot('robot.updated', v_robot.robot_id);
    select r.* into v_live from public.live_robots as r where r.robot_id = v_robot.robot_id;
    return v_live;
end
$$;
comment on function public.set_robot_pool is
    'Puts a robot in a pool of its tenant, or (null) takes it out, from its next claim on, and returns it. What it holds it finishes. Raises 404 ROBOT_NOT_FOUND, POOL_NOT_FOUND. Needs robots.write.';
revoke all on function public.set_robot_pool from public, anon, authenticated, service_role;
grant execute on function public.set_robot_pool to authenticated;

-- from sql/25_pools/functions/update_pool.sql sha256:89bb6120d7f2f3bbc162d4e86225050eda41e46c7f46ce76b32c70f01850c341
create or replace function public.update_pool(p_pool text, p_name text default null, p_shares_by text default null)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('robots.write');
    v_pool public.pools := private.find_pool(v_caller.tenant_id, p_pool, 'owner');
    v_name text := private.nfc(btrim(p_name));
begin
    if length(v_name) not between 1 and 64 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'name must have 1 to 64 characters.');
    elsif p_shares_by not in ('jobs', 'robot_seconds') then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'shares_by must be jobs or robot_seconds.');
    end if;
    begin
        update public.pools as p
        set name = coalesce(v_name, p.name), shares_by = coalesce(p_shares_by, p.shares_by)
        where p.pool_id = v_pool.pool_id;
    exception
        when unique_violation then
            perform private.raise_error(409, 'POOL_EXISTS', 'The tenant has a pool of this name.');
    end;
    return private.describe_pool(v_pool.pool_id, v_caller.tenant_id);
end
$$;
comment on function public.update_pool is
    'Gives a pool of the tenant''s own another name, or lets its members take turns by jobs or by robot_seconds, from the next claim on; null leaves what is. Raises 404 POOL_NOT_FOUND, 409 POOL_EXISTS. Needs robots.write.';
revoke all on function public.update_pool from public, anon, authenticated, service_role;
grant execute on function public.update_pool to authenticated;

-- from sql/30_robots/functions/announce_robot.sql sha256:18fd0f120bf70cf27905b70d40197a444371a734f3b42b17a81e2cd71aec45cf
create or replace function private.announce_robot(p_event text, p_robot_id uuid, p_data jsonb default '{}')
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_robot public.live_robots;
    v_payload jsonb;
begin
    select r.* into v_robot from public.live_robots as r where r.robot_id = p_robot_id;
    v_payload := jsonb_build_object(
        'robot_id', v_robot.robot_id,
        'external_id', v_robot.external_id,
        'name', v_robot.name,
        'mode', v_robot.mode,
        'is_online', v_robot.is_online,
        'is_active', v_robot.is_active,
        'is_healthy', v_robot.is_healthy,
        'is_busy', v_robot.is_busy,
        'timestamp', private.to_iso(private.clock())
    );
    perform private.emit_event(v_robot.tenant_id, p_event, null, p_robot_id, null, (v_payload - 'timestamp') || p_data);
    perform private.broadcast('tenant:' || v_robot.tenant_id || ':robots', p_event, v_payload);
end
$$;
comment on function private.announce_robot is
    'Tells that a robot came, went or changed: an event for those who resume, a push for those who watch.';
revoke all on function private.announce_robot from public, anon, authenticated, service_role;

-- from sql/30_robots/functions/authorize_for_robot.sql sha256:349969fa35604d2af5ddd0da4abb65608aff36e7c0f5660a9c6db91bf956e6fa
create or replace function private.authorize_for_robot(p_robot text, p_permission text)
returns public.robots
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.caller();
    v_robot public.robots;
begin
    if v_caller.principal is distinct from 'robot' then
        v_caller := private.authorize(p_permission);
        if p_robot is null then
            perform private.raise_error(400, 'INVALID_ARGUMENT', 'robot_id must be given.');
        end if;
        return private.find_robot(v_caller.tenant_id, p_robot);
    end if;
    v_caller := private.authorize_robot('robots.heartbeat');
    select r.* into v_robot from public.robots as r where r.robot_id = v_caller.robot_id;
    -- Another robot and no robot get the same answer.
    if p_robot is not null and lower(p_robot) <> v_robot.robot_id::text and p_robot <> v_robot.external_id then
        perform private.raise_error(403, 'FORBIDDEN', 'A robot''s key works for its own robot only.');
    end if;
    return v_robot;
end
$$;
comment on function private.authorize_for_robot is
    'The robot that a request is about: a robot''s own (null: itself), or any of the tenant for a caller with the permission. Raises 401, 403 FORBIDDEN, 404 ROBOT_NOT_FOUND.';
revoke all on function private.authorize_for_robot from public, anon, authenticated, service_role;

-- from sql/30_robots/functions/authorize_robot.sql sha256:c71958606307ccf0ae9dd201642e27144295d1bd05eab7cbf774df516f5985ee
-- What private.authorize() asks, said here again: on the path of every verb of a robot each call inside a call costs.
create or replace function private.authorize_robot(p_permission text, p_permission_of_others text default null)
returns private.caller
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.caller();
begin
    if v_caller.robot_id is null or not private.has_permission(v_caller.permissions, p_permission) then
        if p_permission_of_others is not null and v_caller.principal is distinct from 'robot' then
            return private.authorize(p_permission_of_others);
        end if;
        perform private.authorize(p_permission);
        perform private.raise_error(403, 'FORBIDDEN', 'Only a registered robot may do this, with its own key.');
    end if;
    return v_caller;
end
$$;
comment on function private.authorize_robot is
    'The verified caller, who is a robot and has the permission, or a member or program with the second one, if one is named; raises 401 AUTHENTICATION_FAILED or 403 FORBIDDEN otherwise.';
revoke all on function private.authorize_robot from public, anon, authenticated, service_role;

-- from sql/30_robots/functions/bring_robot_online.sql sha256:c87f3c2566b9146f0c2af662d8cd7444721b83ab360727d995b1e580297fe13f
create or replace function private.bring_robot_online(
    p_tenant_id uuid,
    p_robot_id uuid,
    p_metrics jsonb,
    p_health public.robot_health,
    p_session_id uuid default null
)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := private.clock();
    v_was record;
begin
    select h.is_online, h.last_heartbeat_at into v_was
    from public.robot_heartbeats as h
    where h.robot_id = p_robot_id
    for update;
    if not found then
        insert into public.robot_heartbeats as h (
            robot_id, tenant_id, last_heartbeat_at, online_since, metrics, health, session_id
        )
        values (p_robot_id, p_tenant_id, v_now, v_now, coalesce(p_metrics, '{}'), coalesce(p_health, 'ok'), p_session_id)
        on conflict (robot_id) do nothing;
        return found;
    end if;
    update public.robot_heartbeats as h
    set last_heartbeat_at = v_now,
        online_since = case when h.is_online then h.online_since else v_now end,
        is_online = true,
        is_signed_off = false,
        metrics = coalesce(p_metrics, h.metrics),
        health = coalesce(p_health, h.health),
        session_id = coalesce(h.session_id, p_session_id),
        other_session_at = case when h.session_id <> p_session_id then v_now else h.other_session_at end
    where h.robot_id = p_robot_id;
    return not v_was.is_online;
end
$$;
comment on function private.bring_robot_online is
    'Notes that a robot is alive, and returns whether that is news. Null metrics or health leave what was said before. A session that is not the one that registered last is noted.';
revoke all on function private.bring_robot_online from public, anon, authenticated, service_role;

-- from sql/30_robots/functions/calling_robot_id.sql sha256:efe1e8878e82b2948b11171bfa9e79fc512e2debbe24106103cbfe2aea25b501
create or replace function private.calling_robot_id()
returns uuid
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return (private.caller()).robot_id;
end
$$;
comment on function private.calling_robot_id is 'The robot that makes this request, verified; null for anybody else. For policies.';
revoke all on function private.calling_robot_id from public, anon, authenticated, service_role;
grant execute on function private.calling_robot_id to authenticated;

-- from sql/30_robots/functions/command_robot.sql sha256:dce18ddb1639353722b18e02a93b4da7d132c7f6c78f2320723c6628aa402d1a
create or replace function public.command_robot(p_robot text, p_command text, p_reason text default null)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('robots.control');
    v_robot public.robots := private.find_robot(v_caller.tenant_id, p_robot);
    v_reason text := nullif(btrim(p_reason), '');
    v_mode public.robot_mode;
    v_command_id uuid;
begin
    if not coalesce(p_command in ('pause', 'resume', 'drain', 'shutdown', 'quarantine', 'release'), false) then
        perform private.raise_error(
            400, 'INVALID_ARGUMENT', 'command must be pause, resume, drain, shutdown, quarantine or release.'
        );
    elsif length(v_reason) > 1024 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'reason must not have more than 1024 characters.');
    end if;

    if p_command = 'quarantine' then
        v_command_id := private.quarantine_robot(
            v_robot.tenant_id, v_robot.robot_id, coalesce(v_reason, 'A person put it there.')
        );
        if v_command_id is null then
            perform private.raise_error(409, 'ROBOT_QUARANTINED', 'The robot is in quarantine already.');
        end if;
    else
        v_mode := case p_command
            when 'pause' then 'paused'
            when 'drain' then 'draining'
            when 'resume' then 'active'
            else v_robot.mode       -- a robot that was shut down works again when somebody starts it
        end;
        if p_command = 'release' then   -- before the robot's row, as who counts failures does
            delete from private.robot_failures as f
            where f.tenant_id = v_robot.tenant_id and f.robot_id = v_robot.robot_id;
        end if;
        update public.robots as r
        set mode = v_mode,
            quarantined_at = case when p_command = 'release' then null else r.quarantined_at end,
            quarantine_reason = case when p_command = 'release' then null else r.quarantine_reason end,
            updated_at = private.clock()
        where r.robot_id = v_robot.robot_id;
        if p_command = 'resume' then    -- also from what the robot said of itself
            update public.robot_heartbeats as h
            set is_in_maintenance = false
            where h.robot_id = v_robot.robot_id and h.is_in_maintenance;
        end if;
        if p_command not in ('resume', 'release') then
            delete from private.waiting_robots as w where w.robot_id = v_robot.robot_id;
        end if;
        v_command_id := private.send_robot_command(v_robot.tenant_id, v_robot.robot_id, p_command, v_reason);
        perform private.announce_robot(
            case when p_command = 'release' and v_robot.quarantined_at is not null then 'robot.released' else 'robot.updated' end,
            v_robot.robot_id, jsonb_build_object('command', p_command, 'reason', v_reason)
        );
    end if;
    return jsonb_build_object('command_id', v_command_id, 'command', p_command, 'robot_id', v_robot.robot_id);
end
$$;
comment on function public.command_robot is
    'Tells a robot to pause, to drain (finish what it holds, then stand by), to resume after either, to shut down, or puts it in quarantine or releases it. The cloud obeys at once: no jobs for a robot that may have none. The robot is told by push and heartbeat, and its acknowledgement is live_robots.last_command. Raises 404 ROBOT_NOT_FOUND, 409 ROBOT_QUARANTINED. Needs robots.control.';
revoke all on function public.command_robot from public, anon, authenticated, service_role;
grant execute on function public.command_robot to authenticated;

-- from sql/30_robots/functions/commanding_actor_id.sql sha256:ffdcbb69003b844c50af16ea8bf0ee7c55ba018611bdd428414c68172f5eb0b0
create or replace function private.commanding_actor_id()
returns uuid
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.caller();
begin
    return case when v_caller.principal <> 'robot' then coalesce(v_caller.user_id, v_caller.api_key_id) end;
end
$$;
comment on function private.commanding_actor_id is
    'The user or service key on whose word a robot is told something; null when a robot''s report or a duty led to it.';
revoke all on function private.commanding_actor_id from public, anon, authenticated, service_role;

-- from sql/30_robots/functions/count_robot_failure.sql sha256:66161c2583726b81e88cc137664315bed153bea442bbf3dacb3e64908fae7bdd
-- The job may be another tenant's, of the robot's pool. However many of them fail in a row, they count as one failure until
-- somebody else's job fails too: else a member could put every robot of a pool out of work.
create or replace function private.count_robot_failure(p_job_tenant_id uuid, p_robot_id uuid, p_job_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := private.clock();
    v_tenant_id uuid;       -- the robot's
    v_failures integer;
    v_limit integer;
begin
    insert into private.robot_failures as f (
        tenant_id, robot_id, failures, first_failed_at, last_failed_at, last_job_id, last_job_tenant_id
    )
    select r.tenant_id, r.robot_id, 1, v_now, v_now, p_job_id, p_job_tenant_id
    from public.robots as r
    where r.robot_id = p_robot_id and r.deleted_at is null
    on conflict (tenant_id, robot_id) do update set
        failures = f.failures + case
            when excluded.last_job_tenant_id <> f.tenant_id and excluded.last_job_tenant_id = f.last_job_tenant_id then 0
            else 1
        end,
        last_failed_at = excluded.last_failed_at,
        last_job_id = excluded.last_job_id,
        last_job_tenant_id = excluded.last_job_tenant_id
    returning f.tenant_id, f.failures into v_tenant_id, v_failures;
    select t.quarantine_after_failures into v_limit from public.tenants as t where t.tenant_id = v_tenant_id;
    if v_limit > 0 and v_failures >= v_limit then
        perform private.quarantine_robot(
            v_tenant_id, p_robot_id, format('It failed %s attempts in a row.', v_failures),
            jsonb_build_object('failures', v_failures, 'last_job_id', p_job_id)
        );
    end if;
end
$$;
comment on function private.count_robot_failure is
    'Notes that a robot failed an attempt at a job of a tenant, and quarantines it after as many in a row as the robot''s tenant allows (quarantine_after_failures; 0: never).';
revoke all on function private.count_robot_failure from public, anon, authenticated, service_role;

-- from sql/30_robots/functions/deaf_robots.sql sha256:2d5d2eef9df7a56271dd0fe17effb22710b5949451086c36730d53b364a70337
create or replace function private.deaf_robots(p_tenant_id uuid, p_after uuid, p_limit integer)
returns table (robot_id uuid, last_claim_at timestamptz, job_id uuid)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    v_before timestamptz := private.clock() - interval '5 minutes';
begin
    if private.back_at() >= v_before then   -- they could not ask
        return;
    end if;
    return query
    select c.robot_id, c.last_claim_at, w.job_id
    from (
        select r.robot_id, r.environment, r.pool_id, r.capabilities, r.tags, r.is_internet, h.last_claim_at
        from public.robot_heartbeats as h
        join public.robots as r on r.robot_id = h.robot_id and r.deleted_at is null
        join public.tenants as t on t.tenant_id = h.tenant_id
        where h.tenant_id = p_tenant_id
            and h.robot_id > coalesce(p_after, '00000000-0000-0000-0000-000000000000')
            and h.is_online
            and h.deaf_since is null
            and h.last_heartbeat_at > private.clock() - make_interval(secs => t.robot_offline_after_seconds)
            and h.online_since < v_before
            and (h.last_claim_at < v_before) is not false
            and private.robot_may_claim(r.mode, h.is_signed_off or h.is_in_maintenance, r.quarantined_at)
            and not exists (select from private.find_full_limits(h.tenant_id, null, null))
            and r.max_concurrent_jobs > (select count(*) from private.leases as l where l.robot_id = r.robot_id)
        order by h.robot_id
        limit p_limit
    ) as c
    join private.queue_tenants as q on q.tenant_id = p_tenant_id
    left join lateral (
        select f.job_id
        from private.lanes as e
        cross join lateral (
            select y.job_id
            from private.ready as y
            where y.tenant_no = q.tenant_no and y.lane_id = e.lane_id
            order by y.job_id
            limit 1
        ) as f
        where e.tenant_no = q.tenant_no
            and (e.robot_id is null or e.robot_id = c.robot_id)
            and private.lane_suits(
                e.environment, e.required, c.environment, private.robot_offers(c.capabilities, c.tags, c.is_internet, c.pool_id)
            )
            and f.job_id < private.uuid_v7_floor(v_before)
            and (private.lane_room(e.workflow_limit_id, e.key_limit_id) > 0) is not false
        limit 1
    ) as w on true
    order by c.robot_id;
end
$$;
comment on function private.deaf_robots is
    'The first p_limit robots of a tenant behind p_after that send heartbeats, have free slots and have not claimed for five minutes, each with a job that has been waiting for it that long; null: none has, so it is not deaf.';
revoke all on function private.deaf_robots from public, anon, authenticated, service_role;

-- from sql/30_robots/functions/delete_robot.sql sha256:81e2245ee6080a2ff998b950836f9628df9146b4274c13738aa40efcde419d42
create or replace function public.delete_robot(p_robot text)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('robots.write');
    v_robot public.robots := private.find_robot(v_caller.tenant_id, p_robot);
    v_now timestamptz := private.clock();
begin
    -- It cannot renew them any more: whatever rescues expired leases gives them to others. Before anything of the robot
    -- itself, as a failure that puts it in quarantine does it.
    update private.leases as l
    set lease_expires_at = v_now
    where l.job_id in (
        select o.job_id
        from private.leases as o
        where o.robot_id = v_robot.robot_id and o.lease_expires_at > v_now
        order by o.job_id
        for update
    );
    update public.robot_heartbeats as h set is_online = false, is_signed_off = true where h.robot_id = v_robot.robot_id;
    perform private.announce_robot('robot.deleted', v_robot.robot_id);
    update public.robots as r set deleted_at = v_now, updated_at = v_now where r.robot_id = v_robot.robot_id;
    update public.api_keys as k
    set revoked_at = v_now
    where k.tenant_id = v_caller.tenant_id and k.robot_id = v_robot.robot_id and k.revoked_at is null;
    delete from private.waiting_robots as w where w.robot_id = v_robot.robot_id;
    return jsonb_build_object('robot_id', v_robot.robot_id, 'external_id', v_robot.external_id);
end
$$;
comment on function public.delete_robot is
    'Takes a robot out of the fleet: its keys are revoked at once and its jobs go to others. Its name is free again. Raises 404 ROBOT_NOT_FOUND. Needs robots.write.';
revoke all on function public.delete_robot from public, anon, authenticated, service_role;
grant execute on function public.delete_robot to authenticated;

-- from sql/30_robots/functions/find_robot.sql sha256:bd58c49de3f1bb253326f845b5df8edda1d0965dbb73e202b4a9fc62bc0ce4aa
create or replace function private.find_robot(p_tenant_id uuid, p_robot text)
returns public.robots
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_robot public.robots;
begin
    -- An external id may look like a UUID; the robot's own id wins.
    if p_robot ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
        select r.* into v_robot
        from public.robots as r
        where r.robot_id = p_robot::uuid and r.tenant_id = p_tenant_id and r.deleted_at is null;
    end if;
    if v_robot.robot_id is null then
        select r.* into v_robot
        from public.robots as r
        where r.tenant_id = p_tenant_id and r.external_id = p_robot and r.deleted_at is null;
    end if;
    if v_robot.robot_id is null then
        perform private.raise_error(404, 'ROBOT_NOT_FOUND', 'There is no such robot.');
    end if;
    return v_robot;
end
$$;
comment on function private.find_robot is
    'The robot of a tenant by its id or its external id. Raises 404 ROBOT_NOT_FOUND for one that is deleted, another tenant''s or not there.';
revoke all on function private.find_robot from public, anon, authenticated, service_role;

-- from sql/30_robots/functions/find_robot_problem.sql sha256:9ad8b91c7726146378d60515900a58a77b6deef2b63c4db07e736e74c5abf559
create or replace function private.find_robot_problem(
    p_external_id text,
    p_name text,
    p_hostname text,
    p_capabilities text[],
    p_attributes jsonb,
    p_environment text,
    p_max_concurrent_jobs integer,
    p_tags text[]
)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_external_id !~ '^[A-Za-z0-9_-]{1,64}$' then
        return 'robot_id must have 1 to 64 letters, digits, underscores or hyphens.';
    elsif length(p_name) not between 1 and 128 then
        return 'name must have 1 to 128 characters.';
    elsif length(p_hostname) > 256 then
        return 'hostname must not have more than 256 characters.';
    elsif length(p_environment) not between 1 and 64 or p_environment = '*' then
        return 'environment must have 1 to 64 characters and not be *.';
    elsif p_max_concurrent_jobs not between 1 and 100 then
        return 'max_concurrent_jobs must be between 1 and 100.';
    elsif jsonb_typeof(p_attributes) <> 'object' or pg_column_size(p_attributes) > 65536 then
        return 'attributes must be an object of at most 64 KB.';
    elsif private.find_json_problem('attributes', p_attributes) is not null then
        return private.find_json_problem('attributes', p_attributes);
    end if;
    return coalesce(
        private.find_words_problem('capabilities', p_capabilities),
        private.find_words_problem('tags', p_tags)
    );
end
$$;
comment on function private.find_robot_problem is
    'What is wrong with a robot''s configuration, as a sentence that names the field; null when nothing is. A field that is null is not looked at.';
revoke all on function private.find_robot_problem from public, anon, authenticated, service_role;

-- from sql/30_robots/functions/find_words_problem.sql sha256:0cca981747740a402586882ae88c9b24f9251a6d48b715a7422486f8045a25ea
create or replace function private.find_words_problem(p_field text, p_words text[])
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if cardinality(p_words) > 100 then
        return format('%s must not have more than 100 entries.', p_field);
    elsif array_ndims(p_words) > 1
        or exists (select from unnest(p_words) as w where w is null or length(w) not between 1 and 64)
    then
        return format('%s must be words of 1 to 64 characters.', p_field);
    elsif exists (select from unnest(p_words) as w where w ~ '^(tag|mode|pool):') then
        return format('%s must not begin with "tag:", "mode:" or "pool:", which mean something else here.', p_field);
    end if;
    return null;
end
$$;
comment on function private.find_words_problem is
    'What is wrong with a list of capabilities or tags, as a sentence that names the field; null when nothing is.';
revoke all on function private.find_words_problem from public, anon, authenticated, service_role;

-- from sql/30_robots/functions/give_back_unknown_jobs.sql sha256:4dd29e6cc3e14835ce92eff924633b0397bbe526ed5dfde79df346d4cd68b48a
-- A job that the robot has begun is never taken from it by a list: only leases that were never started, as their answers may
-- have been lost. An answer may also be under way: the robot names the claims that it waits for, and a heartbeat may be
-- overtaken by a claim that began after it was written, so what is younger than ten seconds stays.
create or replace function private.give_back_unknown_jobs(p_robot_id uuid, p_known_job_ids jsonb, p_claims_in_flight uuid[])
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_job_ids uuid[];
begin
    v_job_ids := array(
        select l.job_id
        from private.leases as l
        where l.robot_id = p_robot_id
            and l.started_at is null
            and l.claimed_at < private.clock() - interval '10 seconds'
            and not p_known_job_ids ? l.job_id::text
            and (l.claim_id = any (p_claims_in_flight)) is not true
    );
    if v_job_ids <> '{}' then
        perform pg_advisory_xact_lock(private.claims_lock(), hashtext(p_robot_id::text));
        perform private.give_back_leases(p_robot_id, v_job_ids, 'The robot does not know it.');
    end if;
end
$$;
comment on function private.give_back_unknown_jobs is
    'Gives jobs back that a robot was handed, has not started and does not name among those that it knows.';
revoke all on function private.give_back_unknown_jobs from public, anon, authenticated, service_role;

-- from sql/30_robots/functions/has_live_key.sql sha256:f6f4647d19b6fbc132d8de37bbf07f06b7bba73675b7a6d9d4bcee2a653e54a2
create or replace function private.has_live_key(p_tenant_id uuid, p_robot_id uuid)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return exists (
        select
        from public.api_keys as k
        where k.tenant_id = p_tenant_id
            and k.robot_id = p_robot_id
            and k.kind = 'robot'
            and k.revoked_at is null
            and (k.expires_at is null or k.expires_at > private.clock())
    );
end
$$;
comment on function private.has_live_key is
    'Whether a robot has a key with which private.caller() lets it in.';
revoke all on function private.has_live_key from public, anon, authenticated, service_role;

-- from sql/30_robots/functions/is_lease_list.sql sha256:3cd53903860e39b608ab02b187ddbb4c3feb980101ce2242ea160adff604037c
create or replace function private.is_lease_list(p_leases jsonb)
returns boolean
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return case
        when p_leases is null then null
        when jsonb_typeof(p_leases) <> 'array' then false
        when jsonb_array_length(p_leases) > 1000 then false
        else not exists (
            select
            from jsonb_array_elements(p_leases) as l (lease)
            where (
                l.lease ->> 'job_id' ~ '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'
                and jsonb_typeof(l.lease -> 'lease_token') = 'number'
            ) is not true
        )
    end;
end
$$;
comment on function private.is_lease_list is
    'Whether this is a list of at most 1000 leases {job_id, lease_token}, ids as the service writes them; null of null.';
revoke all on function private.is_lease_list from public, anon, authenticated, service_role;

-- from sql/30_robots/functions/is_robot.sql sha256:b0678af7b6c772ced74708e9c1a5f48da0d435db55a247472c843657b7c71fce
create or replace function private.is_robot(p_robot_id uuid)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return exists (select from public.robots as r where r.robot_id = p_robot_id and r.deleted_at is null);
end
$$;
comment on function private.is_robot is
    'Whether a robot is still in the fleet: one that a person deleted did not die.';
revoke all on function private.is_robot from public, anon, authenticated, service_role;

-- from sql/30_robots/functions/mark_offline_robots.sql sha256:f961ca03020b648f070a75a23591a76d73a416a72c6163a34d4f581b2859e83e
create or replace function private.mark_offline_robots(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_robot_id uuid;
    v_marked integer := 0;
    v_back_at timestamptz := private.back_at();
begin
    if private.is_away() then       -- none of them could be heard
        return (0, 0, null)::private.turn;
    end if;
    for v_robot_id in
        select h.robot_id
        from public.robot_heartbeats as h
        join public.tenants as t on t.tenant_id = h.tenant_id
        where h.tenant_id = p_tenant_id
            and h.is_online
            and greatest(h.last_heartbeat_at, v_back_at) <= private.clock() - make_interval(secs => t.robot_offline_after_seconds)
        limit p_limit
        for update of h skip locked
    loop
        update public.robot_heartbeats as h set is_online = false where h.robot_id = v_robot_id;
        delete from private.waiting_robots as w where w.robot_id = v_robot_id;
        perform private.announce_robot('robot.offline', v_robot_id);
        v_marked := v_marked + 1;
    end loop;
    return (v_marked, v_marked, case when v_marked = p_limit then 'more' end)::private.turn;
end
$$;
comment on function private.mark_offline_robots is
    'Duty, a tenant''s turn: notices at most p_limit robots that have not been heard of for robot_offline_after_seconds in which the service was there, tells it once, and counts them.';
revoke all on function private.mark_offline_robots from public, anon, authenticated, service_role;

-- from sql/30_robots/functions/notice_deaf_robots.sql sha256:b5426cecfc71c19c1d9b5b37cb7f3fe5cffc91af090f616eeb9c73b4b2399526
create or replace function private.notice_deaf_robots(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_robot record;
    v_turn private.turn := (0, 0, null);
begin
    for v_robot in
        select d.robot_id, d.last_claim_at, d.job_id
        from private.deaf_robots(p_tenant_id, p_after::uuid, greatest(p_limit / 10, 1)) as d
    loop
        v_turn.used := v_turn.used + 10;    -- each costs a look at the tenant's lanes
        v_turn.after := v_robot.robot_id;
        continue when v_robot.job_id is null;
        update public.robot_heartbeats as h
        set deaf_since = coalesce(h.last_claim_at, h.online_since)
        where h.robot_id = v_robot.robot_id
            and h.deaf_since is null
            and h.last_claim_at is not distinct from v_robot.last_claim_at;
        continue when not found;
        perform private.announce_robot(
            'robot.deaf', v_robot.robot_id,
            jsonb_build_object('last_claim_at', private.to_iso(v_robot.last_claim_at), 'waiting_job_id', v_robot.job_id)
        );
        v_turn.done := v_turn.done + 1;
    end loop;
    if v_turn.used < greatest(p_limit / 10, 1) * 10 then
        v_turn.after := null;
    end if;
    return v_turn;
end
$$;
comment on function private.notice_deaf_robots is
    'Duty, a tenant''s turn: notices robots that live and do not ask for the work that waits for them, tells it once, and counts them. Their next claim takes the word back.';
revoke all on function private.notice_deaf_robots from public, anon, authenticated, service_role;

-- from sql/30_robots/functions/quarantine_robot.sql sha256:28bcbaee5896504f30076aadbb8250eb9b9addb748f7a140f3a870c7ed06498b
create or replace function private.quarantine_robot(p_tenant_id uuid, p_robot_id uuid, p_reason text, p_data jsonb default '{}')
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_command_id uuid;
begin
    update public.robots as r
    set quarantined_at = private.clock(), quarantine_reason = p_reason, updated_at = private.clock()
    where r.tenant_id = p_tenant_id and r.robot_id = p_robot_id and r.quarantined_at is null and r.deleted_at is null;
    if not found then
        return null;
    end if;
    delete from private.waiting_robots as w where w.robot_id = p_robot_id;
    v_command_id := private.send_robot_command(p_tenant_id, p_robot_id, 'quarantine', p_reason);
    perform private.announce_robot('robot.quarantined', p_robot_id, jsonb_build_object('reason', p_reason) || p_data);
    return v_command_id;
end
$$;
comment on function private.quarantine_robot is
    'Takes a robot out of work until a person releases it, tells it so, and returns the command; null when it is in quarantine already. What it holds it may finish.';
revoke all on function private.quarantine_robot from public, anon, authenticated, service_role;

-- from sql/30_robots/functions/record_heartbeat.sql sha256:114a099528eb80fbf4899c4bc8745439eadecb16c774b1a8bea621ad118e8c87
create or replace function public.record_heartbeat(
    p_robot text default null,
    p_metrics jsonb default null,
    p_acknowledged_commands uuid[] default null,
    p_session_id uuid default null,
    p_claims_in_flight uuid[] default null
)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_robot public.robots := private.authorize_for_robot(p_robot, 'robots.control');
begin
    if jsonb_typeof(p_metrics) not in ('object', 'null') or pg_column_size(p_metrics) > 65536 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'metrics must be an object of at most 64 KB.');
    end if;
    if private.find_json_problem('metrics', p_metrics) is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', private.find_json_problem('metrics', p_metrics));
    end if;
    if cardinality(p_acknowledged_commands) > 100 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'acknowledged_commands must not have more than 100 entries.');
    end if;
    if cardinality(p_claims_in_flight) > 100 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'claims_in_flight must not have more than 100 entries.');
    end if;
    if jsonb_typeof(p_metrics -> 'active_job_ids') not in ('array', 'null') then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'active_job_ids must be a list of the ids of jobs.');
    end if;
    perform private.note_call();
    if jsonb_typeof(p_metrics -> 'active_job_ids') = 'array' then
        perform private.give_back_unknown_jobs(v_robot.robot_id, p_metrics -> 'active_job_ids', p_claims_in_flight);
    end if;
    if cardinality(p_acknowledged_commands) > 0 then
        update public.robot_commands as c
        set acknowledged_at = private.clock()
        where c.tenant_id = v_robot.tenant_id
            and c.robot_id = v_robot.robot_id
            and c.command_id = any (p_acknowledged_commands)
            and c.acknowledged_at is null;
        if found then
            perform private.announce_robot('robot.updated', v_robot.robot_id, '{"acknowledged": true}');
        end if;
    end if;
    if private.bring_robot_online(v_robot.tenant_id, v_robot.robot_id, nullif(p_metrics, 'null'), null, p_session_id) then
        perform private.announce_robot('robot.online', v_robot.robot_id);
    end if;
    return jsonb_build_object(
        'external_id', v_robot.external_id,
        'heard_at', private.to_iso(private.clock()),
        'heartbeat_seconds', (
            select greatest(t.robot_offline_after_seconds / 3, 1) from public.tenants as t where t.tenant_id = v_robot.tenant_id
        ),
        'lease_seconds', 60,
        'other_session_at', (
            select private.to_iso(r.other_session_at) from public.live_robots as r where r.robot_id = v_robot.robot_id
        ),
        'pending_commands', (
            -- What a robot that has no Realtime must still learn: the jobs to stop, and what it has not acknowledged.
            select coalesce(jsonb_agg(p.command order by p.id), '[]')
            from (
                select l.job_id as id, jsonb_build_object(
                    'command', 'cancel_job', 'job_id', l.job_id, 'reason', l.cancel_reason
                ) as command
                from private.leases as l
                where l.robot_id = v_robot.robot_id and l.cancel_requested_at is not null
                union all
                select c.command_id, jsonb_build_object(
                    'command', c.command, 'command_id', c.command_id, 'reason', c.reason,
                    'issued_at', private.to_iso(c.issued_at)
                )
                from public.robot_commands as c
                where c.tenant_id = v_robot.tenant_id
                    and c.robot_id = v_robot.robot_id
                    and c.acknowledged_at is null
                    and c.superseded_at is null
            ) as p
        )
    );
end
$$;
comment on function public.record_heartbeat is
    'Notes that a robot is alive, with its metrics, takes its word for the commands that it obeyed, gives back what it was handed and does not know (active_job_ids of the metrics, where it has them), and returns how often to say so and what waits for it (jobs to stop, commands). Works for the robot itself and for callers with robots.control.';
revoke all on function public.record_heartbeat from public, anon, authenticated, service_role;
grant execute on function public.record_heartbeat to authenticated;

-- from sql/30_robots/functions/register_robot.sql sha256:f7545d63e71a050377aff16f3a984322cd89025e987dbe02e5518fb33d71979f
create or replace function public.register_robot(
    p_external_id text,
    p_name text,
    p_hostname text default '',
    p_capabilities text[] default '{}',
    p_attributes jsonb default '{}',
    p_environment text default 'default',
    p_max_concurrent_jobs integer default 1,
    p_tags text[] default '{}',
    p_is_internet boolean default false,
    p_session_id uuid default null,     -- of the robot's process
    p_held_leases jsonb default null    -- [{job_id, lease_token}] that it knows; null says nothing
)
returns public.live_robots
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.caller();
    v_now timestamptz := private.clock();
    v_problem text;
    v_robot public.robots;
    v_live public.live_robots;
    v_is_robot boolean := v_caller.principal is not distinct from 'robot';
    v_is_news boolean := false;
    v_old_session_id uuid;
    v_was_alive_at timestamptz;
begin
    p_name := private.nfc(p_name);
    p_hostname := private.nfc(p_hostname);
    p_environment := private.nfc(p_environment);
    p_capabilities := private.nfc_words(p_capabilities);
    p_tags := private.nfc_words(p_tags);
    if not v_is_robot then
        v_caller := private.authorize('robots.write');
        if p_session_id is not null or p_held_leases is not null then
            perform private.raise_error(403, 'FORBIDDEN', 'session_id and held_leases are a robot''s to say, with its own key.');
        end if;
    end if;
    v_problem := case
        when p_external_id is null then 'robot_id must be given.'
        when p_name is null then 'name must be given.'
        when private.is_lease_list(p_held_leases) is false
            then 'held_leases must be a list of at most 1000 leases {job_id, lease_token}.'
        else private.find_robot_problem(
            p_external_id, p_name, p_hostname, p_capabilities, p_attributes, p_environment, p_max_concurrent_jobs, p_tags
        )
    end;
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    end if;

    -- One registration of an external id at a time.
    perform pg_advisory_xact_lock(private.registration_lock(), hashtext(v_caller.tenant_id::text || p_external_id));
    select r.* into v_robot
    from public.robots as r
    where r.tenant_id = v_caller.tenant_id and r.external_id = p_external_id and r.deleted_at is null;
    if v_is_robot and v_caller.robot_id is distinct from v_robot.robot_id then
        if v_caller.robot_id is not null then
            perform private.raise_error(403, 'FORBIDDEN', 'A robot''s key works for its own robot only.');
        elsif exists (
            select from public.api_keys as k
            where k.tenant_id = v_caller.tenant_id
                and k.robot_id = v_robot.robot_id
                and k.revoked_at is null
                and (k.expires_at is null or k.expires_at > v_now)
        ) then
            perform private.raise_error(409, 'ROBOT_ID_TAKEN', 'Another live key belongs to the robot with this id.');
        end if;
    end if;

    if v_is_robot and v_caller.robot_id is null and exists (
        select from public.api_keys as k where k.api_key_id = v_caller.api_key_id and k.robot_external_id <> p_external_id
    ) then
        perform private.raise_error(403, 'FORBIDDEN', 'This key was made for a robot with another id.');
    end if;
    if v_is_robot and v_robot.robot_id is not null then
        -- Before anything of the robot itself is changed, as whoever ends leases does. A process speaks of its leases once: its
        -- registration may come again, late, when it has claimed already.
        select
            h.session_id,
            case
                when h.is_online and h.last_heartbeat_at > v_now - make_interval(secs => t.robot_offline_after_seconds)
                    then h.last_heartbeat_at
            end
        into v_old_session_id, v_was_alive_at
        from public.robot_heartbeats as h
        join public.tenants as t on t.tenant_id = h.tenant_id
        where h.robot_id = v_robot.robot_id;
        if p_held_leases is not null and (v_old_session_id = p_session_id) is not true then
            perform pg_advisory_xact_lock(private.claims_lock(), hashtext(v_robot.robot_id::text));
            perform private.give_back_leases(
                v_robot.robot_id,
                array(
                    select l.job_id
                    from private.leases as l
                    where l.robot_id = v_robot.robot_id
                        and not p_held_leases @> jsonb_build_array(
                            jsonb_build_object('job_id', l.job_id, 'lease_token', l.lease_token)
                        )
                ),
                'The robot was started again and does not know it.',
                p_are_started_too => true
            );
        end if;
    end if;

    if v_robot.robot_id is null then
        insert into public.robots (
            tenant_id, external_id, name, hostname, environment, capabilities, attributes, tags, is_internet,
            max_concurrent_jobs, created_at, updated_at
        )
        values (
            v_caller.tenant_id, p_external_id, p_name, coalesce(p_hostname, ''), coalesce(p_environment, 'default'),
            private.sorted_words(p_capabilities), coalesce(p_attributes, '{}'), private.sorted_words(p_tags),
            coalesce(p_is_internet, false), coalesce(p_max_concurrent_jobs, 1), v_now, v_now
        )
        returning * into v_robot;
    else
        update public.robots as r
        set name = p_name,
            hostname = coalesce(p_hostname, ''),
            environment = coalesce(p_environment, 'default'),
            capabilities = private.sorted_words(p_capabilities),
            attributes = coalesce(p_attributes, '{}'),
            tags = private.sorted_words(p_tags),
            is_internet = coalesce(p_is_internet, false),
            max_concurrent_jobs = coalesce(p_max_concurrent_jobs, 1),
            updated_at = v_now
        where r.robot_id = v_robot.robot_id;
    end if;
    perform private.find_queue_tenant(v_caller.tenant_id);

    if v_is_robot then
        if v_caller.robot_id is null then
            update public.api_keys as k
            set robot_id = v_robot.robot_id
            where k.api_key_id = v_caller.api_key_id and k.robot_id is null;
            if not found then   -- bound meanwhile, by a registration of another id
                perform private.raise_error(403, 'FORBIDDEN', 'A robot''s key works for its own robot only.');
            end if;
        end if;
        -- A robot that was started again has been shut down.
        update public.robot_commands as c
        set superseded_at = v_now
        where c.tenant_id = v_caller.tenant_id
            and c.robot_id = v_robot.robot_id
            and c.command = 'shutdown'
            and c.acknowledged_at is null
            and c.superseded_at is null;
        v_is_news := private.bring_robot_online(v_caller.tenant_id, v_robot.robot_id, null, 'ok', p_session_id);
        update public.robot_heartbeats as h
        set session_id = p_session_id,
            other_session_at = case when v_old_session_id <> p_session_id then v_was_alive_at end
        where h.robot_id = v_robot.robot_id and h.session_id is distinct from p_session_id;
    end if;
    perform private.announce_robot(
        case when v_is_news then 'robot.online' else 'robot.updated' end, v_robot.robot_id
    );
    select r.* into v_live from public.live_robots as r where r.robot_id = v_robot.robot_id;
    return v_live;
end
$$;
comment on function public.register_robot is
    'Makes or updates the robot with an external id and returns it. A robot''s key that belongs to no robot yet is bound by its first registration, under the name that it was made for if there is one; a bound one registers its own robot only. Jobs that the robot holds and a new process of it does not name among p_held_leases go back at once, uncounted. Users need robots.write. Raises 403 FORBIDDEN, 409 ROBOT_ID_TAKEN.';
revoke all on function public.register_robot from public, anon, authenticated, service_role;
grant execute on function public.register_robot to authenticated;

-- from sql/30_robots/functions/robot_may_claim.sql sha256:f3eac17ff86e76abb1e52231233f8dd53cb44d13d9195b3b4835296f35abea27
-- Without a SET clause, so that it is inlined into claim_jobs; explain_job and explain_robot ask it, too.
create or replace function private.robot_may_claim(p_mode public.robot_mode, p_is_signed_off boolean, p_quarantined_at timestamptz)
returns boolean
language sql
immutable
as $$
    select p_mode = 'active' and not coalesce(p_is_signed_off, false) and p_quarantined_at is null
$$;
comment on function private.robot_may_claim is
    'Whether a robot gets jobs at all, whatever it can do and whatever waits; p_is_signed_off: it said itself that it takes none.';
revoke all on function private.robot_may_claim from public, anon, authenticated, service_role;

-- from sql/30_robots/functions/send_robot_command.sql sha256:471bb96e74c76578d516d3a26c6e807fd44c5cd52ed7959fb545493146fdbd74
create or replace function private.send_robot_command(p_tenant_id uuid, p_robot_id uuid, p_command text, p_reason text)
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := private.clock();
    v_command_id uuid;
begin
    update public.robot_commands as c
    set superseded_at = v_now
    where c.tenant_id = p_tenant_id
        and c.robot_id = p_robot_id
        and c.acknowledged_at is null
        and c.superseded_at is null;
    insert into public.robot_commands (tenant_id, robot_id, command, reason, issued_by, issued_at)
    values (p_tenant_id, p_robot_id, p_command, p_reason, private.commanding_actor_id(), v_now)
    returning command_id into v_command_id;
    perform private.broadcast(
        'robot:' || p_robot_id, p_command,
        jsonb_build_object('command_id', v_command_id, 'command', p_command, 'reason', p_reason)
    );
    return v_command_id;
end
$$;
comment on function private.send_robot_command is
    'Writes down what a robot is to do and pushes it. The newest word counts: older ones that it has not acknowledged are superseded.';
revoke all on function private.send_robot_command from public, anon, authenticated, service_role;

-- from sql/30_robots/functions/set_robot_status.sql sha256:b15120bd7dec12bac23db0cd421d570a4955b0c18cadf52d61aff762b26f6483
create or replace function public.set_robot_status(p_robot text, p_status text, p_session_id uuid default null)
returns public.live_robots
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_robot public.robots := private.authorize_for_robot(p_robot, 'robots.control');
    v_is_robot boolean := (private.caller()).principal is not distinct from 'robot';
    v_mode public.robot_mode;
    v_is_news boolean;
    v_has_others boolean := false;      -- processes of the robot that have not left
    v_live public.live_robots;
begin
    if not coalesce(p_status in ('idle', 'busy', 'offline', 'error', 'maintenance'), false) then
        perform private.raise_error(
            400, 'INVALID_ARGUMENT', 'status must be idle, busy, offline, error or maintenance.'
        );
    end if;

    -- What people decide about the robot is its mode, and what it says of itself stands beside that: neither it nor a job that
    -- runs on it can undo a pause.
    v_mode := case
        when v_is_robot then v_robot.mode
        when p_status = 'maintenance' then 'maintenance'
        when p_status in ('idle', 'busy') then 'active'
        else v_robot.mode
    end;
    if v_mode <> v_robot.mode then
        update public.robots as r set mode = v_mode, updated_at = private.clock() where r.robot_id = v_robot.robot_id;
        if v_mode = 'active' then       -- the robot's program may have been told to pause or drain: it hears that this is over
            perform private.send_robot_command(v_robot.tenant_id, v_robot.robot_id, 'resume', null);
        end if;
    end if;
    if p_status = 'offline' then
        -- A process that leaves says so of itself. While another one of the same robot lives, or may, the robot stays.
        update public.robot_heartbeats as h
        set session_id = case when h.session_id <> p_session_id then h.session_id end, other_session_at = null
        from public.tenants as t
        where h.robot_id = v_robot.robot_id
            and t.tenant_id = h.tenant_id
            and h.is_online
            and (
                h.session_id <> p_session_id
                or (
                    p_session_id is not null
                    and h.other_session_at > private.clock() - make_interval(secs => t.robot_offline_after_seconds)
                )
            );
        v_has_others := found;
        if not v_has_others then
            update public.robot_heartbeats as h
            set is_online = false, is_signed_off = true, session_id = null, other_session_at = null
            where h.robot_id = v_robot.robot_id and (h.is_online or not h.is_signed_off);
        end if;
        v_is_news := found and not v_has_others;
    else
        v_is_news := private.bring_robot_online(
            v_robot.tenant_id, v_robot.robot_id, null,
            case when p_status = 'error' then 'error' when p_status in ('idle', 'busy') then 'ok' end::public.robot_health
        );
    end if;
    if p_status in ('idle', 'busy') or p_status = 'maintenance' and v_is_robot then
        update public.robot_heartbeats as h
        set is_in_maintenance = p_status = 'maintenance'
        where h.robot_id = v_robot.robot_id and h.is_in_maintenance <> (p_status = 'maintenance');
    end if;
    if p_status in ('offline', 'maintenance') and not v_has_others then
        delete from private.waiting_robots as w where w.robot_id = v_robot.robot_id;
    end if;
    perform private.announce_robot(
        case
            when v_is_news and p_status = 'offline' then 'robot.offline'
            when v_is_news then 'robot.online'
            else 'robot.updated'
        end,
        v_robot.robot_id
    );
    select r.* into v_live from public.live_robots as r where r.robot_id = v_robot.robot_id;
    return v_live;
end
$$;
comment on function public.set_robot_status is
    'Takes the status words of the orchestrator''s documents: offline signs the robot off (said by one of its processes: unless another one is alive), error and maintenance say so, idle and busy bring it back. Works for callers with robots.control, and for the robot itself, which ends only a maintenance that it announced itself: what people decided stays. Returns the robot.';
revoke all on function public.set_robot_status from public, anon, authenticated, service_role;
grant execute on function public.set_robot_status to authenticated;

-- from sql/30_robots/functions/sorted_words.sql sha256:9226d65adc23428881cc4992106a5bf5feb403ab39ff55f9bf79b28b17fa22c1
create or replace function private.sorted_words(p_words text[])
returns text[]
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(array_agg(distinct w order by w), '{}') from unnest(p_words) as w
$$;
comment on function private.sorted_words is 'The words of a list, sorted, each once; null is the empty list.';
revoke all on function private.sorted_words from public, anon, authenticated, service_role;

-- from sql/30_robots/functions/update_robot.sql sha256:48bc7afc34999239aa29a4837c1b5475ffab316398ad1cdeb33b7cd1f0ce7fff
create or replace function public.update_robot(p_robot text, p_changes jsonb)
returns public.live_robots
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('robots.write');
    v_robot public.robots := private.find_robot(v_caller.tenant_id, p_robot);
    v_new record;
    v_problem text;
    v_live public.live_robots;
begin
    if jsonb_typeof(p_changes) is distinct from 'object' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'The changes must be an object.');
    end if;
    begin
        select * into v_new
        from jsonb_to_record(p_changes) as c (
            name text, hostname text, capabilities text[], attributes jsonb, environment text, max_concurrent_jobs integer,
            tags text[], is_internet boolean
        );
    exception
        when data_exception then
            perform private.raise_error(400, 'INVALID_ARGUMENT', 'A change has a value of the wrong type: ' || sqlerrm || '.');
    end;
    v_new.name := private.nfc(v_new.name);
    v_new.hostname := private.nfc(v_new.hostname);
    v_new.environment := private.nfc(v_new.environment);
    v_new.capabilities := private.nfc_words(v_new.capabilities);
    v_new.tags := private.nfc_words(v_new.tags);
    v_problem := coalesce(
        (
            select format('%s cannot be changed.', k)
            from jsonb_object_keys(p_changes) as k
            where k not in (
                'name', 'hostname', 'capabilities', 'attributes', 'environment', 'max_concurrent_jobs', 'tags', 'is_internet'
            )
            limit 1
        ),
        private.find_robot_problem(
            v_robot.external_id, v_new.name, v_new.hostname, v_new.capabilities, v_new.attributes, v_new.environment,
            v_new.max_concurrent_jobs, v_new.tags
        )
    );
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    end if;
    update public.robots as r
    set name = coalesce(v_new.name, r.name),
        hostname = coalesce(v_new.hostname, r.hostname),
        environment = coalesce(v_new.environment, r.environment),
        capabilities = case when v_new.capabilities is null then r.capabilities else private.sorted_words(v_new.capabilities) end,
        attributes = case
            when v_new.attributes is not null then v_new.attributes
            when v_new.capabilities is not null then '{}'   -- the old form would contradict the new list
            else r.attributes
        end,
        tags = case when v_new.tags is null then r.tags else private.sorted_words(v_new.tags) end,
        is_internet = coalesce(v_new.is_internet, r.is_internet),
        max_concurrent_jobs = coalesce(v_new.max_concurrent_jobs, r.max_concurrent_jobs),
        updated_at = private.clock()
    where r.robot_id = v_robot.robot_id;
    delete from private.waiting_robots as w where w.robot_id = v_robot.robot_id;     -- waits with what it had before
    perform private.announce_robot('robot.updated', v_robot.robot_id);
    select r.* into v_live from public.live_robots as r where r.robot_id = v_robot.robot_id;
    return v_live;
end
$$;
comment on function public.update_robot is
    'Changes the named fields of a robot and returns it; a null leaves a field as it is. Raises 404 ROBOT_NOT_FOUND, 400 INVALID_ARGUMENT. Needs robots.write.';
revoke all on function public.update_robot from public, anon, authenticated, service_role;
grant execute on function public.update_robot to authenticated;

-- from sql/32_limits/functions/check_limit_name.sql sha256:a8e37a1bddc91a88fd85a85195c9f987c8256507ee30986e4af9edd5474830a9
create or replace function private.check_limit_name(
    p_tenant_id uuid,
    p_scope text,
    p_workflow_id uuid,
    p_concurrency_key text
)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_scope not in ('tenant', 'workflow', 'key') or p_scope is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'scope must be tenant, workflow or key.');
    elsif (p_workflow_id is not null) <> (p_scope = 'workflow') then
        perform private.raise_error(
            400, 'INVALID_ARGUMENT', 'workflow_id must be given for the scope workflow, and for no other.'
        );
    elsif (p_concurrency_key is not null) <> (p_scope = 'key') then
        perform private.raise_error(
            400, 'INVALID_ARGUMENT', 'concurrency_key must be given for the scope key, and for no other.'
        );
    elsif length(p_concurrency_key) not between 1 and 255 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'concurrency_key must have 1 to 255 characters.');
    elsif p_scope = 'workflow' then
        perform from public.workflows as w
        where w.workflow_id = p_workflow_id and w.tenant_id = p_tenant_id and w.deleted_at is null;
        if not found then
            perform private.raise_error(404, 'WORKFLOW_NOT_FOUND', 'There is no such workflow.');
        end if;
    end if;
end
$$;
comment on function private.check_limit_name is
    'Ends the transaction when these do not name something of the tenant that can have a limit.';
revoke all on function private.check_limit_name from public, anon, authenticated, service_role;

-- from sql/32_limits/functions/count_out.sql sha256:7bf92707b32376fd192f1a0c7c39d368b704111f0c4eb66c2c1fce0712147a85
-- Counters are locked one after another in the order of their ids, whatever order the ids came in. One that was removed
-- meanwhile is not there to be counted.
create or replace function private.count_out(p_counter_ids integer[])
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_full private.limit_counters[];    -- those that were
    v_counter private.limit_counters;
begin
    with changed as (
        update private.limit_counters as c
        set running = greatest(c.running - cardinality(array_positions(p_counter_ids, c.counter_id)), 0)
        where c.counter_id = any (array(
            select o.counter_id
            from private.limit_counters as o
            where o.counter_id = any (p_counter_ids)
            order by o.counter_id
            for update
        ))
        returning c as counter
    )
    select array_agg(c.counter)
    into v_full
    from changed as c
    where (c.counter).running + cardinality(array_positions(p_counter_ids, (c.counter).counter_id)) >= (c.counter).max_running;
    if v_full is not null then
        foreach v_counter in array v_full loop
            perform private.ring_limit(v_counter.limit_id, private.limit_room(v_counter.running, v_counter.max_running));
        end loop;
    end if;
end
$$;
comment on function private.count_out is
    'Counts leases that ended out of the counters whose ids are given, one id for each lease, and wakes robots for what a full counter kept waiting. Every path on which leases end calls it in its transaction.';
revoke all on function private.count_out from public, anon, authenticated, service_role;

-- from sql/32_limits/functions/describe_limit.sql sha256:6d7cf1136e6d503b1dfd51e3e82acfa9561c432a0e9bb4c6d9965e9de9f127ea
create or replace function private.describe_limit(p_limit private.limits)
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'scope', (p_limit).scope,
        'workflow_id', (p_limit).workflow_id,
        'concurrency_key', (p_limit).concurrency_key,
        'max_running', (p_limit).max_running,
        'on_collision', (p_limit).on_collision,
        'running', (
            select coalesce(sum(c.running), 0) from private.limit_counters as c where c.limit_id = (p_limit).limit_id
        ),
        'updated_at', private.to_iso((p_limit).updated_at)
    )
$$;
comment on function private.describe_limit is 'A limit as it is shown.';
revoke all on function private.describe_limit from public, anon, authenticated, service_role;

-- from sql/32_limits/functions/drop_counters.sql sha256:d64c100bfb4c886b844746f21feb1ed0bbc1022cb251f1e3a0bea5045986a017
create or replace function private.drop_counters()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    -- In the order of their ids, as whoever ends leases takes them.
    perform from private.limit_counters as c where c.limit_id = old.limit_id order by c.counter_id for update;
    delete from private.limit_counters as c where c.limit_id = old.limit_id;
    return null;
end
$$;
comment on function private.drop_counters is
    'Table trigger: takes the counters of a limit away with it; leases that are in them go on.';
revoke all on function private.drop_counters from public, anon, authenticated, service_role;

-- from sql/32_limits/functions/enter_limits.sql sha256:182e7ad7f842587e5db903ac0124e9ec22a96dd49fc77c6e93435c23b322f724
-- Waiting for a lock is safe only in the order of the counters' ids, and so of scope: whoever locks more (a claim of many
-- lanes, a rescue) must not wait for one that comes earlier. So a claim waits in its first lane only, and for a counter only
-- while it has locked no other of the same limit: one that turned out to be full under the lock stays locked until the end.
create or replace function private.enter_limits(
    p_limit_ids integer[],      -- in the order of scope
    p_robot_id uuid,
    p_jobs integer,
    p_may_wait boolean,
    out jobs integer,
    out counter_ids integer[]
)
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_limit_id integer;
    v_all integer[];                -- its counters
    v_tried integer[];              -- first the robot's own one alone: beside a snapshot that is held for long each is dear to read
    v_counter_id integer;
    v_room integer;
    v_may_wait boolean;
    v_counted integer[] := '{}';     -- one for each of counter_ids: what it counts by now
begin
    jobs := p_jobs;
    foreach v_limit_id in array p_limit_ids loop
        v_may_wait := p_may_wait;
        v_room := null;
        select w.counter_ids, array[w.counter_ids[1 + (uuid_hash(p_robot_id) & 2147483647) % cardinality(w.counter_ids)]]
        into v_all, v_tried
        from private.limits as w
        where w.limit_id = v_limit_id;
        loop
            -- The counters with room are those of the snapshot, and not looked at again after the lock: so one is locked, or none.
            -- Each robot has an order of its own, so that robots meet seldom.
            with picked as materialized (
                select c.counter_id, private.limit_room(c.running, c.max_running) as room
                from private.limit_counters as c
                where c.counter_id = any (array(
                    select o.counter_id
                    from private.limit_counters as o
                    where o.counter_id = any (v_tried) and private.limit_room(o.running, o.max_running) > 0
                ))
                order by hashint4(c.counter_id # uuid_hash(p_robot_id))
                limit 1
                for update skip locked
            ), counted as (
                update private.limit_counters as c
                set running = c.running + least(jobs, p.room)
                from picked as p
                where c.counter_id = p.counter_id
            )
            select p.counter_id, p.room into v_counter_id, v_room from picked as p;
            exit when v_room > 0;
            if v_room = 0 then
                v_may_wait := false;
                continue;
            elsif v_tried <> v_all then
                v_tried := v_all;
                continue;
            end if;
            exit when not v_may_wait;
            perform
            from private.limit_counters as c
            where c.counter_id = (
                select o.counter_id
                from private.limit_counters as o
                where o.counter_id = any (v_all) and private.limit_room(o.running, o.max_running) > 0
                order by hashint4(o.counter_id # uuid_hash(p_robot_id))
                limit 1
            )
            for update;
            exit when not found;
            v_may_wait := false;
        end loop;
        if v_room > 0 then
            jobs := least(jobs, v_room);
            counter_ids := counter_ids || v_counter_id;
            v_counted := v_counted || jobs;
        elsif exists (select from private.limit_counters as c where c.limit_id = v_limit_id) then
            jobs := 0;
            exit;
        end if;     -- else it was removed
    end loop;
    if v_counted[1] > jobs then
        for i in 1..cardinality(v_counted) loop
            perform private.leave_limits(counter_ids[i:i], v_counted[i] - jobs);
        end loop;
    end if;
end
$$;
comment on function private.enter_limits is
    'Counts jobs that a robot is about to take in one counter of each of their limits (pool, tenant, workflow, key), which stay locked, and returns how many of them these have room for, and the counters (null: the limits are gone). 0 when a limit is full, or all of it that has room is locked and may not be waited for.';
revoke all on function private.enter_limits from public, anon, authenticated, service_role;

-- from sql/32_limits/functions/find_full_limits.sql sha256:29eb66d4c0d4edf6d340d502bc15dcf2a78c28bc8e792e2eeff722d511ed0307
-- Without a SET clause, so that it is inlined; for whoever explains why a job waits.
create or replace function private.find_full_limits(p_tenant_id uuid, p_workflow_id uuid, p_concurrency_key text)
returns setof private.limits
language sql
stable
as $$
    select w.*
    from private.limits as w
    where w.tenant_id = p_tenant_id
        and (
            w.scope = 'tenant'
            or w.workflow_id = p_workflow_id
            or w.concurrency_key = p_concurrency_key
        )
        and private.lane_room(w.limit_id, null) = 0
    order by w.max_running > 0, w.scope
$$;
comment on function private.find_full_limits is
    'The limits that keep a job with this workflow and concurrency key from being claimed just now, those that are 0 before the others, then the widest first; none when there is room.';
revoke all on function private.find_full_limits from public, anon, authenticated, service_role;

-- from sql/32_limits/functions/find_job_limits.sql sha256:c3d88fe0ee8d659df7f20f3df0415ffdc543492079422ef09dd8b7005baefd24
-- Without a SET clause, so that it is inlined. A limit of the whole tenant is none of a lane: claims ask for it once.
create or replace function private.find_job_limits(p_tenant_id uuid, p_workflow_id uuid, p_concurrency_key text)
returns table (workflow_limit_id integer, key_limit_id integer)
language sql
stable
as $$
    select
        (
            select w.limit_id
            from private.limits as w
            where w.tenant_id = p_tenant_id and w.scope = 'workflow' and w.workflow_id = p_workflow_id
        ),
        case
            when p_concurrency_key is not null then (
                select w.limit_id
                from private.limits as w
                where w.tenant_id = p_tenant_id
                    and w.scope = 'key'
                    and w.workflow_id is null
                    and w.concurrency_key = p_concurrency_key
            )
        end
$$;
comment on function private.find_job_limits is
    'The limits that decide in which lane a job stands: of its workflow and of its concurrency key, where somebody set them.';
revoke all on function private.find_job_limits from public, anon, authenticated, service_role;

-- from sql/32_limits/functions/lane_room.sql sha256:a27aebb6745400133e1e9777eb13c83df643042d86c128bb16eff62bbc03b044
create or replace function private.lane_room(p_limit_id integer, p_other_limit_id integer)
returns integer
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select min(r.room)
        from (
            select sum(private.limit_room(c.running, c.max_running))::integer as room
            from private.limit_counters as c
            where c.limit_id in (p_limit_id, p_other_limit_id)
            group by c.limit_id
        ) as r
    );
end
$$;
comment on function private.lane_room is
    'How many more jobs may be claimed under two limits, such as those of a lane''s workflow and key; null when there is none.';
revoke all on function private.lane_room from public, anon, authenticated, service_role;

-- from sql/32_limits/functions/leave_limits.sql sha256:a62e331f2702b3f4260fcfcd443b009cd6344327cce7774013a0b94e025e184a
create or replace function private.leave_limits(p_counter_ids integer[], p_jobs integer)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
    update private.limit_counters as c
    set running = c.running - p_jobs
    where c.counter_id = any (p_counter_ids);
end
$$;
comment on function private.leave_limits is
    'Takes back what private.enter_limits() counted in this transaction for jobs that the claim did not get.';
revoke all on function private.leave_limits from public, anon, authenticated, service_role;

-- from sql/32_limits/functions/limit_room.sql sha256:186e53a89de3ea13a18c834f2c9cd84cb34ca89f8ad270b24aa5db8b9cef2161
-- Without a SET clause, so that it is inlined into claim_jobs; who explains asks it, too.
create or replace function private.limit_room(p_running integer, p_max_running integer)
returns integer
language sql
immutable
as $$
    select greatest(p_max_running - p_running, 0)
$$;
comment on function private.limit_room is
    'How many more jobs a counter of a limit has room for; 0 when it is full, or its limit was lowered while more were running.';
revoke all on function private.limit_room from public, anon, authenticated, service_role;

-- from sql/32_limits/functions/list_limits.sql sha256:44ecaba4f122683aa0d4f20c040544e29975644174f71390963d3027954d4cb2
create or replace function public.list_limits(p_offset integer default 0, p_limit integer default 100)
returns setof jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('settings.read');
begin
    if p_limit not between 1 and 1000 or p_limit is null or p_offset < 0 or p_offset is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'limit must be between 1 and 1000, offset at least 0.');
    end if;
    return query
    select private.describe_limit(w)
    from private.limits as w
    where w.tenant_id = v_caller.tenant_id and w.scope <> 'pool'     -- those are the pool's owner's
    order by w.scope, w.limit_id
    offset p_offset
    limit p_limit;
end
$$;
comment on function public.list_limits is
    'The limits of the tenant, the widest scope first, each with how many jobs count towards it now. Needs settings.read.';
revoke all on function public.list_limits from public, anon, authenticated, service_role;
grant execute on function public.list_limits to authenticated;

-- from sql/32_limits/functions/make_counters.sql sha256:72ff80e4a91a5fb3cc2e8c46a407efadf0217d658d90c8025988c29999411269
-- The caller keeps claims of the tenant away until it commits. Whoever ends leases waits for a counter with the lease locked,
-- so that after all leases nobody wants the old counters, and whatever stays is put in the new ones.
create or replace function private.make_counters(p_limit private.limits)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_old integer[] := array(select c.counter_id from private.limit_counters as c where c.limit_id = p_limit.limit_id);
    v_new integer[];
    v_job_ids uuid[];
    v_parts integer := case when p_limit.max_running >= 64 then 8 else 1 end;
begin
    if cardinality(v_old) = 1 and v_parts = 1 then
        update private.limit_counters as c set max_running = p_limit.max_running where c.limit_id = p_limit.limit_id;
        return;
    end if;

    -- Leases in the order of their ids, as whoever takes several does; what ends meanwhile does not count.
    perform
    from private.leases as l
    where l.tenant_id = p_limit.tenant_id
    order by l.job_id
    for update;
    v_job_ids := array(
        select l.job_id
        from private.leases as l
        join public.jobs as j on j.job_id = l.job_id
        where l.tenant_id = p_limit.tenant_id
            and case
                when v_old <> '{}' then l.counter_ids && v_old
                else p_limit.scope = 'tenant'
                    or j.workflow_id = p_limit.workflow_id
                    or j.concurrency_key = p_limit.concurrency_key
                    or p_limit.pool_id = (select r.pool_id from public.robots as r where r.robot_id = l.robot_id)
            end
        order by l.job_id
    );
    if cardinality(v_job_ids) > p_limit.max_running then
        v_parts := 1;   -- no part of it may have room
    end if;
    perform from private.limit_counters as c where c.limit_id = p_limit.limit_id order by c.counter_id for update;
    delete from private.limit_counters as c where c.limit_id = p_limit.limit_id;
    -- Part n of k has the n-th of every k places, and every k jobs that run: full together when the limit is.
    with made as (
        insert into private.limit_counters (counter_id, limit_id, max_running, running)
        select
            ((cardinality(enum_range(null, p_limit.scope)) - 1) << 29) | nextval('private.limit_counter_ids')::integer,
            p_limit.limit_id,
            (p_limit.max_running + v_parts - n) / v_parts,
            (cardinality(v_job_ids) + v_parts - n) / v_parts
        from generate_series(1, v_parts) as n
        returning counter_id
    )
    select array_agg(m.counter_id order by m.counter_id) into v_new from made as m;
    update private.limits as w set counter_ids = v_new where w.limit_id = p_limit.limit_id;
    update private.leases as l
    set counter_ids = array(select u from unnest(l.counter_ids) as u where u <> all (v_old))
        || v_new[(u.n - 1) % v_parts + 1]
    from unnest(v_job_ids) with ordinality as u (job_id, n)
    where l.job_id = u.job_id;
end
$$;
comment on function private.make_counters is
    'Gives a limit the counters that it needs, with the leases that it holds for in them: eight of a limit of 64 or more that is not passed, else one.';
revoke all on function private.make_counters from public, anon, authenticated, service_role;

-- from sql/32_limits/functions/move_jobs.sql sha256:94a653bf1e4cfb5c88682d0a34ee96b4fcf36214eecf205fa7c1892857bc09f4
-- What others hold locked is left where it is: a claim puts it right when it meets it.
create or replace function private.move_jobs(p_lane private.lanes, p_limit private.limits)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_ready uuid[];
    v_attempts integer[];
    v_scheduled uuid[];
    v_held uuid[];
    v_lane_id integer;
begin
    v_ready := array(
        select r.job_id
        from private.ready as r
        join public.jobs as j on j.job_id = r.job_id
        where r.tenant_no = p_lane.tenant_no
            and r.lane_id = p_lane.lane_id
            and (j.workflow_id = p_limit.workflow_id or j.concurrency_key = p_limit.concurrency_key)
        for update of r skip locked
    );
    v_scheduled := array(
        select s.job_id
        from private.scheduled as s
        join public.jobs as j on j.job_id = s.job_id
        where s.tenant_id = p_limit.tenant_id
            and s.lane_id = p_lane.lane_id
            and (j.workflow_id = p_limit.workflow_id or j.concurrency_key = p_limit.concurrency_key)
        for update of s skip locked
    );
    v_held := array(
        select l.job_id
        from private.leases as l
        join public.jobs as j on j.job_id = l.job_id
        where l.tenant_id = p_limit.tenant_id
            and l.lane_id = p_lane.lane_id
            and (j.workflow_id = p_limit.workflow_id or j.concurrency_key = p_limit.concurrency_key)
        for update of l skip locked
    );
    if v_ready || v_scheduled || v_held = '{}' then
        return 0;
    end if;

    v_lane_id := private.find_lane(
        p_lane.tenant_no, p_lane.environment, p_lane.required, p_lane.robot_id, p_lane.priority,
        coalesce(case when p_limit.scope = 'workflow' then p_limit.limit_id end, p_lane.workflow_limit_id),
        coalesce(case when p_limit.scope = 'key' then p_limit.limit_id end, p_lane.key_limit_id),
        p_lane.share_id
    );
    if v_ready <> '{}' then
        with taken as (
            delete from private.ready as r
            where r.tenant_no = p_lane.tenant_no and r.lane_id = p_lane.lane_id and r.job_id = any (v_ready)
            returning r.job_id, r.attempts::integer
        )
        select array_agg(t.job_id), array_agg(t.attempts) into v_ready, v_attempts from taken as t;
        perform private.put_back(p_lane.tenant_no, v_lane_id, v_ready, v_attempts);
    end if;
    update private.scheduled as s set lane_id = v_lane_id where s.job_id = any (v_scheduled);
    update private.leases as l set lane_id = v_lane_id where l.job_id = any (v_held);
    update public.jobs as j set lane_id = v_lane_id where j.job_id = any (v_ready || v_scheduled || v_held);
    return cardinality(v_ready || v_scheduled || v_held);
end
$$;
comment on function private.move_jobs is
    'Moves the unfinished jobs of a lane that a limit holds for to the lane that is like it and has the limit, and returns how many.';
revoke all on function private.move_jobs from public, anon, authenticated, service_role;

-- from sql/32_limits/functions/reconcile_limits.sql sha256:13abf80b81428c7716dda9c5ef797cf522aea2766dc8f4db155c96c048bc5234
create or replace function private.reconcile_limits(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_counter record;
    v_running integer;
    v_limit jsonb;
    v_turn private.turn := (0, 0, null);
begin
    -- A counter and its leases change in one transaction, so this one statement sees a difference only where there is one.
    for v_counter in
        select
            c.counter_id, c.limited,
            c.running <> (
                select count(*) from private.leases as l where l.tenant_id = p_tenant_id and c.counter_id = any (l.counter_ids)
            ) as differs
        from (
            select c.counter_id, c.running, w as limited
            from private.limits as w
            join private.limit_counters as c on c.limit_id = w.limit_id
            where w.tenant_id = p_tenant_id and c.counter_id > coalesce(p_after::integer, -1)
            order by c.counter_id
            limit p_limit
        ) as c
        order by c.counter_id
    loop
        v_turn.used := v_turn.used + 1;
        v_turn.after := v_counter.counter_id;
        continue when not v_counter.differs;
        -- Under the lock, which all who change it hold until they end, it is still so, or it was a moment's.
        perform from private.limit_counters as c where c.counter_id = v_counter.counter_id for update;
        continue when not found;
        select count(*) into v_running
        from private.leases as l
        where l.tenant_id = p_tenant_id and v_counter.counter_id = any (l.counter_ids);
        v_limit := private.describe_limit(v_counter.limited);
        update private.limit_counters as c
        set running = v_running
        where c.counter_id = v_counter.counter_id and c.running <> v_running;
        if found then
            v_turn.done := v_turn.done + 1;
            v_limit := private.describe_limit(v_counter.limited) || jsonb_build_object('counted', v_limit -> 'running');
            perform private.emit_event(
                p_tenant_id, 'limit.corrected', null, null, (v_counter.limited).workflow_id, v_limit
            );
            raise warning 'Limit % counted % jobs and % were running.',
                (v_counter.limited).limit_id, v_limit -> 'counted', v_limit -> 'running';
        end if;
    end loop;
    if v_turn.used < p_limit then
        v_turn.after := null;
    end if;
    return v_turn;
end
$$;
comment on function private.reconcile_limits is
    'Duty, a tenant''s turn: sets counters of its limits to the number of their leases, tells by an event and a warning where it was another, looks at p_limit of them, and counts those that differed.';
revoke all on function private.reconcile_limits from public, anon, authenticated, service_role;

-- from sql/32_limits/functions/remove_limit.sql sha256:84dc6629502b890636466ea3a5c93c91a33274de9d1bd3158e9efce5bdea6e2b
-- Lanes keep the number of the limit and leases those of its counters, which none ever gets again: they limit nothing.
create or replace function public.remove_limit(
    p_scope text,
    p_workflow_id uuid default null,
    p_concurrency_key text default null
)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('settings.write');
    v_limit private.limits;
    v_answer jsonb;
begin
    p_concurrency_key := private.nfc(p_concurrency_key);
    if p_scope not in ('tenant', 'workflow', 'key') or p_scope is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'scope must be tenant, workflow or key.');
    end if;
    select w.* into v_limit
    from private.limits as w
    where w.tenant_id = v_caller.tenant_id
        and w.scope = p_scope::private.limit_scope
        and w.workflow_id is not distinct from p_workflow_id
        and w.concurrency_key is not distinct from p_concurrency_key
    for update;
    if not found then
        perform private.raise_error(404, 'LIMIT_NOT_FOUND', 'There is no such limit.');
    end if;
    v_answer := private.describe_limit(v_limit);
    delete from private.limits as w where w.limit_id = v_limit.limit_id;
    perform private.ring_lane(l.lane_id, 100)
    from private.lanes as l
    where l.tenant_no = private.find_queue_tenant(v_caller.tenant_id)
        and (v_limit.scope = 'tenant' or v_limit.limit_id in (l.workflow_limit_id, l.key_limit_id))
        and exists (select from private.ready as r where r.tenant_no = l.tenant_no and r.lane_id = l.lane_id);
    return v_answer;
end
$$;
comment on function public.remove_limit is
    'Takes a limit away; what it kept waiting may be claimed at once. Raises 404 LIMIT_NOT_FOUND. Needs settings.write.';
revoke all on function public.remove_limit from public, anon, authenticated, service_role;
grant execute on function public.remove_limit to authenticated;

-- from sql/32_limits/functions/resolve_collision.sql sha256:9671de79c65cce29a120a509eb79bf7336980ba5a9ebe5202208dbd3e77483cc
-- One collision of a key at a time: an advisory lock and not a counter, because cancelling may wait for a lease, and
-- whoever ends a lease waits for its counters afterwards.
create or replace function private.resolve_collision(p_key_limit_id integer, p_job_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_limit private.limits;
    v_others uuid[];
    v_job_id uuid;
    v_tenant_no integer;
begin
    select w.* into v_limit from private.limits as w where w.limit_id = p_key_limit_id;
    if not found or v_limit.on_collision = 'queue' then
        return;
    end if;
    v_tenant_no := private.find_queue_tenant(v_limit.tenant_id);
    perform pg_advisory_xact_lock(private.collision_lock(), p_key_limit_id);
    -- One statement: a job that is claimed just now is counted once. Those that were asked to stop already do not count.
    v_others := array(
        select r.job_id
        from private.lanes as l
        join private.ready as r on r.tenant_no = l.tenant_no and r.lane_id = l.lane_id
        where l.tenant_no = v_tenant_no and l.key_limit_id = p_key_limit_id and r.job_id <> p_job_id
        union all
        select e.job_id
        from private.leases as e
        where e.tenant_id = v_limit.tenant_id
            and e.cancel_requested_at is null
            and e.counter_ids && array(
                select c.counter_id from private.limit_counters as c where c.limit_id = p_key_limit_id
            )
        order by 1
    );
    if cardinality(v_others) < v_limit.max_running then
        return;
    elsif v_limit.on_collision = 'cancel_newest' then
        perform private.try_cancel_job(
            v_limit.tenant_id, p_job_id,
            format('Cancelled: an older job has the concurrency key %s.', v_limit.concurrency_key)
        );
    else
        -- At most 100 in one transaction: where many waited before somebody set this rule, the next jobs go on with it.
        foreach v_job_id in array v_others[1:least(cardinality(v_others) - v_limit.max_running + 1, 100)] loop
            perform private.try_cancel_job(
                v_limit.tenant_id, v_job_id,
                format('Cancelled: a newer job has the concurrency key %s.', v_limit.concurrency_key)
            );
        end loop;
    end if;
end
$$;
comment on function private.resolve_collision is
    'Applies the collision rule of a concurrency key to a job that became ready for the first time: it is cancelled, or the oldest others are (those that run are asked to stop; at most 100 at once), so that no more than the limit''s number go on.';
revoke all on function private.resolve_collision from public, anon, authenticated, service_role;

-- from sql/32_limits/functions/ring_limit.sql sha256:2c2eee6065dcc768ef0bdb629c712e5e0cee38548252ee7d89eb8c85f6b14b3b
create or replace function private.ring_limit(p_limit_id integer, p_jobs integer)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_limit private.limits;
    v_tenant_no integer;
    v_lane_id integer;
    v_rung integer := 0;
begin
    select w.* into v_limit from private.limits as w where w.limit_id = p_limit_id;
    v_tenant_no := private.find_queue_tenant(v_limit.tenant_id);
    if not exists (select from private.waiting_robots as r where r.tenant_no = v_tenant_no)
        and not exists (select from private.waiting_robots as r where r.pool_id is not null)
    then
        return 0;
    end if;
    for v_lane_id in
        select l.lane_id
        from private.lanes as l
        where l.tenant_no = v_tenant_no
            and (
                v_limit.scope = 'tenant'
                or p_limit_id in (l.workflow_limit_id, l.key_limit_id)
                or 'pool:' || v_limit.pool_id = any (l.required)
            )
            and exists (select from private.ready as r where r.tenant_no = l.tenant_no and r.lane_id = l.lane_id)
        order by l.priority - l.promotion
    loop
        exit when v_rung >= p_jobs;
        v_rung := v_rung + private.ring_lane(v_lane_id, p_jobs - v_rung);
    end loop;
    return v_rung;
end
$$;
comment on function private.ring_limit is
    'Wakes robots for jobs that a limit kept waiting, when there is room for some again. The bell may be lost: robots also poll.';
revoke all on function private.ring_limit from public, anon, authenticated, service_role;

-- from sql/32_limits/functions/set_limit.sql sha256:0e72bda105cc67cd5156135c84a570e580bf8eb6e5c49b01db430d8aee4de8c2
-- A new limit must know every lease that exists: claims of the tenant wait (private.limits is what they read next) until this
-- transaction ends, and those under way end first.
create or replace function public.set_limit(
    p_scope text,
    p_workflow_id uuid default null,
    p_concurrency_key text default null,
    p_max_running integer default 1,
    p_on_collision text default 'queue'
)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '5s'     -- robots stand still behind it
as $$
declare
    v_caller private.caller := private.authorize('settings.write');
    v_now timestamptz := private.clock();
    v_tenant_no integer;
    v_limit private.limits;
    v_is_new boolean := false;
    v_lane private.lanes;
begin
    p_concurrency_key := private.nfc(p_concurrency_key);
    perform private.check_limit_name(v_caller.tenant_id, p_scope, p_workflow_id, p_concurrency_key);
    if p_max_running not between 0 and 100000 or p_max_running is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'max_running must be between 0 and 100000.');
    elsif p_on_collision not in ('queue', 'cancel_newest', 'cancel_running') or p_on_collision is null then
        perform private.raise_error(
            400, 'INVALID_ARGUMENT', 'on_collision must be queue, cancel_newest or cancel_running.'
        );
    elsif p_on_collision <> 'queue' and p_scope <> 'key' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'on_collision is for limits of a concurrency key only.');
    end if;
    v_tenant_no := private.find_queue_tenant(v_caller.tenant_id);

    perform pg_advisory_xact_lock(private.limits_lock(), hashtext(v_caller.tenant_id::text));

    update private.limits as w
    set max_running = p_max_running, on_collision = p_on_collision, updated_at = v_now
    where w.tenant_id = v_caller.tenant_id
        and w.scope = p_scope::private.limit_scope
        and w.workflow_id is not distinct from p_workflow_id
        and w.concurrency_key is not distinct from p_concurrency_key
    returning w.* into v_limit;
    if not found then
        insert into private.limits (
            tenant_id, scope, workflow_id, concurrency_key, max_running, on_collision, updated_at
        )
        values (
            v_caller.tenant_id, p_scope::private.limit_scope, p_workflow_id, p_concurrency_key, p_max_running,
            p_on_collision, v_now
        )
        returning * into v_limit;
        v_is_new := true;
    end if;
    perform private.make_counters(v_limit);
    if v_is_new and p_scope <> 'tenant' then
        for v_lane in select l.* from private.lanes as l where l.tenant_no = v_tenant_no loop
            perform private.move_jobs(v_lane, v_limit);
        end loop;
    end if;
    perform private.ring_limit(v_limit.limit_id, private.lane_room(v_limit.limit_id, null));
    return private.describe_limit(v_limit);
end
$$;
comment on function public.set_limit is
    'Sets how many jobs of the tenant, of a workflow or of a concurrency key robots may hold at once (0: none), also for jobs that wait or run; more that run already go on. on_collision says what happens when a job of a full key becomes ready: queue, cancel_newest or cancel_running. Raises 404 WORKFLOW_NOT_FOUND. Needs settings.write.';
revoke all on function public.set_limit from public, anon, authenticated, service_role;
grant execute on function public.set_limit to authenticated;

-- from sql/34_fair_share/functions/describe_share.sql sha256:8bdd9025c272466b1bb52bea6d18615cde7095ed659a28529015cec05ee1c31e
create or replace function private.describe_share(p_share private.shares)
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'workflow_id', (p_share).workflow_id,
        'workflow_name', (
            select w.name from public.workflows as w where w.workflow_id = (p_share).workflow_id
        ),
        'weight', (p_share).weight,
        'load', round(private.share_load((p_share).share_id, private.clock())::numeric, 1),
        'running', (select count(*) from private.leases as l where l.share_id = (p_share).share_id)
    )
$$;
comment on function private.describe_share is 'A share as it is shown.';
revoke all on function private.describe_share from public, anon, authenticated, service_role;

-- from sql/34_fair_share/functions/faded_seconds.sql sha256:3c5fbe226ceb2d44c49c3dc0116a1e5b420c3d8dd41f4de0d56606732a685abc
-- Without a SET clause, so that it is inlined. No exponent for which power() would raise an error.
create or replace function private.faded_seconds(p_seconds double precision, p_since timestamptz, p_now timestamptz)
returns double precision
language sql
immutable
as $$
    select p_seconds operator(pg_catalog.*)
        pg_catalog.power(0.5, least(greatest(extract(epoch from p_now operator(pg_catalog.-) p_since), 0) operator(pg_catalog./) 600, 500))
$$;
comment on function private.faded_seconds is
    'What robot-seconds still count for after a while: half after ten minutes, a quarter after twenty.';
revoke all on function private.faded_seconds from public, anon, authenticated, service_role;

-- from sql/34_fair_share/functions/find_share.sql sha256:657f3fa870e36c26cd7dac70d932d0d4eb0d42c209c263ca86a1cada046a0435
create or replace function private.find_share(p_tenant_id uuid, p_workflow_id uuid)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_share_id integer;
begin
    loop
        select s.share_id into v_share_id
        from private.shares as s
        where s.tenant_id = p_tenant_id and s.workflow_id = p_workflow_id;
        if found then
            return v_share_id;
        end if;
        insert into private.shares (tenant_id, workflow_id, folded_at)
        values (p_tenant_id, p_workflow_id, private.clock())
        on conflict do nothing;
    end loop;
end
$$;
comment on function private.find_share is 'The share of a workflow, made on its first use.';
revoke all on function private.find_share from public, anon, authenticated, service_role;

-- from sql/34_fair_share/functions/fold_share_usage.sql sha256:3da5f9584eaa69ec2b242cd60b4e8a13e332a885083ad8898cef92407851dc57
-- One row of a share changes at a time, by one session: ended attempts only append, and wait for nobody.
create or replace function private.fold_share_usage(p_limit integer default 5000)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_now timestamptz := private.clock();
    v_share_ids integer[];
    v_share_id integer;
    v_more integer[];           -- shares that have more than their turn
    v_folded integer := 0;
    v_used record;
begin
    -- From share to share by the index, so that what others have waiting is not read; from any one on, as more may have some than
    -- are looked at. The first share of each tenant, then the second of each, and so on.
    v_share_ids := array(
        with recursive used (share_id, looks) as (
            (
                select u.share_id, 1
                from private.share_usage as u
                where u.share_id >= (
                    select (random() * o.share_id)::integer from private.share_usage as o order by o.share_id desc limit 1
                )
                order by u.share_id
                limit 1
            )
            union all
            (
                select u.share_id, 1 from private.share_usage as u order by u.share_id limit 1
            )
            union all
            select (
                select u.share_id from private.share_usage as u where u.share_id > w.share_id order by u.share_id limit 1
            ), w.looks + 1
            from used as w
            where w.share_id is not null and w.looks < p_limit
        )
        select t.share_id
        from (
            select d.share_id, row_number() over (partition by s.tenant_id order by random()) as turn
            from (select distinct w.share_id from used as w where w.share_id is not null) as d
            left join lateral (
                select o.tenant_id from private.shares as o where o.share_id = d.share_id offset 0
            ) as s on true
        ) as t
        order by t.turn, random()
    );
    while v_share_ids <> '{}' and v_folded < p_limit loop
        v_more := '{}';
        foreach v_share_id in array v_share_ids loop
            exit when v_folded >= p_limit;
            perform from private.shares as s where s.share_id = v_share_id for update skip locked;
            continue when not found and exists (select from private.shares as s where s.share_id = v_share_id);
            with gone as (
                delete from private.share_usage as u
                where u.share_id = v_share_id and u.usage_id = any (array(
                    select o.usage_id
                    from private.share_usage as o
                    where o.share_id = v_share_id
                    order by o.usage_id
                    limit greatest(p_limit / 10, 1)
                ))
                returning u.seconds
            )
            select count(*)::integer as attempts, sum(g.seconds) as seconds, avg(g.seconds) as each into v_used from gone as g;
            update private.shares as s
            set used_seconds = private.faded_seconds(s.used_seconds, s.folded_at, v_now) + v_used.seconds,
                -- A tenth of the way for each attempt that ended.
                expected_seconds = v_used.each + (s.expected_seconds - v_used.each) * power(0.9, least(v_used.attempts, 100)),
                folded_at = v_now
            where s.share_id = v_share_id and v_used.attempts > 0;
            v_folded := v_folded + v_used.attempts;
            if v_used.attempts = greatest(p_limit / 10, 1) then
                v_more := v_more || v_share_id;
            end if;
        end loop;
        v_share_ids := v_more;
    end loop;
    return v_folded;
end
$$;
comment on function private.fold_share_usage is
    'Adds the robot-seconds of at most p_limit ended attempts to their shares, of each tenant in turn, and returns of how many attempts.';
revoke all on function private.fold_share_usage from public, anon, authenticated, service_role;

-- from sql/34_fair_share/functions/list_shares.sql sha256:0210fe0eae6a1710f02d001e8d13407c8fdf1bbb977eca1468cd8962a54282d9
create or replace function public.list_shares(p_offset integer default 0, p_limit integer default 100)
returns setof jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('settings.read');
begin
    if p_limit not between 1 and 1000 or p_limit is null or p_offset < 0 or p_offset is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'limit must be between 1 and 1000, offset at least 0.');
    end if;
    return query
    select private.describe_share(s)
    from private.shares as s
    where s.tenant_id = v_caller.tenant_id and s.pool_id is null
    order by s.share_id
    offset p_offset
    limit p_limit;
end
$$;
comment on function public.list_shares is
    'The shares of the tenant''s workflows: weight, load (robot-seconds had lately, over the weight) and how many jobs run now. Needs settings.read.';
revoke all on function public.list_shares from public, anon, authenticated, service_role;
grant execute on function public.list_shares to authenticated;

-- from sql/34_fair_share/functions/record_share_usage.sql sha256:3f7c70f97b3a41e410552bb54c645f985464c0ead2bfd3cc9bbf5992b0339c04
create or replace function private.record_share_usage()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into private.share_usage (share_id, seconds)
    select u.share_id, extract(epoch from greatest(private.clock() - old.claimed_at, '0 seconds'))
    from unnest(array[old.share_id, old.pool_share_id]) as u (share_id)
    where u.share_id is not null;
    return null;
end
$$;
comment on function private.record_share_usage is
    'Table trigger: what a robot''s time with a job was, whatever came of it, for the shares that used it.';
revoke all on function private.record_share_usage from public, anon, authenticated, service_role;

-- from sql/34_fair_share/functions/set_share.sql sha256:2c19303a594414c06c9b88884c3e875bf1517976fb8a43b0934573c16ae021bb
create or replace function public.set_share(p_workflow_id uuid, p_weight integer)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('settings.write');
    v_share_id integer;
    v_share private.shares;
begin
    if p_weight not between 1 and 100 or p_weight is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'weight must be between 1 and 100.');
    end if;
    perform private.check_limit_name(v_caller.tenant_id, 'workflow', p_workflow_id, null);
    v_share_id := private.find_share(v_caller.tenant_id, p_workflow_id);
    update private.shares as s
    set weight = p_weight
    where s.share_id = v_share_id
    returning s.* into v_share;
    return private.describe_share(v_share);
end
$$;
comment on function public.set_share is
    'Sets the weight of a workflow''s share in the tenant''s robots: with weight 2 it gets twice the robot-seconds of one with 1, while both have jobs waiting. Counts when the tenant''s settings say {"queue": {"fair_share": true}}. Raises 404 WORKFLOW_NOT_FOUND. Needs settings.write.';
revoke all on function public.set_share from public, anon, authenticated, service_role;
grant execute on function public.set_share to authenticated;

-- from sql/34_fair_share/functions/share_load.sql sha256:b1c3d7c5e955c1f2bdb16f8135366fdde83d895dea00047547fda65ca2774ba1
-- A held job counts for the time that it has taken, and at once for what such jobs take: fifty robots that ask in one moment
-- do not all get jobs of the same workflow.
create or replace function private.share_load(p_share_id integer, p_now timestamptz)
returns double precision
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
    return (
        select (
            private.faded_seconds(s.used_seconds, s.folded_at, p_now)
            + coalesce((select sum(u.seconds) from private.share_usage as u where u.share_id = s.share_id), 0)
            + coalesce(
                (
                    select sum(greatest(extract(epoch from p_now - l.claimed_at), s.expected_seconds))
                    from (
                        select e.claimed_at from private.leases as e where e.share_id = s.share_id
                        union all
                        select e.claimed_at from private.leases as e where e.pool_share_id = s.share_id
                    ) as l
                ),
                0
            )
        ) / s.weight
        from private.shares as s
        where s.share_id = p_share_id
    );
end
$$;
comment on function private.share_load is
    'How many robot-seconds a share has had lately, running jobs included, over its weight: the share with the least is served next.';
revoke all on function private.share_load from public, anon, authenticated, service_role;

-- from sql/40_queue/functions/add_job.sql sha256:7985b6870ca0610b637d6956edd4464fe83119679b55bdb87ab52c32d9432972
create or replace function private.add_job(
    p_tenant_id uuid,
    p_job private.new_job,
    p_trigger_type text,        -- what made it: manual | scheduled | retry, or the type of a trigger
    p_created_by uuid,
    p_retry_of uuid default null,
    p_is_pushed boolean default true,
    p_may_pass_quota boolean default false  -- the caller looked whether the queue is full
)
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_workflow record;
    v_xid xid8 := pg_current_xact_id();     -- older than the id: private.raise_low_water() counts on it
    v_job_id uuid := private.uuid_v7();
    v_existing_job_id uuid;
    v_required text[];
    v_tenant_no integer;
    v_limits record;
    v_lane_id integer;
    v_robot_id uuid := p_job.robot_id;
    v_pool_id uuid := p_job.pool;
begin
    perform private.keep_workflow(p_job.workflow_id);
    v_workflow := private.require_runnable_workflow(p_tenant_id, p_job.workflow_id, p_job.version);

    if p_job.dedupe_key is not null then
        loop
            insert into private.dedupe_keys (tenant_id, dedupe_key, job_id)
            values (p_tenant_id, p_job.dedupe_key, v_job_id)
            on conflict do nothing;
            exit when found;
            select d.job_id into v_existing_job_id
            from private.dedupe_keys as d
            where d.tenant_id = p_tenant_id and d.dedupe_key = p_job.dedupe_key;
            if found then
                return v_existing_job_id;
            end if;     -- it ended in between: the key is free again
        end loop;
    end if;

    v_tenant_no := private.find_queue_tenant(p_tenant_id);
    v_required := private.required_of(
        p_job.required_capabilities, p_job.required_tags, p_job.execution_mode = 'internet', v_pool_id
    );
    select
        f.workflow_limit_id,
        f.key_limit_id,
        q.is_full as is_queue_full,
        case when q.is_fair then private.find_share(p_tenant_id, p_job.workflow_id) end as share_id
    into v_limits
    from private.find_job_limits(p_tenant_id, p_job.workflow_id, p_job.concurrency_key) as f
    cross join private.queue_tenants as q
    where q.tenant_id = p_tenant_id;
    if v_limits.is_queue_full and not p_may_pass_quota then
        perform private.raise_queue_full();
    end if;
    v_lane_id := private.find_lane(
        v_tenant_no, p_job.environment, v_required, v_robot_id, p_job.priority::smallint, v_limits.workflow_limit_id,
        v_limits.key_limit_id, v_limits.share_id
    );

    insert into public.jobs (
        job_id, tenant_id, workflow_id, workflow_version, workflow_name, lane_id, trigger_type, execution_mode, environment,
        required_capabilities, required_tags, target_robot_id, pool_id, priority, input, metadata,
        dedupe_key, concurrency_key, max_attempts, timeout_seconds, progress_timeout_seconds, retry_policy, retry_of,
        created_by, created_at
    )
    values (
        v_job_id, p_tenant_id, p_job.workflow_id, v_workflow.version, v_workflow.name, v_lane_id, p_trigger_type,
        p_job.execution_mode::public.execution_mode, p_job.environment, p_job.required_capabilities, p_job.required_tags,
        v_robot_id, v_pool_id, p_job.priority, p_job.input, p_job.metadata, p_job.dedupe_key, p_job.concurrency_key,
        p_job.max_attempts, p_job.timeout_seconds, p_job.progress_timeout_seconds, p_job.retry_policy, p_retry_of,
        p_created_by, private.clock()
    );

    if p_job.run_at > private.clock() then
        insert into private.scheduled (job_id, tenant_id, tenant_no, lane_id, run_at)
        values (v_job_id, p_tenant_id, v_tenant_no, v_lane_id, p_job.run_at);
    else
        insert into private.ready (tenant_no, lane_id, job_id, pool_id)
        values (v_tenant_no, v_lane_id, v_job_id, v_pool_id);
        perform private.ring_robots(v_tenant_no, p_job.environment, v_required, v_robot_id);
    end if;

    perform private.announce_job(
        'job.queued', 'queued', p_tenant_id, v_job_id, p_job.workflow_id, v_workflow.name, null, 0,
        case when p_job.run_at is not null then jsonb_build_object('run_at', private.to_iso(p_job.run_at)) end,
        p_is_pushed, p_is_new => true
    );
    -- A retry waits whatever the rule of its key: somebody asked for this very job.
    if v_limits.key_limit_id is not null and p_retry_of is null and (p_job.run_at > private.clock()) is not true then
        perform private.resolve_collision(v_limits.key_limit_id, v_job_id);
    end if;
    return v_job_id;
end
$$;
comment on function private.add_job is
    'Puts a job that private.check_new_job() has checked in the queue, or finds the unfinished job with the same dedupe key. Does not ask who wants it: its callers do. Raises 404 WORKFLOW_NOT_FOUND, 409 WORKFLOW_NOT_RUNNABLE, 429 QUEUE_FULL.';
revoke all on function private.add_job from public, anon, authenticated, service_role;

-- from sql/40_queue/functions/age_lanes.sql sha256:20d883f845c261804499e81f2f6d0b349203d9dfd0f252e679e18beb5066300f
-- What counts is how long the same job has been first, as this duty saw it: not how old the job is, because a job may have
-- been delayed for long and be ready only now. Lanes that somebody's limit holds back wait for the limit and do not age.
create or replace function private.age_lanes(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    v_now timestamptz := private.clock();
    v_queue private.queue_tenants;
    v_lane record;
    v_turn private.turn := (0, 0, null);
begin
    select q.* into v_queue from private.queue_tenants as q where q.tenant_id = p_tenant_id;
    if v_queue.ageing_minutes = 0 then
        return v_turn;
    end if;
    for v_lane in
        select l.*, f.job_id as first_job_id
        from (select o.* from private.lanes as o where o.tenant_no = v_queue.tenant_no offset 0) as l
        left join lateral (
            select r.job_id
            from private.ready as r
            where r.tenant_no = l.tenant_no and r.lane_id = l.lane_id and r.job_id >= l.low_job_id
            order by r.job_id
            limit 1
        ) as f on true
        where l.lane_id > coalesce(p_after::integer, 0)
        order by l.lane_id
        limit p_limit
    loop
        v_turn.used := v_turn.used + 1;
        v_turn.after := v_lane.lane_id;
        continue when v_lane.first_job_id is null and v_lane.promotion = 0;
        if v_lane.first_job_id is null or v_lane.head_job_id is distinct from v_lane.first_job_id then
            -- It is being served, or was until it was empty: back by one step a look. A lane without promotion whose first job
            -- is new is not worth a write.
            if v_lane.promotion > 0 or v_lane.first_job_id < private.uuid_v7_floor(v_now - interval '1 minute') then
                update private.lanes as l
                set head_job_id = v_lane.first_job_id, head_since = v_now, promotion = greatest(l.promotion - 1, 0)
                where l.lane_id = v_lane.lane_id;
            end if;
        elsif v_lane.promotion < v_lane.priority
            and v_lane.head_since <= v_now - make_interval(mins => v_queue.ageing_minutes)
            and (private.lane_room(v_lane.workflow_limit_id, v_lane.key_limit_id) > 0) is not false
        then
            update private.lanes as l
            set promotion = l.promotion + 1, head_since = v_now
            where l.lane_id = v_lane.lane_id;
            v_turn.done := v_turn.done + 1;
            perform private.emit_event(
                p_tenant_id, 'lane.promoted', v_lane.first_job_id, v_lane.robot_id, null,
                jsonb_build_object(
                    'job_id', v_lane.first_job_id,
                    'environment', v_lane.environment,
                    'required', v_lane.required,
                    'priority', v_lane.priority,
                    'effective_priority', v_lane.priority - v_lane.promotion - 1,
                    'waiting_since', private.to_iso(v_lane.head_since)
                )
            );
        end if;
    end loop;
    if v_turn.used < p_limit then
        v_turn.after := null;
    end if;
    return v_turn;
end
$$;
comment on function private.age_lanes is
    'Duty, a tenant''s turn: promotes by one step of priority each lane whose first job has stayed first for the tenant''s ageing_minutes, tells it by the event lane.promoted, and lets lanes that are served fall back by a step; looks at p_limit lanes and counts those that it promoted.';
revoke all on function private.age_lanes from public, anon, authenticated, service_role;

-- from sql/40_queue/functions/ageing_minutes.sql sha256:f29f82629b618b01dd7b25406816aa01da5c8f4914d51df98de98550d020bdc1
create or replace function private.ageing_minutes(p_settings jsonb)
returns integer
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_minutes jsonb := p_settings #> '{queue,ageing_minutes}';
begin
    return case
        when jsonb_typeof(v_minutes) = 'number' and v_minutes::numeric between 0 and 100000 then v_minutes::integer
        else 30
    end;
end
$$;
comment on function private.ageing_minutes is
    'After how many minutes without a claim a lane of a tenant with these settings is promoted: {"queue": {"ageing_minutes": 30}}, 0 for never.';
revoke all on function private.ageing_minutes from public, anon, authenticated, service_role;

-- from sql/40_queue/functions/announce_job.sql sha256:60c9827da12bdc6ca10918ed2af6862c46dc136560dd746e1161099a62c7cda0
create or replace function private.announce_job(
    p_event text,
    p_status text,
    p_tenant_id uuid,
    p_job_id uuid,
    p_workflow_id uuid,
    p_workflow_name text,
    p_robot_id uuid,
    p_attempt integer,
    p_details jsonb default null,
    p_is_pushed boolean default true,
    p_is_new boolean default false
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.announce_jobs(
        p_event, p_status,
        array[
            (p_tenant_id, p_job_id, p_workflow_id, p_workflow_name, p_robot_id, p_attempt, p_details)::private.job_notice
        ],
        p_is_pushed,
        p_is_new
    );
end
$$;
comment on function private.announce_job is
    'Does private.announce_jobs() for one.';
revoke all on function private.announce_job from public, anon, authenticated, service_role;

-- from sql/40_queue/functions/announce_jobs.sql sha256:609bab4a04b149455d0a875376d2c15ed50f130f12565b87866ee9728fccb525
-- On the path of every transition, so it is two statements for any number of jobs. The pushes are what realtime.send makes,
-- with the columns that the platform documents; should it take this insert no more, its own function does it.
create or replace function private.announce_jobs(
    p_event text,
    p_status text,
    p_notices private.job_notice[],
    p_is_pushed boolean default true,
    p_is_new boolean default false
)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    v_now timestamptz := private.clock();
    v_timestamp text := private.to_iso(v_now);
    v_actor_id uuid := (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
    v_notice private.job_notice;
    v_data jsonb[] := '{}';         -- one for each notice
    v_tenant_id uuid;
    v_is_pushed boolean;
    v_topics text[] := '{}';
    v_payloads jsonb[] := '{}';     -- one for each topic
begin
    for i in 1..cardinality(p_notices) loop
        v_notice := p_notices[i];
        v_data[i] := jsonb_build_object(
            'job_id', v_notice.job_id,
            'workflow_id', v_notice.workflow_id,
            'workflow_name', v_notice.workflow_name,
            'status', p_status,
            'robot_id', v_notice.robot_id,
            'attempt', v_notice.attempt,
            'timestamp', v_timestamp
        ) || coalesce(v_notice.details, '{}');
        continue when not p_is_pushed;
        if v_tenant_id is distinct from v_notice.tenant_id then
            v_tenant_id := v_notice.tenant_id;
            select q.pushes_jobs into v_is_pushed from private.queue_tenants as q where q.tenant_id = v_tenant_id;
        end if;
        continue when v_is_pushed is not true;
        v_topics := array_append(v_topics, 'tenant:' || v_tenant_id || ':jobs');
        v_payloads := array_append(v_payloads, v_data[i]);
        if not p_is_new then     -- nobody can have joined the topic of a job that is not there yet
            v_topics := array_append(v_topics, 'job:' || v_notice.job_id);
            v_payloads := array_append(v_payloads, v_data[i]);
        end if;
    end loop;
    if p_event <> 'job.progress' then   -- as private.emit_event() does it
        insert into private.event_inbox (tenant_id, event_type, occurred_at, job_id, robot_id, workflow_id, actor_id, data)
        select n.tenant_id, p_event, v_now, n.job_id, n.robot_id, n.workflow_id, v_actor_id, n.data
        from unnest(p_notices, v_data) as n (
            tenant_id, job_id, workflow_id, workflow_name, robot_id, attempt, details, data
        );
    end if;
    if v_topics = '{}' then
        return;
    end if;
    begin
        insert into realtime.messages (id, topic, event, payload, extension, private)
        select m.id, m.topic, p_event, m.data || jsonb_build_object('id', m.id), 'broadcast', true
        from (
            select gen_random_uuid() as id, t.topic, t.data from unnest(v_topics, v_payloads) as t (topic, data) offset 0
        ) as m;
    exception
        when check_violation then   -- no partition for today: nobody has listened for days
            raise warning 'pushing % failed: %', p_event, sqlerrm;
        when others then
            perform private.broadcast(t.topic, p_event, t.data) from unnest(v_topics, v_payloads) as t (topic, data);
    end;
end
$$;
comment on function private.announce_jobs is
    'Tells what happened to jobs: events for those who resume, pushes for those who watch. Progress is pushed only. A push may be lost and never fails the caller: it has a row behind it.';
revoke all on function private.announce_jobs from public, anon, authenticated, service_role;

-- from sql/40_queue/functions/check_new_job.sql sha256:1b962b416ffe73925891c601f484815127a56a80aaa2c22fc38085e6c451ea6f
create or replace function private.check_new_job(p_tenant_id uuid, p_job private.new_job)
returns private.new_job
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_problem text;
begin
    p_job.environment := private.nfc(p_job.environment);
    p_job.required_capabilities := private.nfc_words(p_job.required_capabilities);
    p_job.required_tags := private.nfc_words(p_job.required_tags);
    p_job.dedupe_key := private.nfc(p_job.dedupe_key);
    p_job.concurrency_key := private.nfc(p_job.concurrency_key);
    v_problem := case
        when p_job.workflow_id is null then 'workflow_id must be given.'
        else private.find_job_problem(p_job)
    end;
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    end if;

    p_job.input := coalesce(p_job.input, '{}');
    p_job.priority := coalesce(p_job.priority, 10);
    p_job.environment := coalesce(p_job.environment, '*');
    p_job.execution_mode := coalesce(p_job.execution_mode, 'lan');
    p_job.required_capabilities := coalesce(p_job.required_capabilities, '{}');
    p_job.required_tags := coalesce(p_job.required_tags, '{}');
    p_job.max_attempts := coalesce(p_job.max_attempts, 3);
    p_job.timeout_seconds := coalesce(p_job.timeout_seconds, 3600);
    p_job.retry_policy := coalesce(
        p_job.retry_policy,
        '{"policy": "exponential", "base_delay_seconds": 5, "max_delay_seconds": 3600, "jitter": 0.2}'
    );
    p_job.metadata := coalesce(p_job.metadata, '{}');

    if p_job.robot_id is not null then
        p_job.robot_id := (private.find_robot(p_tenant_id, p_job.robot_id)).robot_id;
    end if;
    if p_job.pool is not null then
        p_job.pool := (private.find_pool(p_tenant_id, p_job.pool, 'member')).pool_id;
    end if;
    return p_job;
end
$$;
comment on function private.check_new_job is
    'A new job of a tenant as private.add_job() takes it: texts in one spelling, defaults filled in, robot and pool by their ids. Raises 400 INVALID_ARGUMENT with the field and its rule, 404 ROBOT_NOT_FOUND or POOL_NOT_FOUND, 409 POOL_AMBIGUOUS.';
revoke all on function private.check_new_job from public, anon, authenticated, service_role;

-- from sql/40_queue/functions/check_waiting_quotas.sql sha256:8fa7b3b21c108417063e52d23fb1dc143bc81da3d915c156efcbe2e9f1ad45ea
-- Counted here and not at every enqueue: a counter would be one row for which all enqueues of a tenant wait in turn, and a
-- count would read what waits. So a tenant may pass its quota by what it enqueues in a minute.
create or replace function private.check_waiting_quotas(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    v_tenant record;
    v_waiting bigint := 0;
    v_is_full boolean;
begin
    select q.tenant_no, q.is_full, private.waiting_quota(t.plan, t.settings) as quota
    into v_tenant
    from private.queue_tenants as q
    join public.tenants as t on t.tenant_id = q.tenant_id
    where q.tenant_id = p_tenant_id;
    -- Never more than the quota is read. A full queue has room again when a tenth of it is gone.
    if v_tenant.quota is not null then
        select count(*) into v_waiting
        from (
            select from private.ready as r where r.tenant_no = v_tenant.tenant_no
            union all
            select from private.scheduled as s where s.tenant_id = p_tenant_id
            limit v_tenant.quota
        ) as w;
    end if;
    v_is_full := coalesce(
        v_waiting >= v_tenant.quota - case when v_tenant.is_full then v_tenant.quota / 10 else 0 end, false
    );
    if v_is_full <> v_tenant.is_full then
        update private.queue_tenants as q set is_full = v_is_full where q.tenant_no = v_tenant.tenant_no;
        perform private.emit_event(
            p_tenant_id, case when v_is_full then 'queue.full' else 'queue.has_room' end, null, null, null,
            jsonb_build_object('max_waiting', v_tenant.quota)
        );
        return (1, 1 + v_waiting / 100, null)::private.turn;    -- counting is cheap
    end if;
    return (0, 1 + v_waiting / 100, null)::private.turn;
end
$$;
comment on function private.check_waiting_quotas is
    'Duty, a tenant''s turn: notes whether as many jobs of it wait as may, so that enqueueing answers 429 QUEUE_FULL, tells it by the events queue.full and queue.has_room, and counts whether that changed.';
revoke all on function private.check_waiting_quotas from public, anon, authenticated, service_role;

-- from sql/40_queue/functions/enqueue_job.sql sha256:ebb06a3327681813e9f69315633f69358c0382fc936f59bfce527f3371a339b6
create or replace function public.enqueue_job(
    p_workflow_id uuid,
    p_input jsonb default null,
    p_priority integer default null,
    p_environment text default null,
    p_execution_mode text default null,
    p_required_capabilities text[] default null,
    p_required_tags text[] default null,
    p_robot_id text default null,
    p_run_at timestamptz default null,
    p_dedupe_key text default null,
    p_max_attempts integer default null,
    p_timeout_seconds integer default null,
    p_retry_policy jsonb default null,
    p_metadata jsonb default null,
    p_version integer default null,
    p_concurrency_key text default null,
    p_pool text default null,
    p_progress_timeout_seconds integer default null
)
returns public.live_jobs
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize('jobs.create');
    v_new private.new_job;
    v_job_id uuid;
    v_job public.live_jobs;
begin
    v_new.workflow_id := p_workflow_id;
    v_new.version := p_version;
    v_new.input := p_input;
    v_new.priority := p_priority;
    v_new.environment := p_environment;
    v_new.execution_mode := p_execution_mode;
    v_new.required_capabilities := p_required_capabilities;
    v_new.required_tags := p_required_tags;
    v_new.robot_id := p_robot_id;
    v_new.pool := p_pool;
    v_new.run_at := p_run_at;
    v_new.dedupe_key := p_dedupe_key;
    v_new.concurrency_key := p_concurrency_key;
    v_new.max_attempts := p_max_attempts;
    v_new.timeout_seconds := p_timeout_seconds;
    v_new.progress_timeout_seconds := p_progress_timeout_seconds;
    v_new.retry_policy := p_retry_policy;
    v_new.metadata := p_metadata;
    v_job_id := private.add_job(
        v_caller.tenant_id, private.check_new_job(v_caller.tenant_id, v_new), 'manual',
        coalesce(v_caller.user_id, v_caller.robot_id, v_caller.api_key_id)
    );
    select j.* into v_job from public.live_jobs as j where j.job_id = v_job_id;
    return v_job;
end
$$;
comment on function public.enqueue_job is
    'Puts one job in the queue and returns it; with a dedupe key that an unfinished job has, returns that one. An option that is null is its default. Environment * is any robot''s. With a pool (id or name) its robots run it. With progress_timeout_seconds an attempt that reports no progress for so long is ended. Raises 400 INVALID_ARGUMENT, 404 WORKFLOW_NOT_FOUND, ROBOT_NOT_FOUND or POOL_NOT_FOUND, 409 WORKFLOW_NOT_RUNNABLE or POOL_AMBIGUOUS, 429 QUEUE_FULL. Needs jobs.create.';
revoke all on function public.enqueue_job from public, anon, authenticated, service_role;
grant execute on function public.enqueue_job to authenticated;

-- from sql/40_queue/functions/ensure_job_partitions.sql sha256:2414f595c8e5953e418872670877d43215c74ba196f523a2311bba41451ac254
create or replace function private.ensure_job_partitions(p_weeks_ahead integer default 4)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_made integer := 0;
begin
    for i in 0..p_weeks_ahead loop
        if private.make_job_partition(private.clock() + make_interval(days => 7 * i)) then
            v_made := v_made + 1;
        end if;
    end loop;
    return v_made;
end
$$;
comment on function private.ensure_job_partitions is
    'Makes the partitions of jobs for this week (Monday, UTC) and p_weeks_ahead more, and returns how many it made.';
revoke all on function private.ensure_job_partitions from public, anon, authenticated, service_role;

-- from sql/40_queue/functions/find_job_problem.sql sha256:60cf43bfe9d4401a1eea2d2ab04de4bb8300243903fd55138dcf05009798c858
create or replace function private.find_job_problem(p_job private.new_job)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_job.priority not between 0 and 20 then
        return 'priority must be between 0 and 20.';
    elsif length(p_job.environment) not between 1 and 64 then
        return 'environment must have 1 to 64 characters.';
    elsif p_job.execution_mode not in ('lan', 'internet') then
        return 'execution_mode must be lan or internet.';
    elsif p_job.max_attempts not between 1 and 100 then
        return 'max_attempts must be between 1 and 100.';
    elsif p_job.timeout_seconds not between 1 and 604800 then
        return 'timeout_seconds must be between 1 and 604800.';
    elsif p_job.progress_timeout_seconds not between 5 and 604800 then
        return 'progress_timeout_seconds must be between 5 and 604800.';
    elsif not private.is_calendar_time(p_job.run_at) then
        return 'run_at must lie in the years 1 to 9999.';
    elsif length(p_job.dedupe_key) not between 1 and 255 then
        return 'dedupe_key must have 1 to 255 characters.';
    elsif length(p_job.concurrency_key) not between 1 and 255 then
        return 'concurrency_key must have 1 to 255 characters.';
    elsif jsonb_typeof(p_job.input) <> 'object' then
        return 'input must be an object.';
    elsif pg_column_size(p_job.input) > 10485760 then
        return 'input must not be larger than 10 MB.';
    elsif private.find_json_problem('input', p_job.input) is not null then
        return private.find_json_problem('input', p_job.input);
    elsif jsonb_typeof(p_job.metadata) <> 'object' then
        return 'metadata must be an object.';
    elsif pg_column_size(p_job.metadata) > 65536 then
        return 'metadata must not be larger than 64 KB.';
    elsif private.find_json_problem('metadata', p_job.metadata) is not null then
        return private.find_json_problem('metadata', p_job.metadata);
    elsif p_job.retry_policy is not null and private.find_retry_policy_problem(p_job.retry_policy) is not null then
        return private.find_retry_policy_problem(p_job.retry_policy);
    end if;
    if p_job.required_capabilities <> '{}' or p_job.required_tags <> '{}' then
        return coalesce(
            private.find_words_problem('required_capabilities', p_job.required_capabilities),
            private.find_words_problem('required_tags', p_job.required_tags),
            -- A key of the index of private.lanes has 2,704 bytes at most, and they are in it.
            case
                when (select sum(octet_length(w) + 8) from unnest(p_job.required_capabilities || p_job.required_tags) as w) > 2000
                    then 'required_capabilities and required_tags must not have more than 2000 bytes together; each word counts for 8 more.'
            end
        );
    end if;
    return null;
end
$$;
comment on function private.find_job_problem is
    'What is wrong with a job that somebody wants to enqueue, as a sentence that names the field; null when nothing is. An option that is null is its default, which is right.';
revoke all on function private.find_job_problem from public, anon, authenticated, service_role;

-- from sql/40_queue/functions/find_lane.sql sha256:2404324761107722190e0be9d2b6ef24df8fa1c0963a56a1c6696bae7610ccc8
create or replace function private.find_lane(
    p_tenant_no integer,
    p_environment text,
    p_required text[],
    p_robot_id uuid,
    p_priority smallint,
    p_workflow_limit_id integer default null,
    p_key_limit_id integer default null,
    p_share_id integer default null
)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_lane_id integer;
begin
    loop
        -- Three statements, because "is not distinct from" cannot use the index.
        if p_workflow_limit_id is not null or p_key_limit_id is not null or p_share_id is not null then
            select l.lane_id into v_lane_id
            from private.lanes as l
            where l.tenant_no = p_tenant_no
                and l.environment = p_environment
                and l.priority = p_priority
                and l.required = p_required
                and l.robot_id is not distinct from p_robot_id
                and l.workflow_limit_id is not distinct from p_workflow_limit_id
                and l.key_limit_id is not distinct from p_key_limit_id
                and l.share_id is not distinct from p_share_id;
        elsif p_robot_id is null then
            select l.lane_id into v_lane_id
            from private.lanes as l
            where l.tenant_no = p_tenant_no
                and l.robot_id is null
                and l.environment = p_environment
                and l.priority = p_priority
                and l.required = p_required
                and l.workflow_limit_id is null
                and l.key_limit_id is null
                and l.share_id is null;
        else
            select l.lane_id into v_lane_id
            from private.lanes as l
            where l.tenant_no = p_tenant_no
                and l.robot_id = p_robot_id
                and l.environment = p_environment
                and l.priority = p_priority
                and l.required = p_required
                and l.workflow_limit_id is null
                and l.key_limit_id is null
                and l.share_id is null;
        end if;
        if found then
            return v_lane_id;
        end if;
        insert into private.lanes (
            tenant_no, environment, required, robot_id, priority, workflow_limit_id, key_limit_id, share_id
        )
        values (
            p_tenant_no, p_environment, p_required, p_robot_id, p_priority, p_workflow_limit_id, p_key_limit_id, p_share_id
        )
        on conflict do nothing;
    end loop;
end
$$;
comment on function private.find_lane is
    'The lane of a demand (sorted requirements, target robot, environment, priority, limits, share), made on its first use. Lanes are never removed, so the answer stays true.';
revoke all on function private.find_lane from public, anon, authenticated, service_role;

-- from sql/40_queue/functions/find_queue_tenant.sql sha256:d5b519f0632edb8da11e6687e98f84e2c0b3a15e10758e097b91a52544dcbb41
create or replace function private.find_queue_tenant(p_tenant_id uuid)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant_no integer;
begin
    loop
        select q.tenant_no into v_tenant_no from private.queue_tenants as q where q.tenant_id = p_tenant_id;
        if found then
            return v_tenant_no;
        end if;
        insert into private.queue_tenants (tenant_id, pushes_jobs, ageing_minutes, is_fair)
        select
            t.tenant_id,
            coalesce(t.settings #> '{realtime,jobs}' <> 'false', true),
            private.ageing_minutes(t.settings),
            coalesce(t.settings #> '{queue,fair_share}' = 'true', false)
        from public.tenants as t
        where t.tenant_id = p_tenant_id
        on conflict do nothing;
    end loop;
end
$$;
comment on function private.find_queue_tenant is
    'The number that stands for a tenant in the hot tables, given on its first use.';
revoke all on function private.find_queue_tenant from public, anon, authenticated, service_role;

-- from sql/40_queue/functions/find_retry_policy_problem.sql sha256:7bc5eefcb9dd21ec4ef729db4717d2aa890fc40a12693cf259518f3334a3b187
create or replace function private.find_retry_policy_problem(p_policy jsonb)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key text;
    v_value jsonb;
begin
    if jsonb_typeof(p_policy) is distinct from 'object' then
        return 'retry_policy must be an object.';
    end if;
    if not coalesce(p_policy ->> 'policy' in ('none', 'fixed', 'linear', 'exponential'), false) then
        return 'retry_policy.policy must be none, fixed, linear or exponential.';
    end if;
    for v_key, v_value in select e.key, e.value from jsonb_each(p_policy) as e loop
        case v_key
            when 'policy' then
                null;
            when 'base_delay_seconds', 'max_delay_seconds' then
                if jsonb_typeof(v_value) <> 'number' or v_value::numeric not between 0 and 604800 then
                    return format('retry_policy.%s must be a number of seconds between 0 and 604800.', v_key);
                end if;
            when 'jitter' then
                if jsonb_typeof(v_value) <> 'number' or v_value::numeric not between 0 and 1 then
                    return 'retry_policy.jitter must be a fraction between 0 and 1.';
                end if;
            when 'retry_on_timeout' then
                if jsonb_typeof(v_value) <> 'boolean' then
                    return 'retry_policy.retry_on_timeout must be true or false.';
                end if;
            when 'non_retryable_errors' then
                if jsonb_typeof(v_value) <> 'array' or jsonb_array_length(v_value) > 100
                    or exists (select from jsonb_array_elements(v_value) as e where jsonb_typeof(e) <> 'string')
                then
                    return 'retry_policy.non_retryable_errors must be a list of at most 100 error types.';
                end if;
            else
                return format('retry_policy has no field %s.', v_key);
        end case;
    end loop;
    return null;
end
$$;
comment on function private.find_retry_policy_problem is
    'What is wrong with a retry policy, as a sentence that names the field; null when nothing is.';
revoke all on function private.find_retry_policy_problem from public, anon, authenticated, service_role;

-- from sql/40_queue/functions/held_job_ids.sql sha256:0f8b77fd1566690bd2a64b1e50ddfc0d63b7913de69c88f3a2251802f028d50a
create or replace function private.held_job_ids()
returns setof uuid
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select l.job_id from private.leases as l where l.robot_id = (private.caller()).robot_id;
end
$$;
comment on function private.held_job_ids is 'The jobs that the calling robot holds a lease of; none for anybody else. For policies.';
revoke all on function private.held_job_ids from public, anon, authenticated, service_role;
grant execute on function private.held_job_ids to authenticated;

-- from sql/40_queue/functions/job_reader_tenant_id.sql sha256:51c3966e40842c426e097bf3114c37a326bdcfa9a8b3f209c0b7fc7d57ffecbd
create or replace function private.job_reader_tenant_id()
returns uuid
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.caller();
begin
    return case
        when v_caller.robot_id is not null or private.has_permission(v_caller.permissions, 'jobs.read') then v_caller.tenant_id
    end;
end
$$;
comment on function private.job_reader_tenant_id is
    'The tenant whose jobs the caller may see, all of them (jobs.read) or those that it holds (a robot); null for anybody else. For policies.';
revoke all on function private.job_reader_tenant_id from public, anon, authenticated, service_role;
grant execute on function private.job_reader_tenant_id to authenticated;

-- from sql/40_queue/functions/make_job_partition.sql sha256:a6570172ed7e835795e9c55075999a645131ca1d22823040879094ad067da3f4
-- Rows that came before their partition are in the default one. They are moved into the new partition, for which nobody
-- may touch jobs for a moment; with partitions made weeks ahead that never happens.
create or replace function private.make_job_partition(p_at timestamptz, p_most_rows integer default 200000)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_week timestamptz := date_trunc('week', p_at, 'UTC');
    v_name text := 'jobs_' || to_char(v_week at time zone 'UTC', 'IYYY"w"IW');
    v_from uuid := private.uuid_v7_floor(v_week);
    v_to uuid := private.uuid_v7_floor(v_week + interval '7 days');
begin
    if to_regclass('private.' || v_name) is not null then
        return false;
    end if;
    perform from private.jobs_default as d where d.job_id >= v_from and d.job_id < v_to offset p_most_rows limit 1;
    if found then
        raise warning 'More than % jobs of % are in the default partition. Move them in a quiet hour: select private.make_job_partition(%, 2147483647)',
            p_most_rows, v_name, quote_literal(v_week);
        return false;
    end if;
    execute format('create table private.%I (like public.jobs including all) with (fillfactor = 70)', v_name);
    execute format('alter table private.%I enable row level security, force row level security', v_name);
    execute format(
        'comment on table private.%I is %L', v_name, format('Jobs made in the week from %s on.', (v_week at time zone 'UTC')::date)
    );
    execute format('revoke all on private.%I from public, anon, authenticated, service_role', v_name);
    if exists (select from private.jobs_default as d where d.job_id >= v_from and d.job_id < v_to) then
        lock table public.jobs in access exclusive mode;
        execute format(
            'with moved as (delete from private.jobs_default where job_id >= $1 and job_id < $2 returning *) '
            'insert into private.%I select * from moved',
            v_name
        ) using v_from, v_to;
    end if;
    execute format(
        'alter table public.jobs attach partition private.%I for values from (%L) to (%L)', v_name, v_from, v_to
    );
    return true;
end
$$;
comment on function private.make_job_partition is
    'Makes the partition of jobs for the week of a time (Monday, UTC), moves its rows there from the default partition, and returns whether it did.';
revoke all on function private.make_job_partition from public, anon, authenticated, service_role;

-- from sql/40_queue/functions/promote_scheduled_jobs.sql sha256:eef5bcc53beef2a46b2d986498aad57612e4e3b1c327e10c2d917b17dd86cc95
create or replace function private.promote_scheduled_jobs(p_limit integer default 1000)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_due uuid[] := array(
        select s.job_id from private.scheduled as s where s.run_at <= private.clock() order by s.run_at limit p_limit
    );
    v_lane record;
    v_promoted integer := 0;
begin
    if cardinality(v_due) = p_limit then    -- more may be due, and all of this of one tenant
        v_due := private.share_out('private.scheduled', 'job_id', 'run_at', p_limit, v_due);
    end if;
    for v_lane in
        with due as (
            select s.job_id
            from private.scheduled as s
            where s.job_id = any (v_due) and s.run_at <= private.clock()
            for update skip locked
        ), taken as (
            delete from private.scheduled as s
            where s.job_id = any (array(select d.job_id from due as d))
            returning s.tenant_no, s.lane_id, s.job_id, s.attempts
        )
        select
            t.tenant_no,
            t.lane_id,
            array_agg(t.job_id order by t.job_id) as job_ids,
            array_agg(t.attempts::integer order by t.job_id) as attempts,
            (select l.key_limit_id from private.lanes as l where l.lane_id = t.lane_id) as key_limit_id
        from taken as t
        group by t.tenant_no, t.lane_id
        order by t.lane_id
    loop
        if v_lane.key_limit_id is null then
            perform private.put_back(v_lane.tenant_no, v_lane.lane_id, v_lane.job_ids, v_lane.attempts);
        else
            -- One after another, so that each collides with those before it and is not met by those after it.
            for n in 1..cardinality(v_lane.job_ids) loop
                perform private.put_back(v_lane.tenant_no, v_lane.lane_id, v_lane.job_ids[n:n], v_lane.attempts[n:n]);
                -- Neither a retry nor one that was given back.
                if v_lane.attempts[n] = 0 and not exists (
                    select from public.jobs as j where j.job_id = v_lane.job_ids[n] and j.uncounted_ends > 0
                ) then
                    perform private.resolve_collision(v_lane.key_limit_id, v_lane.job_ids[n]);
                end if;
            end loop;
        end if;
        v_promoted := v_promoted + cardinality(v_lane.job_ids);
        perform private.ring_lane(v_lane.lane_id, cardinality(v_lane.job_ids));
    end loop;
    return v_promoted;
end
$$;
comment on function private.promote_scheduled_jobs is
    'Makes at most p_limit delayed jobs and retries whose time has come ready, the oldest first or, when there are more, shared out among tenants; wakes robots for them, and returns how many. Many may run it at once.';
revoke all on function private.promote_scheduled_jobs from public, anon, authenticated, service_role;

-- from sql/40_queue/functions/put_back.sql sha256:ba0ea173a05dd7a5780d331f7328e42097cdcb981045119741d4093f4108591a
-- An id that is not new can be lower than where claims of the lane begin. The shared lock keeps private.raise_low_water()
-- from raising that bound between our look and our commit; it is taken before the look. Who puts jobs back into several
-- lanes does it in the order of lane_id.
create or replace function private.put_back(
    p_tenant_no integer,
    p_lane_id integer,
    p_job_ids uuid[],
    p_attempts integer[]
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_lowest uuid := (select i.job_id from unnest(p_job_ids) as i (job_id) order by i.job_id limit 1);
    v_pool_id uuid := (select private.pool_of(l.required) from private.lanes as l where l.lane_id = p_lane_id);
begin
    perform pg_advisory_xact_lock_shared(private.lane_lock(), p_lane_id);
    insert into private.ready (tenant_no, lane_id, job_id, attempts, pool_id)
    select p_tenant_no, p_lane_id, i.job_id, i.attempts, v_pool_id
    from unnest(p_job_ids, p_attempts) as i (job_id, attempts);
    update private.lanes as l
    set low_job_id = v_lowest
    where l.lane_id = p_lane_id and l.low_job_id > v_lowest;
end
$$;
comment on function private.put_back is
    'Makes jobs of a lane ready that were scheduled or leased before, in the place of their age, where claims find them at once.';
revoke all on function private.put_back from public, anon, authenticated, service_role;

-- from sql/40_queue/functions/raise_queue_full.sql sha256:2e1f0100c67dac77f1a5e2f3a8634593413acdbf503ce431516671eb5637118f
create or replace function private.raise_queue_full()
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.raise_error(
        429, 'QUEUE_FULL', 'As many jobs wait as the plan of the tenant allows; try again when some have been done.', '60'
    );
end
$$;
comment on function private.raise_queue_full is
    'Raises 429 QUEUE_FULL, with the seconds after which to try again.';
revoke all on function private.raise_queue_full from public, anon, authenticated, service_role;

-- from sql/40_queue/functions/read_new_job.sql sha256:cc77dd61e53e6a07db3f12abd7269199c4ed305c20f2074204bf22ed793be83a
create or replace function private.read_new_job(p_options jsonb)
returns private.new_job
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_fields jsonb := to_jsonb(jsonb_populate_record(null::private.new_job, '{}'));
    v_unknown text;
begin
    if jsonb_typeof(p_options) is distinct from 'object' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'A job must be an object.');
    end if;
    select k into v_unknown from jsonb_object_keys(p_options) as k where not v_fields ? k limit 1;
    if found then
        perform private.raise_error(400, 'INVALID_ARGUMENT', format('A job has no field %s.', v_unknown));
    end if;
    return jsonb_populate_record(null::private.new_job, p_options);
end
$$;
comment on function private.read_new_job is
    'A job that somebody asks for as an object {workflow_id, input, priority …}; the other fields are null. Raises 400 INVALID_ARGUMENT for a field that no job has, and a data exception for a value of the wrong type.';
revoke all on function private.read_new_job from public, anon, authenticated, service_role;

-- from sql/40_queue/functions/required_of.sql sha256:f1e631eda475b9f91092242a5d90e057e6600ab4bd2fdd88b88dc72584684b1d
create or replace function private.required_of(
    p_capabilities text[],
    p_tags text[],
    p_is_internet boolean,
    p_pool_id uuid default null
)
returns text[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_capabilities = '{}' and p_tags = '{}' and p_pool_id is null then
        return case when p_is_internet then '{mode:internet}' else '{}' end;
    end if;
    return array(
        select c from unnest(p_capabilities) as c
        union
        select 'tag:' || t from unnest(p_tags) as t
        union
        select 'mode:internet' where p_is_internet
        union
        select 'pool:' || p_pool_id where p_pool_id is not null
        order by 1
    );
end
$$;
comment on function private.required_of is
    'Capabilities, tags, internet mode and pool as one sorted list: what a job asks for, or what a robot has. A robot may have a job when the first is contained in the second.';
revoke all on function private.required_of from public, anon, authenticated, service_role;

-- from sql/40_queue/functions/unfinished_job_ids.sql sha256:fe961e7ac3050fa0cc97a81a1ce151309b76ad1e91ca8ad74d129d9cca3ff0eb
-- A list of waiting jobs must not walk through a history of millions to find the few that wait, and no index of jobs may
-- say who is finished: a completion would have to change it.
create or replace function private.unfinished_job_ids(p_is_leased boolean, p_most integer default null)
returns setof uuid
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_tenant_id uuid := private.permitted_tenant_id('jobs.read');
begin
    if p_is_leased then
        return query
        select l.job_id
        from private.leases as l
        where l.tenant_id = v_tenant_id
        order by l.job_id desc
        limit p_most;
    else
        return query
        select w.job_id
        from (
            select r.job_id
            from private.queue_tenants as q
            join private.lanes as l on l.tenant_no = q.tenant_no
            cross join lateral (
                select r.job_id
                from private.ready as r
                where r.tenant_no = l.tenant_no and r.lane_id = l.lane_id
                order by r.job_id desc
                limit p_most
            ) as r
            where q.tenant_id = v_tenant_id
            union all
            select s.job_id
            from private.scheduled as s
            where s.tenant_id = v_tenant_id
        ) as w
        order by w.job_id desc
        limit p_most;
    end if;
end
$$;
comment on function private.unfinished_job_ids is
    'The newest jobs of the caller''s tenant that robots hold (p_is_leased) or that wait for a robot or a time, up to p_most; none without jobs.read.';
revoke all on function private.unfinished_job_ids from public, anon, authenticated, service_role;
grant execute on function private.unfinished_job_ids to authenticated;

-- from sql/40_queue/functions/update_queue_tenant.sql sha256:f73c602e040328e8b3f02ab25d28bd77a0798c23bda76340f46a0040ae9fb65f
create or replace function private.update_queue_tenant()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    update private.queue_tenants as q
    set pushes_jobs = coalesce(new.settings #> '{realtime,jobs}' <> 'false', true),
        ageing_minutes = private.ageing_minutes(new.settings),
        is_fair = coalesce(new.settings #> '{queue,fair_share}' = 'true', false)
    where q.tenant_id = new.tenant_id;
    return null;
end
$$;
comment on function private.update_queue_tenant is
    'Table trigger: keeps what the queue needs of a tenant''s settings beside its number.';
revoke all on function private.update_queue_tenant from public, anon, authenticated, service_role;

-- from sql/40_queue/functions/waiting_quota.sql sha256:3ba03d6b3a7fb0ead6b88c30ebbbb7061795f899ff62eefb719d9e7a0cc0f76e
create or replace function private.waiting_quota(p_plan public.tenant_plan, p_settings jsonb)
returns integer
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_setting jsonb := p_settings #> '{queue,max_waiting}';
begin
    return case
        when jsonb_typeof(v_setting) = 'number' and v_setting::numeric between 0 and 1000000000 then v_setting::integer
        when p_plan = 'free' then 1000000
        when p_plan = 'pro' then 10000000
    end;
end
$$;
comment on function private.waiting_quota is
    'How many jobs of a tenant may wait, delayed ones included: by its plan, or settings {"queue": {"max_waiting": 1000}}; null: any number.';
revoke all on function private.waiting_quota from public, anon, authenticated, service_role;

-- from sql/41_claims/functions/answer_bytes.sql sha256:8737da13ea31c7c4ce22bfd047d6bbe563a6cd3651de6d6afc67c40ddaf31315
-- Without a SET clause, so that it is inlined into claim_jobs. Small inputs are not written out to be measured: a hundred of them
-- are no burden.
create or replace function private.answer_bytes(p_definition_bytes integer, p_input jsonb)
returns bigint
language sql
immutable
as $$
    select p_definition_bytes::bigint
        + case when pg_column_size(p_input) > 2000 then octet_length(p_input::text) else 2000 end
$$;
comment on function private.answer_bytes is
    'About how many bytes a job takes in the answer to a claim: its definition and its input.';
revoke all on function private.answer_bytes from public, anon, authenticated, service_role;

-- from sql/41_claims/functions/answer_claim_again.sql sha256:53e4f51be52f862d47dadf39ca30903bda87dbb7dfae1325e5fb2b6427b6c81e
create or replace function private.answer_claim_again(p_robot_id uuid, p_claim_id uuid, p_lease_seconds integer)
returns setof public.claimed_job
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_until timestamptz := private.clock() + make_interval(secs => p_lease_seconds);
begin
    return query
    with kept as (
        update private.leases as l
        set lease_expires_at = v_until, outages = 0
        where l.job_id = any (array(
            select o.job_id
            from private.leases as o
            where o.robot_id = p_robot_id and o.claim_id = p_claim_id and o.started_at is null
            order by o.job_id
            for update
        ))
        returning l.job_id, l.lease_token, l.attempt
    )
    select
        k.job_id, k.lease_token, v_until, k.attempt::integer, j.max_attempts::integer, j.workflow_id, j.workflow_version,
        j.workflow_name,
        (
            select v.definition
            from public.workflow_versions as v
            where v.workflow_id = j.workflow_id and v.version = j.workflow_version
        ),
        j.input, j.priority::integer, j.environment, j.timeout_seconds, j.progress_timeout_seconds
    from kept as k
    cross join lateral (
        select
            o.max_attempts, o.workflow_id, o.workflow_version, o.workflow_name, o.input, o.priority, o.environment,
            o.timeout_seconds, o.progress_timeout_seconds
        from public.jobs as o
        where o.job_id = k.job_id
        offset 0
    ) as j
    order by k.lease_token;
end
$$;
comment on function private.answer_claim_again is
    'What a claim with this id answered, for the robot that asks for it again: its leases that are still held and not started, renewed.';
revoke all on function private.answer_claim_again from public, anon, authenticated, service_role;

-- from sql/41_claims/functions/claim_jobs.sql sha256:2a8dc536fb4336b6087a4a6c77b53873fd74496cc4b0adf3d71d813d5d88704c
create or replace function public.claim_jobs(
    p_limit integer default 1,
    p_lease_seconds integer default 60,
    p_environment text default null,
    p_listening boolean default false,
    p_claim_id uuid default null        -- the robot's own; it asks again with the same one when no answer came
)
returns setof public.claimed_job
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
    v_caller private.caller := private.authorize_robot('jobs.claim');
    v_now timestamptz := private.clock();
    v_robot record;
    v_want integer;
    v_may_wait boolean := true;     -- for limits; not after duties, which may hold limits and leases of anybody
    v_taken private.taken_job[];
    v_job private.taken_job;
    v_claimed public.claimed_job;
    v_place integer;
    v_low_job_id uuid;
    v_high_job_id uuid;
    v_bytes bigint := 0;            -- of definitions and inputs in the answer
    v_most_bytes constant bigint := 33554432;       -- but for the first job, which goes whatever it has
    v_notices private.job_notice[] := '{}';
begin
    if p_limit not between 1 and 100 or p_limit is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'limit must be between 1 and 100.');
    elsif p_lease_seconds not between 5 and 3600 or p_lease_seconds is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'lease_seconds must be between 5 and 3600.');
    end if;

    -- One claim of a robot at a time, so that its slots are counted right.
    -- And none while somebody sets a limit of its tenant, so that no lease is missing in the new counter.
    perform
        pg_advisory_xact_lock(private.claims_lock(), hashtext(v_caller.robot_id::text)),
        pg_advisory_xact_lock_shared(private.limits_lock(), hashtext(v_caller.tenant_id::text));
    select
        q.tenant_no,
        case
            when r.pool_id is null then q.is_fair
            else (select p.shares_by = 'robot_seconds' from public.pools as p where p.pool_id = r.pool_id)
        end as is_fair,
        r.environment,
        r.pool_id,
        private.robot_offers(r.capabilities, r.tags, r.is_internet, r.pool_id) as capabilities,
        private.robot_may_claim(r.mode, h.is_signed_off or h.is_in_maintenance, r.quarantined_at) as may_claim,
        (h.last_claim_at between v_now - interval '1 minute' and v_now) is not true as is_claim_news,
        r.max_concurrent_jobs - (
            select count(*)
            from private.leases as l
            where l.robot_id = r.robot_id and l.lease_token >= coalesce(h.low_lease_token, 0)
        )::integer as free_slots,
        p_claim_id is not null and exists (
            select
            from private.leases as l
            where l.robot_id = r.robot_id and l.lease_token >= coalesce(h.low_lease_token, 0) and l.claim_id = p_claim_id
        ) as is_repeated,
        (
            select w.limit_id from private.limits as w where w.tenant_id = r.tenant_id and w.scope = 'tenant'
        ) as limit_id,
        exists (
            select from private.limits as w where w.tenant_id = r.tenant_id and w.scope > 'tenant'
        ) or exists (
            select from private.workflow_removals as w where w.tenant_id = r.tenant_id
        ) as may_stray,
        (
            select extract(epoch from v_now) * 1000 not between t.last_value - 1000 and t.last_value - 1
            from private.next_duty_at as t
        ) as has_duties
    into v_robot
    from public.robots as r
    left join private.queue_tenants as q on q.tenant_id = r.tenant_id
    left join public.robot_heartbeats as h on h.robot_id = r.robot_id
    where r.robot_id = v_caller.robot_id;
    if private.nfc(p_environment) <> v_robot.environment then
        perform private.raise_error(
            400, 'INVALID_ARGUMENT', format('environment must be the robot''s own, %s.', v_robot.environment)
        );
    end if;
    if v_robot.is_repeated then
        return query select c.* from private.answer_claim_again(v_caller.robot_id, p_claim_id, p_lease_seconds) as c;
        return;
    end if;
    if v_robot.has_duties then
        perform private.note_call();    -- before the duties ask whether anybody was heard
        v_may_wait := private.run_due_duties() = 0;
        -- They may have taken jobs back from this robot, or put it in quarantine.
        select
            private.robot_may_claim(r.mode, h.is_signed_off or h.is_in_maintenance, r.quarantined_at),
            r.max_concurrent_jobs - (
                select count(*)
                from private.leases as l
                where l.robot_id = r.robot_id and l.lease_token >= coalesce(h.low_lease_token, 0)
            )::integer
        into v_robot.may_claim, v_robot.free_slots
        from public.robots as r
        left join public.robot_heartbeats as h on h.robot_id = r.robot_id
        where r.robot_id = v_caller.robot_id;
    end if;
    if v_robot.is_claim_news then   -- to tell a robot that asks from one that only says that it lives
        update public.robot_heartbeats as h
        set last_claim_at = v_now, deaf_since = null
        where h.robot_id = v_caller.robot_id;
    end if;
    v_want := least(p_limit, v_robot.free_slots);
    if not v_robot.may_claim or v_want <= 0 then
        return;
    elsif v_robot.tenant_no is null then    -- nobody has enqueued anything yet
        v_robot.tenant_no := private.find_queue_tenant(v_caller.tenant_id);
    end if;

    -- All at once; under fair share one by one, as each changes what its workflow or member has had.
    loop
        v_taken := case when v_robot.pool_id is null then private.take_jobs(
            v_caller.tenant_id, v_robot.tenant_no, v_caller.robot_id, v_robot.environment, v_robot.capabilities,
            v_robot.limit_id, v_robot.may_stray, case when v_robot.is_fair then 1 else v_want end, v_may_wait,
            p_is_fair => v_robot.is_fair
        ) when v_robot.is_fair then private.take_fair_pool_job(
            v_robot.pool_id, v_caller.tenant_id, v_robot.tenant_no, v_caller.robot_id, v_robot.environment,
            v_robot.capabilities, v_may_wait
        ) else private.take_pool_jobs(
            v_robot.pool_id, v_caller.tenant_id, v_robot.tenant_no, v_caller.robot_id, v_robot.environment,
            v_robot.capabilities, v_want, v_may_wait
        ) end;
        -- One statement for all of them, as each costs anew in every transaction; its bounds choose the partitions before it
        -- begins. One alone is dearer that way than by two plain statements.
        if cardinality(v_taken) > 1 then
            v_place := 0;
            v_low_job_id := (v_taken[1]).job_id;
            v_high_job_id := v_low_job_id;
            foreach v_job in array v_taken loop
                v_low_job_id := least(v_low_job_id, v_job.job_id);
                v_high_job_id := greatest(v_high_job_id, v_job.job_id);
            end loop;
            for v_claimed in
                with claimed as materialized (
                    select
                        f.*,
                        nextval('private.lease_tokens') as lease_token,
                        (
                            select s.share_id
                            from private.shares as s
                            where s.pool_id = v_robot.pool_id and s.tenant_id = f.tenant_id
                        ) as pool_share_id
                    from (
                        select
                            t.*, j.*, v.definition,
                            sum(private.answer_bytes(v.definition_bytes, j.input)) over (order by t.place) as bytes
                        from unnest(v_taken) with ordinality as t (
                            job_id, tenant_id, tenant_no, lane_id, rank, attempts, counter_ids, share_id, place
                        )
                        left join lateral (
                            select
                                o.max_attempts, o.workflow_id, o.workflow_version, o.workflow_name, o.input, o.priority,
                                o.environment, o.timeout_seconds, o.progress_timeout_seconds
                            from public.jobs as o
                            where o.job_id = t.job_id and o.job_id between v_low_job_id and v_high_job_id
                            offset 0
                        ) as j on true
                        left join lateral (
                            select d.definition, d.definition_bytes
                            from public.workflow_versions as d
                            where d.workflow_id = j.workflow_id and d.version = j.workflow_version
                            offset 0
                        ) as v on true
                    ) as f
                    where f.place = 1 or f.bytes <= v_most_bytes
                ),
                leased as (
                    insert into private.leases (
                        job_id, lease_token, tenant_id, tenant_no, lane_id, robot_id, workflow_id, workflow_name, attempt,
                        claim_id, counter_ids, share_id, pool_share_id, claimed_at, lease_expires_at, timeout_at,
                        progress_timeout_seconds
                    )
                    select
                        c.job_id, c.lease_token, c.tenant_id, c.tenant_no, c.lane_id, v_caller.robot_id, c.workflow_id,
                        c.workflow_name, c.attempts + 1, p_claim_id, c.counter_ids, c.share_id, c.pool_share_id, v_now,
                        v_now + make_interval(secs => p_lease_seconds), v_now + make_interval(secs => c.timeout_seconds),
                        c.progress_timeout_seconds
                    from claimed as c
                )
                select
                    c.job_id, c.lease_token, v_now + make_interval(secs => p_lease_seconds), c.attempts + 1, c.max_attempts,
                    c.workflow_id, c.workflow_version, c.workflow_name, c.definition, c.input, c.priority, c.environment,
                    c.timeout_seconds, c.progress_timeout_seconds
                from claimed as c
                order by c.place
            loop
                v_place := v_place + 1;
                v_notices := v_notices || (
                    (v_taken[v_place]).tenant_id, v_claimed.job_id, v_claimed.workflow_id, v_claimed.workflow_name,
                    v_caller.robot_id, v_claimed.attempt, null
                )::private.job_notice;
                return next v_claimed;
            end loop;
            if v_place < cardinality(v_taken) then
                perform private.untake_jobs(v_taken[v_place + 1:], v_caller.robot_id);
            end if;
        elsif v_taken <> '{}' then
            v_job := v_taken[1];
            if v_robot.is_fair and v_want > 1 or v_notices <> '{}' then
                select v_bytes + private.answer_bytes(d.definition_bytes, j.input)
                into v_bytes
                from public.jobs as j
                cross join lateral (
                    select v.definition_bytes
                    from public.workflow_versions as v
                    where v.workflow_id = j.workflow_id and v.version = j.workflow_version
                    offset 0
                ) as d
                where j.job_id = v_job.job_id;
                if v_bytes > v_most_bytes and v_notices <> '{}' then
                    perform private.untake_jobs(v_taken, v_caller.robot_id);
                    exit;
                end if;
            end if;
            select
                v_job.job_id, nextval('private.lease_tokens'), v_now + make_interval(secs => p_lease_seconds),
                v_job.attempts + 1, j.max_attempts, j.workflow_id, j.workflow_version, j.workflow_name,
                (
                    select v.definition
                    from public.workflow_versions as v
                    where v.workflow_id = j.workflow_id and v.version = j.workflow_version
                ),
                j.input, j.priority, j.environment, j.timeout_seconds, j.progress_timeout_seconds
            into v_claimed
            from public.jobs as j
            where j.job_id = v_job.job_id;
            insert into private.leases (
                job_id, lease_token, tenant_id, tenant_no, lane_id, robot_id, workflow_id, workflow_name, attempt, claim_id,
                counter_ids, share_id, pool_share_id, claimed_at, lease_expires_at, timeout_at, progress_timeout_seconds
            )
            values (
                v_claimed.job_id, v_claimed.lease_token, v_job.tenant_id, v_job.tenant_no, v_job.lane_id,
                v_caller.robot_id, v_claimed.workflow_id, v_claimed.workflow_name, v_claimed.attempt, p_claim_id,
                v_job.counter_ids, v_job.share_id,
                case when v_robot.pool_id is not null then (
                    select s.share_id
                    from private.shares as s
                    where s.pool_id = v_robot.pool_id and s.tenant_id = v_job.tenant_id
                ) end,
                v_now, v_claimed.lease_expires_at, v_now + make_interval(secs => v_claimed.timeout_seconds),
                v_claimed.progress_timeout_seconds
            );
            v_notices := v_notices || (
                v_job.tenant_id, v_claimed.job_id, v_claimed.workflow_id, v_claimed.workflow_name, v_caller.robot_id,
                v_claimed.attempt, null
            )::private.job_notice;
            return next v_claimed;
        end if;
        v_want := v_want - cardinality(v_taken);
        v_may_wait := false;
        exit when v_want = 0 or v_robot.is_fair is not true or v_taken = '{}';
    end loop;
    if v_notices <> '{}' then
        perform private.announce_jobs('job.claimed', 'claimed', v_notices);
        -- So that beside a snapshot that is held for long nobody counts over its ended leases again and again; each time would
        -- leave as many dead rows here. Only claims make leases, those of a robot take turns, and a token never changes.
        -- Not waited for: this claim holds counters of limits by now, and a later one does it as well.
        if v_claimed.lease_token / 256 <> (v_claimed.lease_token - cardinality(v_notices)) / 256 then
            update public.robot_heartbeats as h
            set low_lease_token = (
                select min(l.lease_token)
                from private.leases as l
                where l.robot_id = v_caller.robot_id and l.lease_token >= h.low_lease_token
            )
            where h.robot_id = (
                select o.robot_id
                from public.robot_heartbeats as o
                where o.robot_id = v_caller.robot_id
                for update skip locked
            );
        end if;
    elsif p_listening then
        insert into private.waiting_robots as w (robot_id, tenant_no, environment, capabilities, pool_id, waiting_since)
        values (
            v_caller.robot_id, v_robot.tenant_no, v_robot.environment, v_robot.capabilities, v_robot.pool_id, v_now
        )
        on conflict (robot_id) do update set
            environment = excluded.environment,
            capabilities = excluded.capabilities,
            pool_id = excluded.pool_id,
            waiting_since = excluded.waiting_since;
    end if;
end
$$;
comment on function public.claim_jobs is
    'Gives the calling robot up to p_limit jobs that it may have (never more than its free slots), best priority and oldest first (of a pool''s members in turn), each with a lease and its fencing token: one, and further ones as far as all definitions and inputs together have at most 32 MB. Asked again with the p_claim_id of leases that it still holds, it answers those that are not started, renewed, and takes nothing new. Needs jobs.claim.';
revoke all on function public.claim_jobs from public, anon, authenticated, service_role;
grant execute on function public.claim_jobs to authenticated;

-- from sql/41_claims/functions/lane_suits.sql sha256:df512a1cd340615ed716ccf0994bfb02e21c0baf42e5a75a12a680d5672f4c49
-- Without a SET clause, so that it is inlined into claim_jobs; explain_job and explain_robot ask it, too.
create or replace function private.lane_suits(p_environment text, p_required text[], p_robot_environment text, p_offers text[])
returns boolean
language sql
immutable
as $$
    select p_environment = any (array['*', p_robot_environment]) and p_required <@ p_offers
$$;
comment on function private.lane_suits is
    'Whether a lane asks for nothing that a robot has not: its environment, and what is required. Its target robot is the claim''s to compare.';
revoke all on function private.lane_suits from public, anon, authenticated, service_role;

-- from sql/41_claims/functions/leave_lane.sql sha256:79678062a08adbbf9d1ddd0039d84ae5d0ab28e2e1d733d6fa8f0bb90fc2fbae
-- An enqueue, a release or a retry that met set_limit puts its job where the limit is not known; jobs of a deleted workflow wait until
-- a duty has cancelled them. Rare, so claims put it right.
create or replace function private.leave_lane(p_lane_id integer, p_taken private.taken_job[])
returns private.taken_job[]
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_lane private.lanes;
    v_limits record;
    v_job private.taken_job;
    v_kept private.taken_job[] := '{}';
    v_claims text := current_setting('request.jwt.claims', true);
begin
    select l.* into v_lane from private.lanes as l where l.lane_id = p_lane_id;
    foreach v_job in array p_taken loop
        select
            f.workflow_limit_id,
            f.key_limit_id,
            exists (
                select from private.workflow_removals as w where w.tenant_id = j.tenant_id and w.workflow_id = j.workflow_id
            ) as is_removed
        into v_limits
        from public.jobs as j
        cross join lateral private.find_job_limits(j.tenant_id, j.workflow_id, j.concurrency_key) as f
        where j.job_id = v_job.job_id;
        if v_limits.is_removed then
            perform set_config('request.jwt.claims', '', true);     -- the robot that asks has nothing to do with it
            perform private.end_unclaimed_job(v_job.job_id, 'The workflow was deleted.');
            perform set_config('request.jwt.claims', v_claims, true);
            continue;
        elsif coalesce(v_limits.workflow_limit_id = v_lane.workflow_limit_id, v_limits.workflow_limit_id is null)
            and coalesce(v_limits.key_limit_id = v_lane.key_limit_id, v_limits.key_limit_id is null)
        then
            v_kept := v_kept || v_job;
            continue;
        end if;
        insert into private.ready (tenant_no, lane_id, job_id, attempts, pool_id)
        values (v_lane.tenant_no, p_lane_id, v_job.job_id, v_job.attempts, private.pool_of(v_lane.required));
        perform
            private.move_jobs(v_lane, w)
        from private.limits as w
        where w.limit_id in (v_limits.workflow_limit_id, v_limits.key_limit_id)
            and w.limit_id not in (coalesce(v_lane.workflow_limit_id, 0), coalesce(v_lane.key_limit_id, 0));
    end loop;
    return v_kept;
end
$$;
comment on function private.leave_lane is
    'Those of the jobs just taken out of a lane that belong there. A job that belongs in another, because a limit of it was set meanwhile, is put there, with all of the lane that it holds for. One whose workflow was deleted is cancelled.';
revoke all on function private.leave_lane from public, anon, authenticated, service_role;

-- from sql/41_claims/functions/lowest_ready_job.sql sha256:bdb271db02a5a3470e20c0142bc60bbd1b74592a423c994b93687a2f5eab2fa7
create or replace function private.lowest_ready_job(p_tenant_no integer, p_lane_id integer, p_from uuid, p_most uuid)
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
    v_job_id uuid;
begin
    select r.job_id
    into v_job_id
    from private.ready as r
    where r.tenant_no = p_tenant_no and r.lane_id = p_lane_id and r.job_id >= p_from and r.job_id < p_most
    order by r.job_id
    limit 1;
    return coalesce(v_job_id, p_most);
end
$$;
comment on function private.lowest_ready_job is
    'The first ready job of a lane from an id on, as committed when it is called; p_most when there is none below that.';
revoke all on function private.lowest_ready_job from public, anon, authenticated, service_role;

-- from sql/41_claims/functions/raise_low_water.sql sha256:dcd63ba0886c0e389c72af75aaa0a9b5a9f1ec735019477b062a279d713dcf55
-- While a snapshot is held open anywhere, the index entries of claimed jobs cannot be removed, and every claim would walk
-- over all of them. The bound moves past them.
--
-- Why no job is missed. A new job's id is made after its transaction got its number (private.add_job()). A run notes its own
-- number and its beginning; when a later run finds that every transaction with a lower number has ended, each id from before
-- that beginning is committed or will never be, and the bound may go so far. A job that comes back is put back under a lock
-- that this function must have alone (private.put_back()). The bound is computed in a statement that begins after both.
-- A transaction that writes for longer than p_lag is not waited for: private.recheck_low_water() finds its jobs.
create or replace function private.raise_low_water(
    p_lag interval default '15 seconds',    -- longer than the API's statement_timeout
    p_step integer default 200,             -- the bound moves past this many entries or not at all: each move leaves a dead row
    p_dead integer default 1000,            -- fewer dead rows in ready are not worth the work
    p_limit integer default 500             -- lanes looked at in one run; the next goes on
)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
    v_water private.low_water;
    v_floor uuid;
    v_tenant_no integer;
    v_lanes jsonb;
    v_left integer := p_limit;
    v_share integer;
    v_seen integer;
    v_lane_id integer;
    v_end integer;
    v_first integer;            -- the tenant with which the run began
    v_has_seen boolean := true;
    v_lane record;
    v_low uuid;
    v_walked bigint;
    v_raised integer := 0;
begin
    if pg_stat_get_dead_tuples('private.ready'::regclass) < p_dead then
        return 0;
    end if;
    select w.* into v_water from private.low_water as w where w.is_only for update skip locked;
    if not found then
        return 0;   -- another session is at it
    end if;
    if v_water.pending_xid <= pg_snapshot_xmin(pg_current_snapshot()) then
        v_water.settled_at := v_water.pending_at;
        v_water.pending_xid := null;
    end if;
    if v_water.pending_xid is null then
        v_water.pending_at := now();    -- older than the number, which the transaction has from its first write
        v_water.pending_xid := pg_current_xact_id();
    end if;
    v_floor := private.uuid_v7_floor(greatest(v_water.settled_at, clock_timestamp() - p_lag));
    v_tenant_no := v_water.tenant_no;
    v_lanes := v_water.lanes;
    -- Tenants in turn, a tenth of p_limit each; where one with more lanes goes on is remembered.
    while v_left > 0 loop
        select l.tenant_no into v_tenant_no from private.lanes as l where l.tenant_no > v_tenant_no order by l.tenant_no limit 1;
        if v_tenant_no is null then
            exit when not v_has_seen;   -- there are none
            v_has_seen := false;
            v_tenant_no := 0;
            continue;
        end if;
        exit when v_tenant_no = v_first and v_lanes = '{}';     -- once round, and nobody has more
        v_first := coalesce(v_first, v_tenant_no);
        v_has_seen := true;
        v_share := least(greatest(p_limit / 10, 1), v_left);
        v_seen := 0;
        v_lane_id := (v_lanes ->> v_tenant_no::text)::integer;
        v_end := v_lane_id + 1000;
        for v_lane in
            select l.lane_id, l.low_job_id
            from (select o.lane_id, o.low_job_id from private.lanes as o where o.tenant_no = v_tenant_no offset 0) as l
            where v_lane_id is null
            union all
            -- Of one with many, a piece of all lanes there are, as sorting its own each time would take long.
            select l.lane_id, l.low_job_id
            from (
                select o.lane_id, o.low_job_id, o.tenant_no
                from private.lanes as o
                where o.lane_id > v_lane_id and o.lane_id <= v_end
                offset 0
            ) as l
            where l.tenant_no = v_tenant_no
            order by lane_id
            limit v_share
        loop
            v_seen := v_seen + 1;
            v_lane_id := v_lane.lane_id;
            -- What a claim passes before the first job, by the count that the server keeps of an index's entries.
            v_walked := pg_stat_get_xact_tuples_returned('private.ready_pkey'::regclass);
            v_low := private.lowest_ready_job(v_tenant_no, v_lane.lane_id, v_lane.low_job_id, v_floor);
            v_walked := pg_stat_get_xact_tuples_returned('private.ready_pkey'::regclass) - v_walked;
            continue when v_low <= v_lane.low_job_id or v_walked < p_step;
            continue when not pg_try_advisory_xact_lock(private.lane_lock(), v_lane.lane_id);
            v_low := private.lowest_ready_job(v_tenant_no, v_lane.lane_id, v_lane.low_job_id, v_floor);
            update private.lanes as l
            set low_job_id = v_low
            where l.lane_id = v_lane.lane_id and l.low_job_id = v_lane.low_job_id;
            v_raised := v_raised + 1;
        end loop;
        -- All its lanes had their turn, or the next one begins behind these.
        v_lanes := v_lanes - v_tenant_no::text;
        if v_seen < v_share then
            v_lane_id := v_end;
        end if;
        perform from private.lanes as l where l.lane_id > v_lane_id limit 1;
        if found then
            v_lanes := v_lanes || jsonb_build_object(v_tenant_no, v_lane_id);
        end if;
        v_left := v_left - greatest(v_seen, 1);
    end loop;
    update private.low_water as w
    set settled_at = v_water.settled_at,
        pending_at = v_water.pending_at,
        pending_xid = v_water.pending_xid,
        tenant_no = coalesce(v_tenant_no, 0),
        lanes = v_lanes
    where w.is_only;
    return v_raised;
end
$$;
comment on function private.raise_low_water is
    'Lets claims of a lane begin behind the jobs that were claimed long ago, when ready has many dead rows; returns the number of lanes whose bound it raised.';
revoke all on function private.raise_low_water from public, anon, authenticated, service_role;

-- from sql/41_claims/functions/recheck_low_water.sql sha256:f851ece8b8f023232517e1cfb8c0894654123362877997bb300883dccfc6821d
create or replace function private.recheck_low_water(p_limit integer default 2000)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
    v_zero constant uuid := '00000000-0000-0000-0000-000000000000';
    v_lane record;
    v_low uuid;
    v_turn bigint := 0;
    v_lane_id integer := 0;
    v_seen integer := 0;
    v_lowered integer := 0;
begin
    select (r.position ->> 'turn')::bigint, (r.position ->> 'lane_id')::integer
    into v_turn, v_lane_id
    from private.duty_runs as r
    where r.name = 'recheck_low_water';
    for v_lane in
        -- The first lane of each tenant, then the second of each, and so on.
        select t.*
        from (
            select
                l.lane_id, l.tenant_no, l.low_job_id,
                row_number() over (partition by l.tenant_no order by l.lane_id) as turn
            from private.lanes as l
            where l.low_job_id > v_zero
        ) as t
        where (t.turn, t.lane_id) > (coalesce(v_turn, 0), coalesce(v_lane_id, 0))
        order by t.turn, t.lane_id
        limit p_limit
    loop
        v_seen := v_seen + 1;
        v_turn := v_lane.turn;
        v_lane_id := v_lane.lane_id;
        v_low := private.lowest_ready_job(v_lane.tenant_no, v_lane.lane_id, v_zero, v_lane.low_job_id);
        continue when v_low >= v_lane.low_job_id;
        update private.lanes as l set low_job_id = v_low where l.lane_id = v_lane.lane_id and l.low_job_id > v_low;
        v_lowered := v_lowered + 1;
    end loop;
    update private.duty_runs as r
    set position = case when v_seen = p_limit then jsonb_build_object('turn', v_turn, 'lane_id', v_lane_id) end
    where r.name = 'recheck_low_water';
    -- Claims leave it alone for a while, or go on with it.
    update private.duties as d
    set claimed_at = private.clock() - case when v_seen = p_limit then d.claims_every else '0' end
    where d.name = 'recheck_low_water';
    return v_lowered;
end
$$;
comment on function private.recheck_low_water is
    'Looks for ready jobs below the bound at which claims begin (their transaction was open for long) and lowers it to them, in p_limit lanes, of each tenant in turn; returns the number of such lanes. The next run goes on.';
revoke all on function private.recheck_low_water from public, anon, authenticated, service_role;

-- from sql/41_claims/functions/ring_lane.sql sha256:193555548262e068ff771fd427b1f0e6e3265bae108e874858bcdc27dec84c83
create or replace function private.ring_lane(p_lane_id integer, p_jobs integer default 1)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select private.ring_robots(l.tenant_no, l.environment, l.required, l.robot_id, p_jobs)
        from private.lanes as l
        where l.lane_id = p_lane_id
    );
end
$$;
comment on function private.ring_lane is 'Wakes robots for jobs that became ready in a lane. See private.ring_robots().';
revoke all on function private.ring_lane from public, anon, authenticated, service_role;

-- from sql/41_claims/functions/ring_robots.sql sha256:614ca4560e2f0e4feaed2649556e1b60c206640e531026f2fa66ac6ebe5eac41
create or replace function private.ring_robots(
    p_tenant_no integer,
    p_environment text,
    p_required text[],
    p_robot_id uuid,
    p_jobs integer default 1
)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_pool_id uuid := case when p_required <> '{}' then private.pool_of(p_required) end;
    v_waiting uuid[];
    v_robot_id uuid;
    v_rung integer := 0;
begin
    if v_pool_id is null then
        perform from private.waiting_robots as w where w.tenant_no = p_tenant_no;
    else    -- of whatever tenant
        perform from private.waiting_robots as w where w.pool_id = v_pool_id;
    end if;
    if not found then   -- most often nobody waits, and this is on the path of every enqueue
        return 0;
    end if;
    if v_pool_id is null then
        v_waiting := array(select w.robot_id from private.waiting_robots as w where w.tenant_no = p_tenant_no);
    else
        v_waiting := array(select w.robot_id from private.waiting_robots as w where w.pool_id = v_pool_id);
    end if;
    for v_robot_id in
        delete from private.waiting_robots as w
        where w.robot_id = any (array(
            select w2.robot_id
            from private.waiting_robots as w2
            where w2.robot_id = any (v_waiting)
                and (p_environment = '*' or w2.environment = p_environment)
                and p_required <@ w2.capabilities
                and (p_robot_id is null or w2.robot_id = p_robot_id)
                and w2.waiting_since > private.clock() - interval '90 seconds'
            limit p_jobs
            for update skip locked
        ))
        returning w.robot_id
    loop
        perform private.broadcast('robot:' || v_robot_id, 'job_available', '{}');
        v_rung := v_rung + 1;
    end loop;
    return v_rung;
end
$$;
comment on function private.ring_robots is
    'Wakes as many waiting robots as there are new jobs, none twice and none that may not have them. The bell may be lost: robots also poll.';
revoke all on function private.ring_robots from public, anon, authenticated, service_role;

-- from sql/41_claims/functions/robot_offers.sql sha256:449268d39ffaf6bf669baf5297dde65845237f31076d7e4b4965785e025cfe05
-- Without a SET clause, so that it is inlined into claim_jobs; explain_job and explain_robot ask it, too.
create or replace function private.robot_offers(p_capabilities text[], p_tags text[], p_is_internet boolean, p_pool_id uuid)
returns text[]
language sql
immutable
as $$
    select case
        when p_tags = '{}' and not p_is_internet and p_pool_id is null then p_capabilities
        else private.required_of(p_capabilities, p_tags, p_is_internet, p_pool_id)
    end
$$;
comment on function private.robot_offers is
    'What a robot has of the things that a lane can require.';
revoke all on function private.robot_offers from public, anon, authenticated, service_role;

-- from sql/41_claims/functions/take_fair_pool_job.sql sha256:9def5c1b9c4ad30a3a54338977ccf3f2a93943a6ebc9c904e9def2be24bb72ff
-- Cost: a look at each member that has jobs for the pool, and at what it has had. Members without work are not looked at.
create or replace function private.take_fair_pool_job(
    p_pool_id uuid,
    p_owner_id uuid,
    p_owner_no integer,
    p_robot_id uuid,
    p_environment text,
    p_offers text[],
    p_may_wait boolean          -- for limits
)
returns private.taken_job[]
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_now timestamptz := private.clock();
    v_member record;
    v_taken private.taken_job[] := '{}';
begin
    for v_member in
        with recursive members as (
            select n.* from private.next_in_pool(p_pool_id, 0, p_owner_no) as n
            union all
            select n.*
            from members as m
            cross join lateral private.next_in_pool(p_pool_id, m.tenant_no, p_owner_no) as n
            where m.tenant_no is not null
        )
        select m.tenant_no, m.tenant_id
        from members as m
        cross join lateral (
            select s.share_id from private.shares as s where s.pool_id = p_pool_id and s.tenant_id = m.tenant_id offset 0
        ) as s
        order by private.share_load(s.share_id, v_now) / m.weight, m.tenant_no
    loop
        v_taken := private.take_member_jobs(
            p_pool_id, p_owner_id, v_member.tenant_id, v_member.tenant_no, p_robot_id, p_environment, p_offers, 1,
            p_may_wait
        );
        p_may_wait := false;
        exit when v_taken <> '{}';
    end loop;
    return v_taken;
end
$$;
comment on function private.take_fair_pool_job is
    'Takes a job for a robot of a pool whose members share it by robot-seconds: of the member that has had the least lately over its weight, of those that have one that the robot may have.';
revoke all on function private.take_fair_pool_job from public, anon, authenticated, service_role;

-- from sql/41_claims/functions/take_jobs.sql sha256:642b63ddf7a491f66483efe1a629d178bdac729e0538d172f5fff4ca2c13d75b
-- Cost: one probe of ready's primary key for each lane that the robot may serve, and one statement for each lane that jobs
-- are taken from. What stands in front, behind or beside in other lanes is never read. Every look-up is by one key at a time:
-- a join would be planned once, for the sizes that the tables had then, and kept.
create or replace function private.take_jobs(
    p_tenant_id uuid,
    p_tenant_no integer,
    p_robot_id uuid,
    p_environment text,
    p_offers text[],
    p_limit_id integer,         -- of the tenant, if it has a limit
    p_may_stray boolean,        -- whether jobs may stand where they do not belong: see private.leave_lane()
    p_want integer,
    p_may_wait boolean,         -- for limits
    p_pool_id uuid default null,            -- only jobs that ask for it: the tenant is not the robot's
    p_pool_limit_id integer default null,   -- of the tenant in the robot's pool, if it has one
    p_is_fair boolean default false         -- whether the tenant's workflows take turns by robot-seconds
)
returns private.taken_job[]
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
    v_lane record;
    v_has_moved boolean := false;   -- older jobs than were listed may be in the lanes now
    v_limit_ids integer[];
    v_entry record;
    v_counter_ids integer[];
    v_wanted integer;
    v_room integer;
    v_listed integer;
    v_now timestamptz := private.clock();
    v_some private.taken_job[];
    v_taken private.taken_job[] := '{}';
begin
    -- No more are listed than the tenant may have: else a newer job of one lane would be taken before an older one of another.
    if p_want > 1 and coalesce(p_limit_id, p_pool_limit_id) is not null then
        p_want := least(p_want, private.lane_room(p_limit_id, p_pool_limit_id));
    end if;
    -- The lanes of the next jobs, in the order of priority and then of age (under fair share: of what their workflows have
    -- had, and then of age), and how many of the jobs each has. When one job
    -- is wanted every lane that has one is listed, as others may be taking what the best one has. A lane whose limit is
    -- reached costs a look at the limit, whatever waits in it.
    for v_lane in
        select
            h.lane_id, h.rank, h.load, h.low_job_id, h.workflow_limit_id, h.key_limit_id, h.share_id,
            min(h.job_id::text collate "C")::uuid as job_id, count(*)::integer as jobs
        from (
            select l.*, case when p_is_fair then private.share_load(l.share_id, v_now) end as load, f.job_id
            from (
                select
                    e.lane_id, e.priority - e.promotion as rank, e.low_job_id, e.workflow_limit_id, e.key_limit_id, e.share_id
                from private.lanes as e
                where e.tenant_no = p_tenant_no
                    and e.robot_id is null
                    and private.lane_suits(e.environment, e.required, p_environment, p_offers)
                    and (p_pool_id is null or 'pool:' || p_pool_id = any (e.required))
                union all
                select
                    e.lane_id, e.priority - e.promotion as rank, e.low_job_id, e.workflow_limit_id, e.key_limit_id, e.share_id
                from private.lanes as e
                where e.tenant_no = p_tenant_no
                    and e.robot_id = p_robot_id
                    and private.lane_suits(e.environment, e.required, p_environment, p_offers)
                    and p_pool_id is null
            ) as l
            cross join lateral (
                select r.job_id
                from private.ready as r
                where r.tenant_no = p_tenant_no and r.lane_id = l.lane_id and r.job_id >= l.low_job_id
                order by r.job_id
                limit case
                    when l.workflow_limit_id is null and l.key_limit_id is null then p_want
                    else least(
                        p_want,
                        (
                            select sum(private.limit_room(c.running, c.max_running))
                            from private.limit_counters as c
                            where c.limit_id = l.workflow_limit_id
                        ),
                        (
                            select sum(private.limit_room(c.running, c.max_running))
                            from private.limit_counters as c
                            where c.limit_id = l.key_limit_id
                        )
                    )
                end
            ) as f
            order by l.rank, load nulls first, f.job_id
            limit case when p_want > 1 then p_want end
        ) as h
        group by h.lane_id, h.rank, h.load, h.low_job_id, h.workflow_limit_id, h.key_limit_id, h.share_id
        order by h.rank, h.load nulls first, job_id
    loop
        v_limit_ids := null;
        if coalesce(p_pool_limit_id, p_limit_id, v_lane.workflow_limit_id, v_lane.key_limit_id) is not null then
            v_limit_ids := array_remove(
                array[p_pool_limit_id, p_limit_id, v_lane.workflow_limit_id, v_lane.key_limit_id], null
            );
        end if;
        v_counter_ids := null;
        v_room := null;
        loop    -- once, but where counters of a limit have room for a part each
            if v_limit_ids is not null then
                v_wanted := least(v_lane.jobs, p_want - cardinality(v_taken));
                v_entry := private.enter_limits(v_limit_ids, p_robot_id, v_wanted, p_may_wait);
                v_counter_ids := v_entry.counter_ids;
                v_room := v_entry.jobs;
                p_may_wait := false;
                exit when v_room = 0;
            end if;
            -- From the first job that was listed: what lies before was walked already.
            with gone as (
                delete from private.ready as r
                where r.ctid = any (array(
                    select r2.ctid
                    from private.ready as r2
                    where r2.tenant_no = p_tenant_no
                        and r2.lane_id = v_lane.lane_id
                        and r2.job_id >= case when v_has_moved then v_lane.low_job_id else v_lane.job_id end
                    order by r2.job_id
                    limit least(v_lane.jobs, v_room, p_want - cardinality(v_taken))
                    for update skip locked
                ))
                returning r.job_id, r.attempts
            )
            select array_agg(
                (
                    g.job_id, p_tenant_id, p_tenant_no, v_lane.lane_id, v_lane.rank, g.attempts, v_counter_ids,
                    v_lane.share_id
                )::private.taken_job
            )
            into v_some
            from gone as g;
            if v_some is not null then
                if p_may_stray then
                    v_listed := cardinality(v_some);
                    v_some := private.leave_lane(v_lane.lane_id, v_some);
                    v_has_moved := v_has_moved or cardinality(v_some) < v_listed;
                end if;
                v_taken := v_taken || v_some;
            end if;
            exit when v_room is null;
            if v_room > coalesce(cardinality(v_some), 0) then   -- others took what was listed
                perform private.leave_limits(v_counter_ids, v_room - coalesce(cardinality(v_some), 0));
                exit;
            end if;
            exit when v_room = v_wanted;
            v_lane.jobs := v_lane.jobs - v_room;
        end loop;
        exit when cardinality(v_taken) = p_want;
    end loop;
    if cardinality(v_taken) > 1 then
        v_taken := array(select t from unnest(v_taken) as t order by t.rank, t.job_id);
    end if;
    return v_taken;
end
$$;
comment on function private.take_jobs is
    'Takes up to p_want jobs of one tenant that a robot may have out of ready, best priority and oldest first, counted in the counters of their limits. They are nowhere until public.claim_jobs() leases them.';
revoke all on function private.take_jobs from public, anon, authenticated, service_role;

-- from sql/41_claims/functions/take_member_jobs.sql sha256:93828374b616c9ab216f26597d87ccc7975025871c81484306060a7b0c662b39
create or replace function private.take_member_jobs(
    p_pool_id uuid,
    p_owner_id uuid,
    p_tenant_id uuid,           -- the member
    p_tenant_no integer,
    p_robot_id uuid,
    p_environment text,
    p_offers text[],
    p_want integer,
    p_may_wait boolean          -- for limits
)
returns private.taken_job[]
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_limits record;
begin
    -- Not waited for: who sets a limit of the tenant may wait for a lease of another that this claim keeps waiting.
    if p_tenant_id <> p_owner_id
        and not pg_try_advisory_xact_lock_shared(private.limits_lock(), hashtext(p_tenant_id::text))
    then
        return '{}';
    end if;
    select
        (
            select w.limit_id
            from private.limits as w
            where w.tenant_id = p_tenant_id and w.scope = 'pool' and w.pool_id = p_pool_id
        ) as pool_limit_id,
        (
            select w.limit_id from private.limits as w where w.tenant_id = p_tenant_id and w.scope = 'tenant'
        ) as limit_id,
        exists (
            select from private.limits as w where w.tenant_id = p_tenant_id and w.scope > 'tenant'
        ) or exists (
            select from private.workflow_removals as w where w.tenant_id = p_tenant_id
        ) as may_stray,
        (select q.is_fair from private.queue_tenants as q where q.tenant_no = p_tenant_no) as is_fair
    into v_limits;
    return private.take_jobs(
        p_tenant_id, p_tenant_no, p_robot_id, p_environment, p_offers, v_limits.limit_id,
        v_limits.may_stray, p_want, p_may_wait, case when p_tenant_id <> p_owner_id then p_pool_id end,
        v_limits.pool_limit_id, v_limits.is_fair
    );
end
$$;
comment on function private.take_member_jobs is
    'Takes up to p_want jobs of one member of a pool for one of its robots, as private.take_jobs() does: jobs that ask for the pool, or all of the owner''s; none while a limit of the member is being set.';
revoke all on function private.take_member_jobs from public, anon, authenticated, service_role;

-- from sql/41_claims/functions/take_pool_jobs.sql sha256:96a5406b87b607f40062a6d00cb24ef65be73bf0de47dff35cbcd5a0f02e337a
-- Exact for each robot: it remembers whose turn it is, so that a member with many jobs keeps nobody waiting for longer than
-- its turn. Members without work for the pool are not looked at.
create or replace function private.take_pool_jobs(
    p_pool_id uuid,
    p_owner_id uuid,
    p_owner_no integer,
    p_robot_id uuid,
    p_environment text,
    p_offers text[],
    p_want integer,
    p_may_wait boolean
)
returns private.taken_job[]
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_turn private.pool_turns;
    v_member record;
    v_last_no integer;          -- the member that was given something last
    v_is_second_lap boolean := false;
    v_most integer;
    v_some private.taken_job[];
    v_taken private.taken_job[] := '{}';
begin
    select t.* into v_turn from private.pool_turns as t where t.robot_id = p_robot_id;
    v_last_no := coalesce(v_turn.tenant_no, 0);
    v_turn.tenant_no := v_last_no;
    if v_turn.jobs_left > 0 then    -- its turn goes on, unless it left or its weight was lowered
        select q.tenant_id, private.pool_weight(p_pool_id, q.tenant_id) as weight into v_member
        from private.queue_tenants as q
        where q.tenant_no = v_turn.tenant_no;
        v_turn.jobs_left := case when v_member.weight is not null then least(v_turn.jobs_left, v_member.weight) end;
    end if;
    loop
        if coalesce(v_turn.jobs_left, 0) = 0 then
            select n.* into v_member from private.next_in_pool(p_pool_id, v_turn.tenant_no, p_owner_no) as n;
            exit when v_is_second_lap and (v_member.tenant_no <= v_last_no) is not true;    -- nobody has anything to take
            if v_member.tenant_no is null then
                v_is_second_lap := true;
                v_turn.tenant_no := 0;
                continue;
            end if;
            v_turn.tenant_no := v_member.tenant_no;
            v_turn.jobs_left := v_member.weight;
        end if;
        v_most := least(v_turn.jobs_left, p_want - cardinality(v_taken));
        v_some := private.take_member_jobs(
            p_pool_id, p_owner_id, v_member.tenant_id, v_turn.tenant_no, p_robot_id, p_environment, p_offers, v_most,
            p_may_wait
        );
        p_may_wait := false;
        v_turn.jobs_left := case when cardinality(v_some) < v_most then 0 else v_turn.jobs_left - v_most end;
        continue when v_some = '{}';
        v_taken := v_taken || v_some;
        v_last_no := v_turn.tenant_no;
        v_is_second_lap := false;
        exit when cardinality(v_taken) = p_want;
    end loop;
    if v_taken <> '{}' then
        update private.pool_turns as t
        set tenant_no = v_last_no,
            jobs_left = case when cardinality(v_taken) = p_want then v_turn.jobs_left else 0 end
        where t.robot_id = p_robot_id;
    end if;
    return v_taken;
end
$$;
comment on function private.take_pool_jobs is
    'Takes up to p_want jobs for a robot of a pool as private.take_jobs() does, from the members in turn, as many of each as its weight: jobs that ask for the pool, and all of the owner''s.';
revoke all on function private.take_pool_jobs from public, anon, authenticated, service_role;

-- from sql/41_claims/functions/untake_jobs.sql sha256:758a95a4a5bc5056f7c5786b6d794424586eed1a77b122b25452fbcb5a725bf2
-- Their entries are as they were, in the place of their age: nobody else has seen them gone, so no bound of a lane has passed them.
-- The counters that they leave are locked by this transaction.
create or replace function private.untake_jobs(p_jobs private.taken_job[], p_robot_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_some record;
begin
    for v_some in
        select
            t.tenant_no, t.lane_id, t.counter_ids, count(*)::integer as jobs,
            array_agg(t.job_id) as job_ids, array_agg(t.attempts) as attempts
        from unnest(p_jobs) as t
        group by t.tenant_no, t.lane_id, t.counter_ids
        order by t.lane_id
    loop
        insert into private.ready (tenant_no, lane_id, job_id, attempts, pool_id)
        select v_some.tenant_no, v_some.lane_id, i.job_id, i.attempts, private.pool_of(l.required)
        from unnest(v_some.job_ids, v_some.attempts) as i (job_id, attempts)
        join private.lanes as l on l.lane_id = v_some.lane_id;
        perform private.leave_limits(v_some.counter_ids, v_some.jobs);
    end loop;
    -- In a pool it is the turn of the first one's member again, with what it has left of it.
    update private.pool_turns as t
    set tenant_no = p_jobs[1].tenant_no,
        jobs_left = s.jobs + case when s.jobs = cardinality(p_jobs) and t.tenant_no = p_jobs[1].tenant_no then t.jobs_left else 0 end
    from (
        select coalesce(min(j.place) - 1, cardinality(p_jobs)) as jobs
        from unnest(p_jobs) with ordinality as j (
            job_id, tenant_id, tenant_no, lane_id, rank, attempts, counter_ids, share_id, place
        )
        where j.tenant_no <> p_jobs[1].tenant_no
    ) as s
    where t.robot_id = p_robot_id;
end
$$;
comment on function private.untake_jobs is
    'Puts jobs back that this claim of a robot took out of ready and has not leased, the next ones in its order: out of the counters of their limits, and in a pool their members have their turn again.';
revoke all on function private.untake_jobs from public, anon, authenticated, service_role;

-- from sql/42_leases/functions/add_past_lease.sql sha256:4b3f0b052c6bb28f2bb03b5504046ff6cdc71cd4533c2900666c189d592d6cba
create or replace function private.add_past_lease(p_past_leases jsonb, p_lease private.leases)
returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    -- A job that is claimed and given back for weeks must not grow without end: of more than a hundred or so the oldest is forgotten.
    if pg_column_size(p_past_leases) > 8000 then
        p_past_leases := p_past_leases - (select min(k::bigint)::text from jsonb_object_keys(p_past_leases) as k);
    end if;
    return p_past_leases || jsonb_build_object(p_lease.lease_token::text, p_lease.robot_id);
end
$$;
comment on function private.add_past_lease is
    'jobs.past_leases with one more lease that has ended: the robot that held it may still bring what came of it, as evidence.';
revoke all on function private.add_past_lease from public, anon, authenticated, service_role;

-- from sql/42_leases/functions/answer_stale_report.sql sha256:3bd8bdf76960a06eb98bc71e62ad9379981d270c60486b3c9d99bd47afbe2635
-- Nothing is raised for a robot that held the token: the evidence must be committed. The Data API takes the status from the setting, and
-- Python turns the answer's shape, PostgREST's own for an error, into the same error.
create or replace function private.answer_stale_report(
    p_caller private.caller,
    p_job_id uuid,
    p_lease_token bigint,
    p_outcome text,
    p_payload jsonb
)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_job record;
    v_was_holder boolean;
    v_is_again boolean;
    v_tenant_id uuid := private.find_reported_job(p_caller, p_job_id);
begin
    select j.status, j.lease_token, j.robot_id, j.past_leases, s.run_at
    into v_job
    from public.jobs as j
    left join private.scheduled as s on s.job_id = j.job_id
    where j.job_id = p_job_id and j.tenant_id = v_tenant_id;
    if not found then
        perform private.raise_error(404, 'JOB_NOT_FOUND', 'There is no such job.');
    end if;

    -- Of nobody else is anything kept: a robot that guesses another's token could take the place of its evidence.
    v_was_holder := coalesce(
        v_job.past_leases ->> p_lease_token::text = p_caller.robot_id::text
            or (v_job.lease_token = p_lease_token and v_job.robot_id = p_caller.robot_id),
        false
    );
    if not v_was_holder then
        perform private.raise_lease_lost(p_caller, p_job_id);
    end if;

    v_is_again := v_job.lease_token = p_lease_token and case p_outcome
        when 'completed' then v_job.status = 'completed'
        else v_job.status in ('queued', 'failed', 'cancelled')
    end;
    if v_is_again then
        return jsonb_strip_nulls(jsonb_build_object(
            'job_id', p_job_id,
            'status', v_job.status,
            'outcome', 'applied',
            'retry_at', private.to_iso(v_job.run_at)
        ));
    end if;

    insert into public.late_results (tenant_id, job_id, lease_token, robot_id, outcome, payload, received_at)
    values (v_tenant_id, p_job_id, p_lease_token, p_caller.robot_id, p_outcome, p_payload, private.clock())
    on conflict do nothing;
    perform set_config('response.status', '409', true);
    return jsonb_build_object(
        'code', 'PT409',
        'message', case v_job.status
            when 'queued' then 'This lease token does not hold the job any more; the result was kept as evidence.'
            else format('The job is %s already; the result was kept as evidence.', v_job.status)
        end,
        'details', case v_job.status when 'queued' then 'LEASE_LOST' else 'JOB_ALREADY_FINISHED' end,
        'hint', null
    );
end
$$;
comment on function private.answer_stale_report is
    'Answers a result whose lease is not held: the same answer again if this token brought it, else 409 LEASE_LOST, or JOB_ALREADY_FINISHED of a job that has ended, with its first result kept in late_results. Raises the same, and keeps nothing, when the calling robot never held the job with this token; 404 JOB_NOT_FOUND.';
revoke all on function private.answer_stale_report from public, anon, authenticated, service_role;

-- from sql/42_leases/functions/append_job_logs.sql sha256:da3ec60d10490903258e9a1fe8d1cbd5ebb29739eb3b8f47c5376374772a0313
create or replace function public.append_job_logs(
    p_job_id uuid,
    p_lease_token bigint,
    p_entries jsonb,
    p_sequence bigint default null      -- of this batch, within the lease; null: a repeat is not known as one
)
returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize_robot('jobs.report');
    v_tenant_id uuid;
    v_attempt smallint;
    v_problem text;
    v_appended integer;
begin
    if jsonb_typeof(p_entries) is distinct from 'array' or jsonb_array_length(p_entries) > 1000 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'entries must be a list of at most 1000 entries.');
    elsif p_sequence < 0 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'sequence must not be negative.');
    end if;
    select format('entries[%s]: %s', e.n - 1, e.problem) into v_problem
    from (
        select x.n, case
            when jsonb_typeof(x.entry) <> 'object' then 'must be an object.'
            when jsonb_typeof(x.entry -> 'message') is distinct from 'string' then 'message must be a text.'
            when length(x.entry ->> 'message') > 65536 then 'message must not have more than 65536 characters.'
            when coalesce(x.entry ->> 'level', 'info') not in ('debug', 'info', 'warning', 'error', 'critical')
                then 'level must be debug, info, warning, error or critical.'
            when length(x.entry ->> 'node_id') > 255 then 'node_id must not have more than 255 characters.'
        end as problem
        from jsonb_array_elements(p_entries) with ordinality as x (entry, n)
    ) as e
    where e.problem is not null
    order by e.n
    limit 1;
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    end if;

    select l.tenant_id, l.attempt into v_tenant_id, v_attempt
    from private.leases as l
    where l.job_id = p_job_id and l.lease_token = p_lease_token and l.robot_id is not distinct from v_caller.robot_id;
    if not found then
        -- The last lines come after the outcome, which waits for nothing: who reported it may still bring them.
        select j.tenant_id, j.attempts into v_tenant_id, v_attempt
        from public.jobs as j
        where j.job_id = p_job_id
            and j.lease_token = p_lease_token
            and coalesce(j.robot_id, j.reported_by) = v_caller.robot_id
            and (j.finished_at is null or j.finished_at > private.clock() - interval '10 minutes');
        if not found then
            perform private.raise_lease_lost(v_caller, p_job_id);
        end if;
    end if;
    if p_sequence is not null and exists (
        select from public.job_logs as l
        where l.tenant_id = v_tenant_id and l.job_id = p_job_id and l.lease_token = p_lease_token and l.sequence = p_sequence
    ) then
        return jsonb_array_length(p_entries);
    end if;
    begin
        if exists (
            select from jsonb_array_elements(p_entries) as x (entry)
            where not private.is_calendar_time((x.entry ->> 'timestamp')::timestamptz)
        ) then
            raise datetime_field_overflow;
        end if;
        insert into public.job_logs (
            tenant_id, job_id, attempt, level, message, node_id, extra, logged_at, lease_token, sequence
        )
        select
            v_tenant_id, p_job_id, v_attempt, coalesce(x.entry ->> 'level', 'info'), x.entry ->> 'message',
            x.entry ->> 'node_id', x.entry -> 'extra', coalesce((x.entry ->> 'timestamp')::timestamptz, private.clock()),
            case when x.n = 1 and p_sequence is not null then p_lease_token end, case when x.n = 1 then p_sequence end
        from jsonb_array_elements(p_entries) with ordinality as x (entry, n)
        order by x.n;
        get diagnostics v_appended = row_count;
    exception
        when unique_violation then      -- the same batch, in this very moment
            return jsonb_array_length(p_entries);
        when datetime_field_overflow or invalid_datetime_format then
            perform private.raise_error(400, 'INVALID_ARGUMENT', 'entries: timestamp must be a time in ISO 8601, in the years 1 to 9999.');
    end;
    return v_appended;
end
$$;
comment on function public.append_job_logs is
    'Appends [{level, message, node_id, timestamp, extra}] to the log of a job that the calling robot holds, all or nothing, and returns how many. A batch whose sequence this lease has brought before is not appended again, and is answered alike. The robot whose report ended an attempt may append to it for 10 minutes after the job has ended, or until the next attempt has an outcome. Raises 409 LEASE_LOST or JOB_ALREADY_FINISHED, 404 JOB_NOT_FOUND. Needs jobs.report.';
revoke all on function public.append_job_logs from public, anon, authenticated, service_role;
grant execute on function public.append_job_logs to authenticated;

-- from sql/42_leases/functions/find_reported_job.sql sha256:33a8143d17f6a6a397522a40f7d480b776ddd6f5593d5dd48bcf80039b2b8d90
create or replace function private.find_reported_job(p_caller private.caller, p_job_id uuid)
returns uuid
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select j.tenant_id
        from public.jobs as j
        where j.job_id = p_job_id
            and (
                j.tenant_id = p_caller.tenant_id
                or j.pool_id = (select r.pool_id from public.robots as r where r.robot_id = p_caller.robot_id)
            )
    );
end
$$;
comment on function private.find_reported_job is
    'The tenant of a job that the calling robot might have held: one of its own tenant, or one that asked for the robot''s pool; null for any other.';
revoke all on function private.find_reported_job from public, anon, authenticated, service_role;

-- from sql/42_leases/functions/give_back_leases.sql sha256:5eb081b77690dc609d2640e5cf5f78695ce0be5ac96f2e47be4f781c8256e9fc
-- Whoever calls it has the lock under which the robot claims, so that no lease is made meanwhile. Then leases in the order of
-- their ids, lanes in the order of theirs, and counters: as everybody who ends several leases.
create or replace function private.give_back_leases(
    p_robot_id uuid,
    p_job_ids uuid[],
    p_message text,
    p_are_started_too boolean default false
)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_lease private.leases;
    v_leases private.leases[];
    v_counter_ids integer[] := '{}';
begin
    v_leases := array(
        select o.lease
        from (
            select l as lease, l.lane_id
            from private.leases as l
            where l.job_id = any (p_job_ids)
                and l.robot_id = p_robot_id
                and (l.started_at is null or p_are_started_too)
            order by l.job_id
            for update
        ) as o
        order by o.lane_id
    );
    foreach v_lease in array v_leases loop
        delete from private.leases as l where l.job_id = v_lease.job_id;
        v_counter_ids := v_counter_ids || v_lease.counter_ids;
        v_lease.counter_ids := null;
        if v_lease.started_at is not null and (
            v_lease.cancel_requested_at is not null
            or (
                -- Whoever chose none wants no second run of what may have done something already. And what ends its robots'
                -- processes one after another must come to an end, too: as poison, or when its attempts are used up.
                select j.retry_policy ->> 'policy' = 'none' or j.uncounted_ends >= 3
                from public.jobs as j
                where j.job_id = v_lease.job_id
            )
        ) then
            perform private.end_attempt(v_lease, 'lost', p_message, 'LEASE_EXPIRED', null, true);
        else
            perform private.end_uncounted(v_lease, p_message);
        end if;
    end loop;
    if v_counter_ids <> '{}' then
        perform private.count_out(v_counter_ids);
    end if;
    return cardinality(v_leases);
end
$$;
comment on function private.give_back_leases is
    'Takes those of some jobs back that a robot holds and has not started (or has: then a job with the retry policy none ends), without counting the attempts (but of what was started after three ends that cost nothing), and returns how many.';
revoke all on function private.give_back_leases from public, anon, authenticated, service_role;

-- from sql/42_leases/functions/is_away.sql sha256:3cc8a634f6a7b4dc0dd847401f49e6e13f5b3215633269048adf46e1225e78be
create or replace function private.is_away(
    p_now_ms bigint default floor(extract(epoch from clock_timestamp()) * 1000)
)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_last_ms bigint := (select t.last_value from private.last_call_at as t);
    v_up_ms bigint := floor(extract(epoch from pg_postmaster_start_time()) * 1000);
begin
    return v_last_ms > 0
        and p_now_ms - greatest(v_last_ms, v_up_ms) < 900000
        and private.was_away(v_last_ms, p_now_ms);
end
$$;
comment on function private.is_away is
    'Whether the service seems to be away now: nobody was heard since the silence began that private.was_away() calls an outage. After 15 minutes in which Postgres was there it is believed no longer: then all robots are gone.';
revoke all on function private.is_away from public, anon, authenticated, service_role;

-- from sql/42_leases/functions/lease_over_at.sql sha256:9c8677113864d4e56486c76483280e221618d1058408b4da7727f320d1c24cd5
create or replace function private.lease_over_at(p_lease private.leases)
returns timestamptz
language sql
stable
as $$
    select least(p_lease.lease_expires_at, p_lease.timeout_at, private.progress_due_at(p_lease))
$$;
comment on function private.lease_over_at is
    'When a held job is taken back unless its robot renews the lease, reports progress or ends the job before.';
revoke all on function private.lease_over_at from public, anon, authenticated, service_role;

-- from sql/42_leases/functions/lengthen_leases.sql sha256:fb448b26f1d6fb886e5d3bbfda8c17715edffa4795580f755cb561662dffb246
-- Waits for no lease: what is locked just now is being renewed or ended.
create or replace function private.lengthen_leases()
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_back_at timestamptz := private.back_at();
    v_done_until timestamptz := (select max(o.ended_at) from private.outages as o);
    v_began_at timestamptz;
    v_away interval;
    v_count integer;
begin
    if v_back_at is null or v_back_at <= v_done_until then
        return 0;
    end if;
    v_began_at := greatest(
        (select to_timestamp(t.last_value / 1000.0) from private.outage_began_at as t), v_done_until
    );
    v_away := v_back_at - v_began_at;
    insert into private.outages (ended_at, began_at, leases) values (v_back_at, v_began_at, 0) on conflict do nothing;
    if not found then   -- by another session, just now
        return 0;
    end if;
    -- What ran out gets back the time that it had. What did not may have been renewed since, and needs no more than a minute.
    update private.leases as l
    set lease_expires_at = case
            when l.lease_expires_at <= v_began_at then l.lease_expires_at
            when l.lease_expires_at <= v_back_at then l.lease_expires_at + v_away
            else greatest(l.lease_expires_at, least(l.lease_expires_at + v_away, v_back_at + interval '1 minute'))
        end,
        away = case
            when coalesce(l.progress_at, l.started_at, l.claimed_at) < v_back_at then l.away + v_away
            else l.away
        end,
        outages = l.outages + 1,
        -- The time of the job went on, as its robot did; but who was done in time is given a minute to say so.
        timeout_at = case
            when l.timeout_at > v_began_at then greatest(l.timeout_at, v_back_at + least(v_away, interval '1 minute'))
            else l.timeout_at
        end
    where l.job_id in (
        select o.job_id
        from private.leases as o
        where o.claimed_at < v_back_at and private.may_be_excused(o)
        order by o.job_id
        for update skip locked
    );
    get diagnostics v_count = row_count;
    update private.outages as o set leases = v_count where o.ended_at = v_back_at;
    delete from private.outages as o where o.ended_at < v_back_at - interval '90 days';
    return v_count + 1;
end
$$;
comment on function private.lengthen_leases is
    'Lengthens the leases that were held in an outage by its length, once for each outage, before anything is rescued: nobody could renew them. The same for progress; the time of a job goes on, but does not end before the first minute after the outage. Not one that three outages have lengthened and nobody has renewed. Returns 0 when there was nothing to do.';
revoke all on function private.lengthen_leases from public, anon, authenticated, service_role;

-- from sql/42_leases/functions/lock_leases.sql sha256:2221fe153de0b23cfe82eb83a3d0f023b8305894593b73b9be78ce688672a2a4
-- First the leases in the order of their ids, then their lanes if jobs may go back into them (as private.put_back() locks a
-- lane), then their counters, in the order of their ids: what follows then waits for nobody, in whatever order it ends them.
create or replace function private.lock_leases(p_robot_id uuid, p_reports jsonb, p_may_put_back boolean default false)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_lease record;
    v_lane_id integer;
    v_lane_ids integer[] := '{}';
    v_counter_ids integer[] := '{}';
    v_job_ids uuid[] := array(
        select case
            when r.report ->> 'job_id' ~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' then (r.report ->> 'job_id')::uuid
        end
        from jsonb_array_elements(p_reports) as r (report)
    );
begin
    for v_lease in
        select l.lane_id, l.counter_ids
        from private.leases as l
        where l.job_id = any (v_job_ids) and l.robot_id is not distinct from p_robot_id
        order by l.job_id
        for update
    loop
        v_lane_ids := v_lane_ids || v_lease.lane_id;
        v_counter_ids := v_counter_ids || v_lease.counter_ids;
    end loop;
    if p_may_put_back then
        for v_lane_id in select distinct l.lane_id from unnest(v_lane_ids) as l (lane_id) order by l.lane_id loop
            perform pg_advisory_xact_lock_shared(private.lane_lock(), v_lane_id);
            perform from private.lanes as l where l.lane_id = v_lane_id for no key update;
        end loop;
    end if;
    if v_counter_ids <> '{}' then
        perform
        from private.limit_counters as c
        where c.counter_id = any (v_counter_ids)
        order by c.counter_id
        for update;
    end if;
end
$$;
comment on function private.lock_leases is
    'Locks the leases that a robot holds of some jobs, their lanes if the jobs may go back into them, and their counters, so that a batch of endings cannot wait in a circle with another.';
revoke all on function private.lock_leases from public, anon, authenticated, service_role;

-- from sql/42_leases/functions/may_be_excused.sql sha256:bf8e6d275ae3b47ad62cbd6f6f5d3f457aeee6ed807e8426cdb8d5dccb5ce8f0
-- Without it a robot that died among others that seldom call would look like an outage for ever: each silence lengthens its
-- lease to the next one. A robot that is there gets through between outages, and renews.
create or replace function private.may_be_excused(p_lease private.leases)
returns boolean
language sql
immutable
as $$
    select p_lease.outages < 3
$$;
comment on function private.may_be_excused is
    'Whether the silence of the robot that holds a lease may still be an outage''s: not when three have lengthened it and it was not renewed in between.';
revoke all on function private.may_be_excused from public, anon, authenticated, service_role;

-- from sql/42_leases/functions/note_call.sql sha256:d860be6df1b445a17d6e80434968cb7561aeff90bf9d65de6595e85e9e728f78
-- Whoever calls first after a silence finds out whether it was an outage, before any lease is renewed: later nobody could tell.
create or replace function private.note_call()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now_ms bigint := floor(extract(epoch from clock_timestamp()) * 1000);
    v_last_ms bigint := (select t.last_value from private.last_call_at as t);
    v_clock_ms bigint;
    v_before_ms bigint;
begin
    if v_now_ms - v_last_ms between 0 and 999 then
        return;
    end if;
    if v_last_ms > 0 and private.was_away(v_last_ms, v_now_ms) then
        v_clock_ms := floor(extract(epoch from private.clock()) * 1000);
        v_before_ms := v_clock_ms - (v_now_ms - v_last_ms);
        -- A service that comes and goes was away all the time.
        if v_before_ms - (select t.last_value from private.outage_ended_at as t) not between 0 and 60000 then
            perform setval('private.outage_began_at', v_before_ms);
        end if;
        perform setval('private.outage_ended_at', v_clock_ms);
    end if;
    perform setval('private.last_call_at', v_now_ms);
end
$$;
comment on function private.note_call is
    'Notes that somebody was heard, at most once a second, and after a silence whether the service was away (private.was_away()). Claims, renewals and heartbeats call it, and every request of the REST API.';
revoke all on function private.note_call from public, anon, authenticated, service_role;

-- from sql/42_leases/functions/progress_due_at.sql sha256:599fe216500010688fed5fcc5fb9cab2bc08a96a6d901c8b8ada3e7aab81fce7
create or replace function private.progress_due_at(p_lease private.leases)
returns timestamptz
language sql
stable
as $$
    select coalesce(p_lease.progress_at, p_lease.started_at, p_lease.claimed_at)
        + make_interval(secs => p_lease.progress_timeout_seconds) + p_lease.away
$$;
comment on function private.progress_due_at is
    'When a held job is taken back unless its robot reports progress before; null when nobody asked for that.';
revoke all on function private.progress_due_at from public, anon, authenticated, service_role;

-- from sql/42_leases/functions/raise_lease_lost.sql sha256:a2636e3744c3bcd580e961c8b489b8b050534cba9e921bbd7d05134d39f0f034
create or replace function private.raise_lease_lost(p_caller private.caller, p_job_id uuid)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant_id uuid := private.find_reported_job(p_caller, p_job_id);
    v_status public.job_status;
begin
    select j.status into v_status from public.jobs as j where j.job_id = p_job_id and j.tenant_id = v_tenant_id;
    if not found then
        perform private.raise_error(404, 'JOB_NOT_FOUND', 'There is no such job.');
    elsif v_status <> 'queued' then
        perform private.raise_error(409, 'JOB_ALREADY_FINISHED', format('The job is %s already.', v_status));
    end if;
    perform private.raise_error(409, 'LEASE_LOST', 'This lease token does not hold the job any more.');
end
$$;
comment on function private.raise_lease_lost is
    'Raises 409 LEASE_LOST for a job that the robot might have held, 409 JOB_ALREADY_FINISHED when it has ended, 404 JOB_NOT_FOUND for any other.';
revoke all on function private.raise_lease_lost from public, anon, authenticated, service_role;

-- from sql/42_leases/functions/release_job.sql sha256:43a5b59b89d6a03586e2a367626feabadff43f6b0ade53d64ea671bfee6e9445
create or replace function public.release_job(p_job_id uuid, p_lease_token bigint)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize_robot('jobs.report');
    v_lease private.leases;
    v_answer jsonb;
begin
    delete from private.leases as l
    where l.job_id = p_job_id and l.lease_token = p_lease_token and l.robot_id is not distinct from v_caller.robot_id
    returning l.* into v_lease;
    if not found then
        perform private.raise_lease_lost(v_caller, p_job_id);
    end if;
    if v_lease.started_at is null then
        v_answer := private.end_uncounted(v_lease, 'Released by the robot.');
    elsif v_lease.cancel_requested_at is not null then
        return private.end_attempt(v_lease, 'failed', null, null, null, false);
    else
        update public.jobs as j
        set past_leases = private.add_past_lease(j.past_leases, v_lease)
        where j.job_id = p_job_id;
        perform private.put_back(v_lease.tenant_no, v_lease.lane_id, array[p_job_id], array[v_lease.attempt - 1]);
        perform private.ring_lane(v_lease.lane_id);
        perform private.announce_job(
            'job.queued', 'queued', v_lease.tenant_id, p_job_id, v_lease.workflow_id, v_lease.workflow_name, null,
            v_lease.attempt - 1, '{"message": "Released by the robot."}'
        );
        v_answer := jsonb_build_object('job_id', p_job_id, 'status', 'queued', 'outcome', 'applied');
    end if;
    if v_lease.counter_ids is not null then
        perform private.count_out(v_lease.counter_ids);
    end if;
    return v_answer;
end
$$;
comment on function public.release_job is
    'Gives a claimed job back without counting the attempt; one that somebody wants cancelled ends cancelled. One that was given back several times before it was started waits for a while (retry_at). Raises 409 LEASE_LOST or JOB_ALREADY_FINISHED, 404 JOB_NOT_FOUND. Needs jobs.report.';
revoke all on function public.release_job from public, anon, authenticated, service_role;
grant execute on function public.release_job to authenticated;

-- from sql/42_leases/functions/renew_leases.sql sha256:c8fef05353cb7aa50e5f8fa61b10d032a69240382a91ee1104d3805e6768fdd6
create or replace function public.renew_leases(p_leases jsonb, p_lease_seconds integer default 60)
returns table (job_id uuid, renewed boolean, lease_expires_at timestamptz, cancel_requested boolean)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    v_caller private.caller := private.authorize_robot('jobs.report');
    v_until timestamptz := private.clock() + make_interval(secs => p_lease_seconds);
begin
    if p_lease_seconds not between 5 and 3600 or p_lease_seconds is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'lease_seconds must be between 5 and 3600.');
    elsif jsonb_typeof(p_leases) is distinct from 'array' or jsonb_array_length(p_leases) > 100 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'leases must be a list of at most 100 leases.');
    end if;
    perform private.note_call();
    return query
    with asked as (
        -- What is no id or no token is null, and so not held.
        select
            case
                when a.item ->> 'job_id' ~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' then (a.item ->> 'job_id')::uuid
            end as job_id,
            case when a.item ->> 'lease_token' ~ '^[1-9][0-9]{0,17}$' then (a.item ->> 'lease_token')::bigint end as lease_token,
            a.n
        from jsonb_array_elements(p_leases) with ordinality as a (item, n)
    ), locked as (
        -- Locked in the order of their ids, so that two renewals never wait for each other in a circle.
        select l.job_id, l.lease_token
        from private.leases as l
        where l.job_id = any (array(select a.job_id from asked as a)) and l.robot_id is not distinct from v_caller.robot_id
        order by l.job_id
        for update
    ), kept as (
        update private.leases as l
        set lease_expires_at = v_until, outages = 0
        from locked as k
        join asked as a on a.job_id = k.job_id and a.lease_token = k.lease_token
        where l.job_id = k.job_id
        returning l.job_id, l.lease_token, l.cancel_requested_at is not null as cancel_requested
    )
    select a.job_id, k.job_id is not null, case when k.job_id is not null then v_until end, coalesce(k.cancel_requested, false)
    from asked as a
    left join kept as k on k.job_id = a.job_id and k.lease_token = a.lease_token
    order by a.n;
end
$$;
comment on function public.renew_leases is
    'Extends the leases [{job_id, lease_token}] of the calling robot to p_lease_seconds from now and says for each, in their order, whether it is still held and whether the job shall stop; what is no lease is not renewed. Needs jobs.report.';
revoke all on function public.renew_leases from public, anon, authenticated, service_role;
grant execute on function public.renew_leases to authenticated;

-- from sql/42_leases/functions/report_progress.sql sha256:506a575628ea9918c4dc9af2f584e59d05db35745d0fd9a84e03e0cb742ff7e0
create or replace function public.report_progress(
    p_job_id uuid,
    p_progress integer,
    p_current_node text default null,
    p_message text default null,
    p_lease_token bigint default null,
    p_node_executions jsonb default null
)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize_robot('jobs.report', 'robots.control');
    v_now timestamptz := private.clock();
    v_old private.leases;
    v_is_pushed boolean;
begin
    if p_progress not between 0 and 100 or p_progress is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'progress must be between 0 and 100.');
    elsif length(p_current_node) > 255 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'current_node must not have more than 255 characters.');
    elsif length(p_message) > 4096 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'message must not have more than 4096 characters.');
    end if;
    if v_caller.robot_id is null then
        if p_lease_token is null then
            perform private.raise_error(400, 'INVALID_ARGUMENT', 'lease_token must be given; only a robot may leave it out.');
        end if;
        -- Whoever may control a robot and has its token speaks for it: of a job and a robot of their own tenant only.
        select l.robot_id
        into v_caller.robot_id
        from private.leases as l
        join public.robots as r on r.robot_id = l.robot_id and r.tenant_id = l.tenant_id
        where l.job_id = p_job_id and l.lease_token = p_lease_token and l.tenant_id = v_caller.tenant_id;
    end if;
    select l.* into v_old
    from private.leases as l
    where l.job_id = p_job_id
        and l.robot_id is not distinct from v_caller.robot_id
        and (p_lease_token is null or l.lease_token = p_lease_token)
    for update;
    if not found then
        perform private.raise_lease_lost(v_caller, p_job_id);
    end if;

    -- Watchers see at most two pushes a second of a job, and none that says what the last one said.
    v_is_pushed := (v_old.pushed_at is null or v_now - v_old.pushed_at >= interval '500 milliseconds')
        and (v_old.pushed_progress is distinct from p_progress or v_old.pushed_node is distinct from p_current_node);
    update private.leases as l
    set progress = p_progress,
        current_node = p_current_node,
        progress_message = p_message,
        progress_at = v_now,
        away = '0',
        first_progress_at = coalesce(l.first_progress_at, v_now),
        started_at = coalesce(l.started_at, v_now),
        timeout_at = case when l.started_at is null then l.timeout_at + (v_now - l.claimed_at) else l.timeout_at end,
        pushed_at = case when v_is_pushed then v_now else l.pushed_at end,
        pushed_progress = case when v_is_pushed then p_progress else l.pushed_progress end,
        pushed_node = case when v_is_pushed then p_current_node else l.pushed_node end
    where l.job_id = p_job_id;

    if p_node_executions is not null then
        perform private.keep_node_executions(v_old, p_node_executions);
    end if;
    if v_old.started_at is null then    -- published clients report progress without a start
        perform private.announce_job(
            'job.started', 'running', v_old.tenant_id, p_job_id, v_old.workflow_id, v_old.workflow_name, v_old.robot_id,
            v_old.attempt
        );
    end if;
    if v_is_pushed then
        perform private.announce_job(
            'job.progress', 'running', v_old.tenant_id, p_job_id, v_old.workflow_id, v_old.workflow_name, v_old.robot_id,
            v_old.attempt,
            jsonb_build_object('progress', p_progress, 'current_node', p_current_node, 'message', p_message)
        );
    end if;
    return jsonb_build_object(
        'job_id', p_job_id,
        'progress', p_progress,
        'current_node', p_current_node,
        'cancel_requested', v_old.cancel_requested_at is not null
    );
end
$$;
comment on function public.report_progress is
    'Notes how far a job is and pushes it, at most every 500 ms and only news. Without a token it is the calling robot''s own lease; others name the token and need robots.control, for a robot of their tenant. Raises 409 LEASE_LOST or JOB_ALREADY_FINISHED, 404 JOB_NOT_FOUND. Robots need jobs.report.';
revoke all on function public.report_progress from public, anon, authenticated, service_role;
grant execute on function public.report_progress to authenticated;

-- from sql/42_leases/functions/rescue_expired_leases.sql sha256:b6a684ac9cd69d74d052db96b659f92ed078945507aac08c1f61225021f8be37
-- The end of a lease is not indexed, so that renewing one stays cheap; leases are few, and this reads them all.
create or replace function private.rescue_expired_leases(p_limit integer default 200)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := private.clock();
    v_lease private.leases;
    v_leases private.leases[];
    v_rescued private.leases[];
    v_counter_ids integer[] := '{}';
begin
    if private.is_away() then       -- nobody could renew anything, as it seems; whoever comes first says how long
        return 0;
    end if;
    perform private.lengthen_leases();
    v_leases := array(
        select o.lease
        from (
            select l as lease, l.lane_id
            from private.leases as l
            where private.lease_over_at(l) <= v_now
                and l.job_id = any (array(
                    -- One of each tenant, then a second of each, and so on; of a tenant any, so that many that cannot be ended
                    -- do not keep the others from it for ever.
                    select t.job_id
                    from (
                        select e.job_id, row_number() over (partition by e.tenant_id order by random()) as turn
                        from private.leases as e
                        where private.lease_over_at(e) <= v_now
                    ) as t
                    order by t.turn, random()
                    limit p_limit
                ))
            for update skip locked
        ) as o
        order by o.lane_id      -- in which private.put_back() locks lanes
    );
    begin
        foreach v_lease in array v_leases loop
            perform private.rescue_lease(v_lease);
        end loop;
        v_rescued := v_leases;
    exception
        when others then        -- one by one: what is wrong with one tenant's job must not keep the others
            v_rescued := '{}';
            foreach v_lease in array v_leases loop
                begin
                    perform private.rescue_lease(v_lease);
                    v_rescued := v_rescued || v_lease;
                exception
                    when others then
                        raise warning 'the lease of job % was not taken back: %', v_lease.job_id, sqlerrm;
                end;
            end loop;
    end;
    -- After all locks of lanes: first the counters, then the robots, each in one order.
    foreach v_lease in array v_rescued loop
        v_counter_ids := v_counter_ids || v_lease.counter_ids;
    end loop;
    if v_counter_ids <> '{}' then
        perform private.count_out(v_counter_ids);
    end if;
    -- A lost lease says nothing against a robot: its machine or its network was away, with all that it held.
    for v_lease in select r.* from unnest(v_rescued) as r order by r.robot_id loop
        if private.lease_over_at(v_lease) in (v_lease.timeout_at, private.progress_due_at(v_lease))
            and v_lease.started_at is not null
            and v_lease.cancel_requested_at is null
        then
            perform private.count_robot_failure(v_lease.tenant_id, v_lease.robot_id, v_lease.job_id);
        end if;
    end loop;
    return cardinality(v_rescued);
end
$$;
comment on function private.rescue_expired_leases is
    'Takes back jobs whose lease or time is over, or that report no progress (at most p_limit), and returns how many. The attempt counts when it was started; what follows is private.end_attempt()''s to say, or private.end_uncounted()''s. Does nothing while the service seems to be away, and lengthens leases by an outage first. One that cannot be ended is left, with a warning.';
revoke all on function private.rescue_expired_leases from public, anon, authenticated, service_role;

-- from sql/42_leases/functions/rescue_lease.sql sha256:b9bddede602dfe82c5a021029d0255e8fb218d681ce2829280b6db481a730157
-- Without its counters: who rescues several leases counts them out together, after the lanes of all.
create or replace function private.rescue_lease(p_lease private.leases)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    -- What was over first is what happened.
    v_over_at timestamptz := private.lease_over_at(p_lease);
begin
    delete from private.leases as l where l.job_id = p_lease.job_id;
    p_lease.counter_ids := null;
    if p_lease.started_at is null then
        perform private.end_uncounted(p_lease, 'The robot did not start it in time.');
    elsif v_over_at = p_lease.timeout_at then
        perform private.end_attempt(p_lease, 'timeout', 'The job took longer than its timeout.', 'JOB_TIMEOUT', null, true);
    elsif v_over_at = private.progress_due_at(p_lease) then
        perform private.end_attempt(
            p_lease, 'no_progress',
            format('The robot reported no progress for %s seconds.', p_lease.progress_timeout_seconds), 'NO_PROGRESS', null, true
        );
    else
        perform private.end_attempt(p_lease, 'lost', 'The robot did not renew its lease.', 'LEASE_EXPIRED', null, true);
    end if;
end
$$;
comment on function private.rescue_lease is
    'Takes back a lease that is over, locked by its caller, and ends the attempt, which counts if it was started. Its counters and its robot''s failures are the caller''s to count.';
revoke all on function private.rescue_lease from public, anon, authenticated, service_role;

-- from sql/42_leases/functions/start_job.sql sha256:f68eeccc274dac4d1abd6c9391a3fdcfca53fd93a99563f1ef18a0874066ebbe
create or replace function public.start_job(p_job_id uuid, p_lease_token bigint)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize_robot('jobs.report');
    v_now timestamptz := private.clock();
    v_lease private.leases;
begin
    select l.* into v_lease
    from private.leases as l
    where l.job_id = p_job_id and l.lease_token = p_lease_token and l.robot_id is not distinct from v_caller.robot_id
    for update;
    if not found then
        perform private.raise_lease_lost(v_caller, p_job_id);
    end if;
    if v_lease.started_at is null then
        -- The time that a job may take counts from its start, not from its claim.
        update private.leases as l
        set started_at = v_now, away = '0', timeout_at = l.timeout_at + (v_now - l.claimed_at)
        where l.job_id = p_job_id;
        v_lease.started_at := v_now;
        perform private.announce_job(
            'job.started', 'running', v_lease.tenant_id, p_job_id, v_lease.workflow_id, v_lease.workflow_name,
            v_lease.robot_id, v_lease.attempt
        );
    end if;
    return jsonb_build_object(
        'job_id', p_job_id,
        'status', 'running',
        'started_at', private.to_iso(v_lease.started_at),
        'lease_expires_at', private.to_iso(v_lease.lease_expires_at),
        'cancel_requested', v_lease.cancel_requested_at is not null
    );
end
$$;
comment on function public.start_job is
    'Says that a claimed job runs now; saying it again changes nothing. Raises 409 LEASE_LOST or JOB_ALREADY_FINISHED without the newest lease, 404 JOB_NOT_FOUND. Needs jobs.report.';
revoke all on function public.start_job from public, anon, authenticated, service_role;
grant execute on function public.start_job to authenticated;

-- from sql/42_leases/functions/was_away.sql sha256:cb63d3e6b366043423d4536702586bdec51bca561a45fdd4801479c70ff638dc
-- The two times are the server's own clock's; what they are compared with is shifted with the time that a test sets.
create or replace function private.was_away(p_last_ms bigint, p_now_ms bigint)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    v_silence interval := make_interval(secs => (p_now_ms - p_last_ms) / 1000.0);
    v_now timestamptz := private.clock();
    v_last timestamptz := v_now - v_silence;
    v_since timestamptz := v_last;
begin
    if p_now_ms < p_last_ms then    -- the clock was set back
        return false;
    elsif extract(epoch from pg_postmaster_start_time()) * 1000 > p_last_ms then
        return true;
    elsif v_silence <= interval '10 seconds' then
        return false;
    end if;
    -- Leases that ran out in an outage which had just ended may not have been lengthened yet.
    if v_last - private.back_at() <= interval '1 minute' then
        v_since := least(v_last, (select to_timestamp(t.last_value / 1000.0) from private.outage_began_at as t));
    end if;
    -- Nobody at all was heard, though some were due: a lease that was held has ended or would end in another such silence (who
    -- renews in time never comes so near), or two robots or more should have said that they live.
    return exists (
        select
        from private.leases as l
        cross join lateral (select least(l.lease_expires_at, private.progress_due_at(l)) as due_at) as d
        where d.due_at > v_since and d.due_at < v_now + v_silence and private.may_be_excused(l)
    ) or 2 <= (
        select count(*)
        from (
            select
            from public.robot_heartbeats as h
            join public.tenants as t on t.tenant_id = h.tenant_id
            where h.is_online
                and h.last_heartbeat_at + make_interval(secs => t.robot_offline_after_seconds) between v_last and v_now
            limit 2
        ) as r
    );
end
$$;
comment on function private.was_away is
    'Whether a silence of everybody, from the last call to another moment, was an outage: Postgres was started meanwhile, or calls were due and for more than ten seconds none of anybody came. One robot''s silence beside any call of another is never one.';
revoke all on function private.was_away from public, anon, authenticated, service_role;

-- from sql/43_endings/functions/cancel_forceable_at.sql sha256:8e36ef2fa26aaf36c659f2b8d095b710395c367d102c3bf1a076f7bd5886a405
create or replace function private.cancel_forceable_at(p_lease private.leases)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_seconds jsonb := (
        select t.settings #> '{queue,cancel_grace_seconds}' from public.tenants as t where t.tenant_id = p_lease.tenant_id
    );
begin
    return p_lease.cancel_requested_at + make_interval(secs => case
        when jsonb_typeof(v_seconds) = 'number' and v_seconds::numeric between 0 and 86400 then v_seconds::double precision
        else 60
    end);
end
$$;
comment on function private.cancel_forceable_at is
    'From when on the cancellation of a held job may be forced: its robot has a minute to stop, or what the settings of the job''s tenant say, {"queue": {"cancel_grace_seconds": 60}}; null when nobody asked it to stop.';
revoke all on function private.cancel_forceable_at from public, anon, authenticated, service_role;

-- from sql/43_endings/functions/cancel_job.sql sha256:d449d857905f6e9d0e6b6d93bcff13462c36825a6a4d8f06d123a49a094d164c
create or replace function public.cancel_job(p_job_id uuid, p_reason text default null, p_force boolean default false)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('jobs.cancel');
begin
    return private.try_cancel_job(
        v_caller.tenant_id, p_job_id, private.check_cancel_reason(p_reason), coalesce(p_force, false)
    );
end
$$;
comment on function public.cancel_job is
    'Cancels a waiting job at once; asks the robot that holds it to stop otherwise: then it is cancelled when the robot has stopped (the answer says which). p_force takes it from a robot that was asked and did not stop within the tenant''s grace time; 409 CANCEL_NOT_FORCEABLE before. A finished job stays as it is and the answer says so. Raises 404 JOB_NOT_FOUND. Needs jobs.cancel.';
revoke all on function public.cancel_job from public, anon, authenticated, service_role;
grant execute on function public.cancel_job to authenticated;

-- from sql/43_endings/functions/cancel_jobs_of_deleted_workflows.sql sha256:28298dca59f496d9a9e30e8869ab7536400ade73fdab7b6e8ce37a74b17017f1
-- No index knows the waiting jobs of a workflow, as none mentions what changes, so a look goes through all that the tenant has
-- waiting, a page at a time, and another one follows after it found some. What others hold locked is passed over and found by the
-- next look: this waits for nobody. Jobs that robots held when the look began may have come back behind it, so only a look
-- during which none did says that nothing waits. Until robots hold none either, claims run none: private.leave_lane().
create or replace function private.cancel_jobs_of_deleted_workflows(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_removal private.workflow_removals;
    v_page record;
    v_job_ids uuid[];
    v_held integer;
    v_turn private.turn := (0, 0, null);
begin
    while v_turn.used < p_limit loop
        select r.*
        into v_removal
        from private.workflow_removals as r
        where r.tenant_id = p_tenant_id
            and not (r.is_idle and r.held = private.count_leases_of_workflow(p_tenant_id, r.workflow_id))
        order by r.removed_at, r.workflow_id
        limit 1
        for update skip locked;
        if not found then
            return v_turn;
        end if;
        select p.* into v_page from private.find_jobs_of_workflow(v_removal, p_limit - v_turn.used) as p;
        if v_removal.lane_id is null then
            with gone as (
                delete from private.scheduled as s
                where s.job_id = any (array(
                    select o.job_id from private.scheduled as o where o.job_id = any (v_page.job_ids) for update skip locked
                ))
                returning s.job_id
            )
            select array(select g.job_id from gone as g) into v_job_ids;
        else
            with gone as (
                delete from private.ready as r
                where r.ctid = any (array(
                    select o.ctid
                    from unnest(v_page.lane_ids, v_page.job_ids) as f (lane_id, job_id)
                    join private.ready as o
                        on o.tenant_no = v_page.tenant_no and o.lane_id = f.lane_id and o.job_id = f.job_id
                    for update of o skip locked
                ))
                returning r.job_id
            )
            select array(select g.job_id from gone as g) into v_job_ids;
        end if;
        perform private.end_unclaimed_jobs(v_job_ids, 'The workflow was deleted.');
        v_turn.done := v_turn.done + cardinality(v_job_ids);
        v_removal.has_found := v_removal.has_found or v_page.job_ids <> '{}';
        if v_removal.is_idle then   -- some ended or came back: a new look
            v_removal.is_idle := false;
            v_removal.held := private.count_leases_of_workflow(p_tenant_id, v_removal.workflow_id);
        end if;
        if v_page.seen = p_limit - v_turn.used then
            v_removal.run_at := v_page.last_run_at;
            v_removal.lane_id := v_page.last_lane_id;
            v_removal.job_id := v_page.last_job_id;
        elsif v_removal.lane_id is null then    -- then what is ready
            v_removal.lane_id := 0;
            v_removal.job_id := '00000000-0000-0000-0000-000000000000';
        else
            v_held := private.count_leases_of_workflow(p_tenant_id, v_removal.workflow_id);
            v_removal.is_idle := v_held = v_removal.held and not v_removal.has_found;
            if v_removal.is_idle and v_held = 0 then
                delete from private.workflow_removals as r
                where r.tenant_id = p_tenant_id and r.workflow_id = v_removal.workflow_id;
            end if;
            v_removal.held := v_held;
            v_removal.has_found := false;
            v_removal.run_at := '-infinity';
            v_removal.lane_id := null;
            v_removal.job_id := '00000000-0000-0000-0000-000000000000';
        end if;
        v_turn.used := v_turn.used + greatest(v_page.seen, 1);
        update private.workflow_removals as r
        set run_at = v_removal.run_at,
            lane_id = v_removal.lane_id,
            job_id = v_removal.job_id,
            held = v_removal.held,
            has_found = v_removal.has_found,
            is_idle = v_removal.is_idle
        where r.tenant_id = p_tenant_id and r.workflow_id = v_removal.workflow_id;
        exit when cardinality(v_job_ids) < cardinality(v_page.job_ids);     -- others are at them: later
    end loop;
    if v_turn.used >= p_limit then
        v_turn.after := 'more';
    end if;
    return v_turn;
end
$$;
comment on function private.cancel_jobs_of_deleted_workflows is
    'Duty, a tenant''s turn: looks at p_limit of its waiting jobs, cancels those whose workflow was deleted, and counts them; those that a robot holds go on.';
revoke all on function private.cancel_jobs_of_deleted_workflows from public, anon, authenticated, service_role;

-- from sql/43_endings/functions/check_cancel_reason.sql sha256:bb67af8e77b2d5dbe6be000646b997cacedfa379c0fb7b3493bfd954d735ad8e
create or replace function private.check_cancel_reason(p_reason text)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if length(p_reason) > 1024 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'reason must not have more than 1024 characters.');
    end if;
    return coalesce(nullif(p_reason, ''), 'Cancelled.');
end
$$;
comment on function private.check_cancel_reason is
    'Why somebody cancels, as it is kept. Raises 400 INVALID_ARGUMENT for a text that is too long.';
revoke all on function private.check_cancel_reason from public, anon, authenticated, service_role;

-- from sql/43_endings/functions/complete_job.sql sha256:0a5b760cca6d074847a84fa98c50d652f6c204d2d2b4e11b14b0ca6e3a74889d
create or replace function public.complete_job(
    p_job_id uuid,
    p_lease_token bigint,
    p_result jsonb default null,
    p_node_executions jsonb default null    -- default: those in the result
)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize_robot('jobs.report');
begin
    if pg_column_size(p_result) > 10485760 then
        perform private.raise_error(413, 'INVALID_ARGUMENT', 'result must not be larger than 10 MB.');
    end if;
    if private.complete_leases(
        v_caller, array[p_job_id], array[p_lease_token], array[p_result], array[p_node_executions]
    ) = '{}' then
        return private.answer_stale_report(
            v_caller, p_job_id, p_lease_token, 'completed', jsonb_build_object('result', p_result)
        );
    end if;
    return jsonb_build_object('job_id', p_job_id, 'status', 'completed', 'outcome', 'applied');
end
$$;
comment on function public.complete_job is
    'Ends a job with its result, once; the same call again answers the same. A token that lost the job answers 409 LEASE_LOST (JOB_ALREADY_FINISHED when it has ended) and its first result is kept in late_results. Node executions are kept beside it. Needs jobs.report.';
revoke all on function public.complete_job from public, anon, authenticated, service_role;
grant execute on function public.complete_job to authenticated;

-- from sql/43_endings/functions/complete_leases.sql sha256:9f21880c3ab7a9c8d30530f90cfb46458380885af1280905ffded3fd34b021d8
create or replace function private.complete_leases(
    p_caller private.caller,
    p_job_ids uuid[],               -- each once
    p_lease_tokens bigint[],        -- and so on: one for each job
    p_results jsonb[],
    p_node_executions jsonb[]       -- default: those in the result
)
returns integer[]
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_now timestamptz := private.clock();
    v_lease private.leases;
    v_job_id uuid;
    v_low_job_id uuid;
    v_high_job_id uuid;
    v_leases private.leases[];
    v_dedupe_keys text[];
    v_node_executions jsonb;
    v_done integer[] := '{}';
    v_notices private.job_notice[] := '{}';
    v_counter_ids integer[] := '{}';
begin
    -- By the job alone: "is not distinct from" cannot use the index of robots, which a plan made for an empty table might prefer.
    if cardinality(p_job_ids) > 1 then
        -- One statement for all of them, as each costs anew in every transaction; its bounds choose the partitions before it
        -- begins. One alone is dearer that way than by two plain statements.
        v_low_job_id := p_job_ids[1];
        v_high_job_id := v_low_job_id;
        foreach v_job_id in array p_job_ids loop
            v_low_job_id := least(v_low_job_id, v_job_id);
            v_high_job_id := greatest(v_high_job_id, v_job_id);
        end loop;
        with ended as (
            delete from private.leases as l
            where l.job_id = any (p_job_ids)
                and l.lease_token = p_lease_tokens[array_position(p_job_ids, l.job_id)]
                and l.robot_id is not distinct from p_caller.robot_id
            returning l as lease, l.job_id, array_position(p_job_ids, l.job_id) as place
        ),
        completed as (
            update public.jobs as j
            set status = 'completed',
                attempts = (e.lease).attempt,
                lease_token = (e.lease).lease_token,
                robot_id = (e.lease).robot_id,
                claimed_at = private.no_later_than((e.lease).claimed_at, v_now),
                started_at = private.no_later_than(coalesce((e.lease).started_at, (e.lease).claimed_at), v_now),
                first_progress_at = private.no_later_than((e.lease).first_progress_at, v_now),
                cancel_requested_at = (e.lease).cancel_requested_at,
                finished_at = v_now,
                result = p_results[e.place],
                error_message = null,
                error_type = null,
                error_details = null
            from ended as e
            where j.job_id = e.job_id and j.job_id between v_low_job_id and v_high_job_id
            returning e.lease, e.place, j.dedupe_key
        )
        select
            coalesce(array_agg(c.place order by c.place), '{}'),
            array_agg(c.lease order by c.place),
            array_agg(c.dedupe_key order by c.place)
        into v_done, v_leases, v_dedupe_keys
        from completed as c;
    else
        delete from private.leases as l
        where l.job_id = p_job_ids[1]
            and l.lease_token = p_lease_tokens[1]
            and l.robot_id is not distinct from p_caller.robot_id
        returning l.* into v_lease;
        if found then
            v_done := '{1}';
            v_leases := array[v_lease];
            update public.jobs as j
            set status = 'completed',
                attempts = v_lease.attempt,
                lease_token = v_lease.lease_token,
                robot_id = v_lease.robot_id,
                claimed_at = private.no_later_than(v_lease.claimed_at, v_now),
                started_at = private.no_later_than(coalesce(v_lease.started_at, v_lease.claimed_at), v_now),
                first_progress_at = private.no_later_than(v_lease.first_progress_at, v_now),
                cancel_requested_at = v_lease.cancel_requested_at,
                finished_at = v_now,
                result = p_results[1],
                error_message = null,
                error_type = null,
                error_details = null
            where j.job_id = v_lease.job_id
            returning array[j.dedupe_key] into v_dedupe_keys;
        end if;
    end if;
    for i in 1..cardinality(v_done) loop
        v_lease := v_leases[i];
        if v_dedupe_keys[i] is not null then
            delete from private.dedupe_keys as d
            where d.tenant_id = v_lease.tenant_id and d.dedupe_key = v_dedupe_keys[i];
        end if;
        v_node_executions := coalesce(p_node_executions[v_done[i]], p_results[v_done[i]] -> 'node_executions');
        if v_node_executions is not null then
            perform private.keep_node_executions(v_lease, v_node_executions);
        end if;
        v_counter_ids := v_counter_ids || v_lease.counter_ids;
        v_notices := v_notices || (
            v_lease.tenant_id, v_lease.job_id, v_lease.workflow_id, v_lease.workflow_name, v_lease.robot_id, v_lease.attempt,
            jsonb_build_object(
                'progress', 100,
                'duration_ms', round(extract(
                    epoch from v_now - private.no_later_than(coalesce(v_lease.started_at, v_lease.claimed_at), v_now)
                ) * 1000)
            ) || case when v_lease.cancel_requested_at is null then '{}' else '{"cancel_requested": true}' end::jsonb
        )::private.job_notice;
    end loop;
    if v_done <> '{}' then
        perform private.announce_jobs('job.completed', 'completed', v_notices);
        if v_counter_ids <> '{}' then
            perform private.count_out(v_counter_ids);
        end if;
        delete from private.robot_failures as f where f.tenant_id = p_caller.tenant_id and f.robot_id = p_caller.robot_id;
    end if;
    return v_done;
end
$$;
comment on function private.complete_leases is
    'Ends the jobs whose leases a robot holds with their results, keeps what it said of their nodes, and returns the places of those jobs in the arrays, from 1; the others are left to private.answer_stale_report().';
revoke all on function private.complete_leases from public, anon, authenticated, service_role;

-- from sql/43_endings/functions/count_jobs_of_workflow.sql sha256:a64ab5c79ba439d9756e6bf2ab9b3dbe0a1dc9f3f5f71ed18ce48726b73b16ee
create or replace function private.count_jobs_of_workflow(p_tenant_id uuid, p_workflow_id uuid, p_most integer)
returns integer
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
    return (
        select count(*)
        from (
            select r.job_id
            from private.queue_tenants as q
            cross join lateral (select r.job_id from private.ready as r where r.tenant_no = q.tenant_no offset 0) as r
            where q.tenant_id = p_tenant_id
            union all
            select s.job_id from private.scheduled as s where s.tenant_id = p_tenant_id
            limit p_most
        ) as w
        cross join lateral (
            select from public.jobs as j where j.job_id = w.job_id and j.workflow_id = p_workflow_id offset 0
        ) as j
    );
end
$$;
comment on function private.count_jobs_of_workflow is
    'How many of the jobs that wait are of a workflow; looks at p_most of the tenant''s at most.';
revoke all on function private.count_jobs_of_workflow from public, anon, authenticated, service_role;

-- from sql/43_endings/functions/count_leases_of_workflow.sql sha256:d2c7336abee291c76d02ed564bec66a75d9c5ce041d0a9612b2c3d446ebf7b31
create or replace function private.count_leases_of_workflow(p_tenant_id uuid, p_workflow_id uuid)
returns integer
language sql
stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
    select count(*)::integer from private.leases as l where l.tenant_id = p_tenant_id and l.workflow_id = p_workflow_id
$$;
comment on function private.count_leases_of_workflow is 'How many jobs of a workflow robots hold.';
revoke all on function private.count_leases_of_workflow from public, anon, authenticated, service_role;

-- from sql/43_endings/functions/end_attempt.sql sha256:81b7c732062a9d32cc02d6f13fd8fc29687ab93085310558571b0043e1c45df0
-- The one place that decides what follows an attempt that did not succeed, whoever noticed it. The lease is gone already.
create or replace function private.end_attempt(
    p_lease private.leases,
    p_outcome text,             -- failed | timeout | no_progress | lost | forced: a cancellation that its robot ignored
    p_error_message text,
    p_error_type text,
    p_error_details jsonb,
    p_is_retryable boolean
)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_now timestamptz := private.clock();
    v_job record;
    v_is_timeout boolean := p_outcome in ('timeout', 'no_progress');
    v_is_business_error boolean;
    v_is_poison boolean;
    v_is_robots_fault boolean;      -- of timeouts, private.rescue_expired_leases() says it
    v_status public.job_status;
    v_may_retry boolean;
    v_retry_at timestamptz;
    v_details jsonb;
    v_answer jsonb;
    -- Nobody reported that a lease or the time was over, or that the job was to end: whoever held it gets LEASE_LOST.
    v_reported_token bigint := case when p_outcome = 'failed' then p_lease.lease_token end;
begin
    select j.max_attempts, j.retry_policy, j.dedupe_key, j.lost_by
    into v_job
    from public.jobs as j
    where j.job_id = p_lease.job_id;
    v_is_business_error := p_outcome = 'failed'
        and (not p_is_retryable or coalesce(v_job.retry_policy -> 'non_retryable_errors' ? p_error_type, false));
    v_is_robots_fault := p_outcome = 'failed' and not v_is_business_error and p_lease.cancel_requested_at is null;
    if p_outcome = 'lost' and p_lease.robot_id <> all (v_job.lost_by) and private.is_robot(p_lease.robot_id) then
        v_job.lost_by := v_job.lost_by || p_lease.robot_id;
    end if;
    v_is_poison := p_outcome = 'lost' and cardinality(v_job.lost_by) >= 2;
    if v_is_poison then
        p_error_message := format('%s robots were lost while they ran this job.', cardinality(v_job.lost_by));
        p_error_type := 'POISON_JOB';
    end if;

    v_may_retry := p_is_retryable
        and not v_is_poison
        and v_job.retry_policy ->> 'policy' <> 'none'
        and (not v_is_timeout or coalesce((v_job.retry_policy ->> 'retry_on_timeout')::boolean, true))
        and not v_is_business_error;
    v_details := jsonb_build_object('error_message', p_error_message, 'error_type', p_error_type);

    if p_lease.cancel_requested_at is null and v_may_retry and p_lease.attempt < v_job.max_attempts then
        -- The job keeps its id and so its place. After a lost lease it is ready at once: the time has been lost already.
        v_retry_at := case
            when p_outcome = 'lost' then v_now
            else v_now + private.retry_delay(v_job.retry_policy, p_lease.attempt)
        end;
        update public.jobs as j
        set attempts = p_lease.attempt,
            lease_token = v_reported_token,
            reported_by = p_lease.robot_id,
            error_message = p_error_message,
            error_type = p_error_type,
            error_details = p_error_details,
            lost_by = v_job.lost_by,
            past_leases = private.add_past_lease(j.past_leases, p_lease),
            uncounted_ends = 0
        where j.job_id = p_lease.job_id;
        if v_retry_at <= v_now then
            perform private.put_back(
                p_lease.tenant_no, p_lease.lane_id, array[p_lease.job_id], array[p_lease.attempt::integer]
            );
            perform private.ring_lane(p_lease.lane_id);
        else
            insert into private.scheduled (job_id, tenant_id, tenant_no, lane_id, run_at, attempts)
            values (p_lease.job_id, p_lease.tenant_id, p_lease.tenant_no, p_lease.lane_id, v_retry_at, p_lease.attempt);
        end if;
        perform private.announce_job(
            'job.retrying', 'queued', p_lease.tenant_id, p_lease.job_id, p_lease.workflow_id, p_lease.workflow_name,
            p_lease.robot_id, p_lease.attempt, v_details || jsonb_build_object('run_at', private.to_iso(v_retry_at))
        );
        v_answer := jsonb_build_object(
            'job_id', p_lease.job_id, 'status', 'queued', 'outcome', 'applied', 'retry_at', private.to_iso(v_retry_at)
        );
    else
        v_status := case
            when p_lease.cancel_requested_at is not null then 'cancelled'
            when v_is_timeout then 'timeout'
            else 'failed'
        end;
        update public.jobs as j
        set status = v_status,
            attempts = p_lease.attempt,
            lease_token = v_reported_token,
            robot_id = p_lease.robot_id,
            claimed_at = private.no_later_than(p_lease.claimed_at, v_now),
            started_at = private.no_later_than(coalesce(p_lease.started_at, p_lease.claimed_at), v_now),
            first_progress_at = private.no_later_than(p_lease.first_progress_at, v_now),
            cancel_requested_at = p_lease.cancel_requested_at,
            finished_at = v_now,
            error_message = case when v_status = 'cancelled' then coalesce(p_lease.cancel_reason, 'Cancelled.') else p_error_message end,
            error_type = case when v_status <> 'cancelled' then p_error_type end,
            error_details = case when v_status <> 'cancelled' then p_error_details end,
            lost_by = v_job.lost_by,
            past_leases = private.add_past_lease(j.past_leases, p_lease)
        where j.job_id = p_lease.job_id;
        if v_job.dedupe_key is not null then
            delete from private.dedupe_keys as d where d.tenant_id = p_lease.tenant_id and d.dedupe_key = v_job.dedupe_key;
        end if;
        if v_status <> 'cancelled' then
            insert into public.dead_letters (
                job_id, tenant_id, workflow_id, reason, attempts, error_type, error_message, dead_lettered_at
            )
            values (
                p_lease.job_id, p_lease.tenant_id, p_lease.workflow_id,
                case
                    when v_is_poison then 'poison'
                    when v_is_timeout then p_outcome
                    when p_outcome = 'lost' then 'lease_lost'
                    when not v_may_retry then 'not_retryable'
                    else 'attempts_exhausted'
                end,
                p_lease.attempt, p_error_type, p_error_message, v_now
            );
        end if;
        perform private.announce_job(
            'job.' || v_status, v_status::text, p_lease.tenant_id, p_lease.job_id, p_lease.workflow_id, p_lease.workflow_name,
            p_lease.robot_id, p_lease.attempt,
            case when v_status = 'cancelled' then jsonb_build_object('message', p_lease.cancel_reason) else v_details end
        );
        if v_is_poison and v_status = 'failed' then
            perform private.announce_job(
                'job.poisoned', 'failed', p_lease.tenant_id, p_lease.job_id, p_lease.workflow_id, p_lease.workflow_name,
                p_lease.robot_id, p_lease.attempt, v_details || jsonb_build_object('lost_by', to_jsonb(v_job.lost_by))
            );
        end if;
        v_answer := jsonb_build_object('job_id', p_lease.job_id, 'status', v_status, 'outcome', 'applied');
    end if;
    -- After the lanes, and in this order.
    if p_lease.counter_ids is not null then
        perform private.count_out(p_lease.counter_ids);
    end if;
    if v_is_robots_fault then
        perform private.count_robot_failure(p_lease.tenant_id, p_lease.robot_id, p_lease.job_id);
    end if;
    return v_answer;
end
$$;
comment on function private.end_attempt is
    'Ends an attempt that failed, took too long, stood still or lost its lease: the job waits for its next attempt by its retry policy, or ends as failed, timeout (with a dead letter) or, when somebody asked for it, cancelled. Counts the lease out of the counters that it names.';
revoke all on function private.end_attempt from public, anon, authenticated, service_role;

-- from sql/43_endings/functions/end_unclaimed_job.sql sha256:ebb77aa667367f0e0c1f41e02ce2ee96a46e96af30a0cd01017129626e47f7e6
create or replace function private.end_unclaimed_job(p_job_id uuid, p_reason text)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    select private.end_unclaimed_jobs(array[p_job_id], p_reason)
$$;
comment on function private.end_unclaimed_job is 'Does private.end_unclaimed_jobs() for one.';
revoke all on function private.end_unclaimed_job from public, anon, authenticated, service_role;

-- from sql/43_endings/functions/end_unclaimed_jobs.sql sha256:027938498b1164f0fd1c6c144a326f16949ab3d2ad21ca92bc7f5b2fa3d3c644
create or replace function private.end_unclaimed_jobs(p_job_ids uuid[], p_reason text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_now timestamptz := private.clock();
    -- Its bounds choose the partitions before the statement begins.
    v_low_job_id uuid := (select i.id from unnest(p_job_ids) as i (id) order by i.id limit 1);
    v_high_job_id uuid := (select i.id from unnest(p_job_ids) as i (id) order by i.id desc limit 1);
    v_job record;
    v_tenant_id uuid;
    v_notices private.job_notice[] := '{}';
begin
    if p_job_ids = '{}' then
        return;
    end if;
    for v_job in
        update public.jobs as j
        set status = 'cancelled',
            finished_at = v_now,
            error_message = p_reason,
            error_type = null,      -- of an attempt that was to be retried
            error_details = null
        where j.job_id = any (p_job_ids) and j.job_id between v_low_job_id and v_high_job_id
        returning j.job_id, j.tenant_id, j.workflow_id, j.workflow_name, j.attempts, j.dedupe_key
    loop
        if v_job.dedupe_key is not null then
            delete from private.dedupe_keys as d where d.tenant_id = v_job.tenant_id and d.dedupe_key = v_job.dedupe_key;
        end if;
        v_tenant_id := v_job.tenant_id;
        v_notices := v_notices || (
            v_job.tenant_id, v_job.job_id, v_job.workflow_id, v_job.workflow_name, null, v_job.attempts,
            jsonb_build_object('message', p_reason)
        )::private.job_notice;
    end loop;
    perform private.announce_jobs('job.cancelled', 'cancelled', v_notices, cardinality(v_notices) <= 100);
    if cardinality(v_notices) > 100 then    -- more pushes at once than a watcher can use
        perform private.broadcast(
            'tenant:' || v_tenant_id || ':jobs', 'jobs.cancelled',
            jsonb_build_object('count', cardinality(v_notices), 'timestamp', private.to_iso(v_now))
        );
    end if;
end
$$;
comment on function private.end_unclaimed_jobs is
    'Writes and tells that jobs of one tenant ended cancelled; more than 100 are pushed as one jobs.cancelled. Their rows in ready or scheduled have been taken away by the same transaction.';
revoke all on function private.end_unclaimed_jobs from public, anon, authenticated, service_role;

-- from sql/43_endings/functions/end_uncounted.sql sha256:f74a4e71dfcf3d0fac923efbb28534ab0fc802f61c302710d5e8e098452a0a28
-- The lease is gone already, and its caller counts it out of its counters, as with private.end_attempt(). Three ends in a row
-- cost no time; after that the job waits, so that no robot and no network can hand it round in circles as fast as they can.
create or replace function private.end_uncounted(p_lease private.leases, p_message text)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_ends integer;
    v_retry_at timestamptz;
begin
    update public.jobs as j
    set uncounted_ends = least(j.uncounted_ends + 1, 1000),
        past_leases = private.add_past_lease(j.past_leases, p_lease),
        cancel_requested_at = p_lease.cancel_requested_at
    where j.job_id = p_lease.job_id
    returning j.uncounted_ends into v_ends;
    if p_lease.cancel_requested_at is not null then
        perform private.end_unclaimed_job(p_lease.job_id, coalesce(p_lease.cancel_reason, 'Cancelled.'));
        return jsonb_build_object('job_id', p_lease.job_id, 'status', 'cancelled', 'outcome', 'applied');
    end if;
    if v_ends <= 3 then
        perform private.put_back(p_lease.tenant_no, p_lease.lane_id, array[p_lease.job_id], array[p_lease.attempt - 1]);
        perform private.ring_lane(p_lease.lane_id);
    else
        v_retry_at := private.clock() + make_interval(secs => least(5 * 2.0 ^ least(v_ends - 4, 10), 300));
        insert into private.scheduled (job_id, tenant_id, tenant_no, lane_id, run_at, attempts)
        values (
            p_lease.job_id, p_lease.tenant_id, p_lease.tenant_no, p_lease.lane_id, v_retry_at, p_lease.attempt - 1
        );
    end if;
    perform private.announce_job(
        'job.queued', 'queued', p_lease.tenant_id, p_lease.job_id, p_lease.workflow_id, p_lease.workflow_name, null,
        p_lease.attempt - 1,
        jsonb_strip_nulls(jsonb_build_object('message', p_message, 'run_at', private.to_iso(v_retry_at)))
    );
    return jsonb_strip_nulls(jsonb_build_object(
        'job_id', p_lease.job_id, 'status', 'queued', 'outcome', 'applied', 'retry_at', private.to_iso(v_retry_at)
    ));
end
$$;
comment on function private.end_uncounted is
    'Puts a job back whose lease ended without an attempt that counts, as if it had not been claimed; cancels it when somebody asked for that. From the fourth such end in a row on it waits 5 seconds, then twice as long each time, at most 5 minutes.';
revoke all on function private.end_uncounted from public, anon, authenticated, service_role;

-- from sql/43_endings/functions/fail_job.sql sha256:c8da54c52431ec39fd25f5d5465aa3876917d005931f108f99a9a773532463c5
create or replace function public.fail_job(
    p_job_id uuid,
    p_lease_token bigint,
    p_error_message text,
    p_error_type text default null,
    p_stack_trace text default null,
    p_failed_node text default null,
    p_retryable boolean default true,
    p_node_executions jsonb default null
)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize_robot('jobs.report');
    v_lease private.leases;
    v_details jsonb := jsonb_strip_nulls(jsonb_build_object(
        'stack_trace', left(p_stack_trace, 65536), 'failed_node', p_failed_node
    ));
begin
    if coalesce(p_error_message, '') = '' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'error_message must not be empty.');
    elsif length(p_error_message) > 65536 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'error_message must not have more than 65536 characters.');
    elsif length(p_error_type) > 255 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'error_type must not have more than 255 characters.');
    elsif length(p_failed_node) > 255 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'failed_node must not have more than 255 characters.');
    end if;
    delete from private.leases as l
    where l.job_id = p_job_id and l.lease_token = p_lease_token and l.robot_id is not distinct from v_caller.robot_id
    returning l.* into v_lease;
    if not found then
        return private.answer_stale_report(
            v_caller, p_job_id, p_lease_token, 'failed',
            jsonb_build_object('error_message', p_error_message, 'error_type', p_error_type) || v_details
        );
    end if;
    if p_node_executions is not null then
        perform private.keep_node_executions(v_lease, p_node_executions);
    end if;
    return private.end_attempt(
        v_lease, 'failed', p_error_message, p_error_type, v_details, coalesce(p_retryable, true)
    );
end
$$;
comment on function public.fail_job is
    'Ends an attempt with an error: the job is tried again by its retry policy (retry_at), or is failed for good when it is not retryable or has no attempts left. Same answers as complete_job to a second call and to a stale token. Needs jobs.report.';
revoke all on function public.fail_job from public, anon, authenticated, service_role;
grant execute on function public.fail_job to authenticated;

-- from sql/43_endings/functions/find_jobs_of_workflow.sql sha256:96fbe606b6d9785f19834fe405de1a5bd0f2e12944f959282d1ee0828fb47710
create or replace function private.find_jobs_of_workflow(
    p_removal private.workflow_removals,
    p_limit integer,
    out tenant_no integer,
    out seen integer,           -- jobs looked at
    out last_run_at timestamptz,        -- the last of them
    out last_lane_id integer,
    out last_job_id uuid,
    out job_ids uuid[],         -- those of the workflow
    out lane_ids integer[]      -- and their lanes, of those that are ready
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_waiting record;
begin
    select q.tenant_no into tenant_no from private.queue_tenants as q where q.tenant_id = p_removal.tenant_id;
    seen := 0;
    last_run_at := p_removal.run_at;
    last_job_id := p_removal.job_id;
    job_ids := '{}';
    lane_ids := '{}';
    if p_removal.lane_id is null then
        for v_waiting in
            select s.run_at, s.job_id, j.is_found
            from (
                select s.run_at, s.job_id
                from private.scheduled as s
                where s.tenant_id = p_removal.tenant_id and (s.run_at, s.job_id) > (p_removal.run_at, p_removal.job_id)
                order by s.run_at, s.job_id
                limit p_limit
            ) as s
            left join lateral (
                select true as is_found
                from public.jobs as j
                where j.job_id = s.job_id and j.workflow_id = p_removal.workflow_id
                offset 0
            ) as j on true
        loop
            seen := seen + 1;
            last_run_at := v_waiting.run_at;
            last_job_id := v_waiting.job_id;
            if v_waiting.is_found then
                job_ids := job_ids || v_waiting.job_id;
            end if;
        end loop;
        return;
    end if;
    last_lane_id := p_removal.lane_id;
    for v_waiting in
        select r.lane_id, r.job_id, j.is_found
        from (
            select r.lane_id, r.job_id
            from private.ready as r
            where r.tenant_no = find_jobs_of_workflow.tenant_no
                and (r.lane_id, r.job_id) > (p_removal.lane_id, p_removal.job_id)
            order by r.lane_id, r.job_id
            limit p_limit
        ) as r
        left join lateral (
            select true as is_found
            from public.jobs as j
            where j.job_id = r.job_id and j.workflow_id = p_removal.workflow_id
            offset 0
        ) as j on true
    loop
        seen := seen + 1;
        last_lane_id := v_waiting.lane_id;
        last_job_id := v_waiting.job_id;
        if v_waiting.is_found then
            job_ids := job_ids || v_waiting.job_id;
            lane_ids := lane_ids || v_waiting.lane_id;
        end if;
    end loop;
end
$$;
comment on function private.find_jobs_of_workflow is
    'Looks at the next p_limit jobs that the tenant of a removal has waiting, delayed ones or, once lane_id is set, ready ones, and tells which are the workflow''s.';
revoke all on function private.find_jobs_of_workflow from public, anon, authenticated, service_role;

-- from sql/43_endings/functions/force_cancellation.sql sha256:b94af66df2ed07fff36c0ebf48062061b7eb7fc25cb9e8df4daa92984e93e73f
create or replace function private.force_cancellation(p_lease private.leases)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_forceable_at timestamptz := private.cancel_forceable_at(p_lease);
begin
    if v_forceable_at is null then
        perform private.raise_error(
            409, 'CANCEL_NOT_FORCEABLE', 'The robot has not been asked to stop the job yet: cancel it without force first.'
        );
    elsif v_forceable_at > private.clock() then
        perform private.raise_error(
            409, 'CANCEL_NOT_FORCEABLE',
            format('The robot may still stop the job by itself; the cancellation may be forced from %s on.', private.to_iso(v_forceable_at))
        );
    end if;
    delete from private.leases as l where l.job_id = p_lease.job_id;
    p_lease.cancel_reason := p_lease.cancel_reason || ' The robot did not stop, so the cancellation was forced.';
    if p_lease.started_at is not null then
        perform private.end_attempt(p_lease, 'forced', null, null, null, false);
    else
        perform private.end_uncounted(p_lease, null);
        if p_lease.counter_ids is not null then
            perform private.count_out(p_lease.counter_ids);
        end if;
    end if;
    return jsonb_build_object(
        'job_id', p_lease.job_id,
        'cancelled', true,
        'cancel_requested', false,
        'is_forced', true,
        'previous_status', case when p_lease.started_at is null then 'claimed' else 'running' end
    );
end
$$;
comment on function private.force_cancellation is
    'Takes a job away from a robot that was asked to stop it and did not, locked by the caller, and cancels it: its slot and its limits are free at once, and what the robot reports of it is refused. Raises 409 CANCEL_NOT_FORCEABLE before the grace time is over.';
revoke all on function private.force_cancellation from public, anon, authenticated, service_role;

-- from sql/43_endings/functions/purge_dead_letter.sql sha256:f2ed4e29c46aa05357d0bfb9158cb0137989cce7afdf3e7ca5b8f3ba24bbfeef
create or replace function public.purge_dead_letter(p_job_id uuid)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('jobs.delete');
begin
    delete from public.dead_letters as d where d.job_id = p_job_id and d.tenant_id = v_caller.tenant_id;
    if not found then
        perform private.raise_error(404, 'DEAD_LETTER_NOT_FOUND', 'There is no such dead letter.');
    end if;
    perform private.emit_event(v_caller.tenant_id, 'dead_letter.purged', p_job_id);
    return jsonb_build_object('job_id', p_job_id);
end
$$;
comment on function public.purge_dead_letter is
    'Takes a dead letter away for good; the job stays in the history as it ended. Raises 404 DEAD_LETTER_NOT_FOUND. Needs jobs.delete.';
revoke all on function public.purge_dead_letter from public, anon, authenticated, service_role;
grant execute on function public.purge_dead_letter to authenticated;

-- from sql/43_endings/functions/requeue_dead_letter.sql sha256:861eb058d8e9488003598a40bc62e49f67deb91cd65efcf8901d9deb196bdd3f
create or replace function public.requeue_dead_letter(p_job_id uuid)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('jobs.retry');
    v_letter public.dead_letters;
begin
    select d.* into v_letter
    from public.dead_letters as d
    where d.job_id = p_job_id and d.tenant_id = v_caller.tenant_id
    for update;
    if not found then
        perform private.raise_error(404, 'DEAD_LETTER_NOT_FOUND', 'There is no such dead letter.');
    elsif v_letter.resolved_at is not null then
        perform private.raise_error(
            409, 'DEAD_LETTER_RESOLVED', format('The job was queued again already, as %s.', v_letter.requeued_job_id)
        );
    end if;
    return public.retry_job(p_job_id);
end
$$;
comment on function public.requeue_dead_letter is
    'Queues a dead-lettered job again, as a new job that is linked to it by retry_of, and marks the dead letter resolved. Raises 404 DEAD_LETTER_NOT_FOUND, 409 DEAD_LETTER_RESOLVED and what retry_job raises. Needs jobs.retry.';
revoke all on function public.requeue_dead_letter from public, anon, authenticated, service_role;
grant execute on function public.requeue_dead_letter to authenticated;

-- from sql/43_endings/functions/retry_delay.sql sha256:bdcb1faef7c9f3ac0079c4cbafb2b3d5c617f62443c7329a7125d19b2473aa45
-- Rounded first: a number so small that double precision does not know it would be an error and no delay.
create or replace function private.retry_delay(p_policy jsonb, p_attempt integer)
returns interval
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_base double precision := coalesce(round((p_policy ->> 'base_delay_seconds')::numeric, 6), 5);
    v_cap double precision := coalesce(round((p_policy ->> 'max_delay_seconds')::numeric, 6), 3600);
    v_jitter double precision := coalesce(round((p_policy ->> 'jitter')::numeric, 6), 0);
    v_delay double precision;
begin
    v_delay := case p_policy ->> 'policy'
        when 'fixed' then v_base
        when 'linear' then v_base * p_attempt
        else v_base * power(2, least(p_attempt, 64) - 1)
    end;
    v_delay := least(v_delay, v_cap) * (1 - v_jitter + 2 * v_jitter * random());
    return make_interval(secs => least(v_delay, v_cap));
end
$$;
comment on function private.retry_delay is
    'How long to wait after the given failed attempt: fixed, linear or exponential (5 s, 10 s, 20 s …), at most max_delay_seconds, spread by the fraction jitter to both sides.';
revoke all on function private.retry_delay from public, anon, authenticated, service_role;

-- from sql/43_endings/functions/retry_job.sql sha256:bd697c4773e995ea66c35c75f7657b43960ee2016276ee2a577b03065a99f204
create or replace function public.retry_job(p_job_id uuid)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize('jobs.retry');
    v_job public.jobs;
    v_new private.new_job;
    v_new_job_id uuid;
begin
    select j.* into v_job from public.jobs as j where j.job_id = p_job_id and j.tenant_id = v_caller.tenant_id;
    if not found then
        perform private.raise_error(404, 'JOB_NOT_FOUND', 'There is no such job.');
    elsif v_job.status not in ('failed', 'cancelled', 'timeout') then
        perform private.raise_error(
            400, 'JOB_NOT_RETRYABLE', 'Only a job that is failed, cancelled or timed out can be retried.'
        );
    end if;
    v_job.result := null;
    v_new := jsonb_populate_record(null::private.new_job, to_jsonb(v_job));
    v_new.version := v_job.workflow_version;
    v_new.robot_id := v_job.target_robot_id;
    v_new.pool := v_job.pool_id;
    v_new_job_id := private.add_job(
        v_job.tenant_id, private.check_new_job(v_job.tenant_id, v_new), 'retry',
        coalesce(v_caller.user_id, v_caller.api_key_id), v_job.job_id
    );
    -- An unfinished job that has its dedupe key does other work: this one would be lost.
    if v_job.dedupe_key is not null and not exists (
        select from public.jobs as j where j.job_id = v_new_job_id and j.retry_of = p_job_id
    ) then
        perform private.raise_error(
            409, 'DEDUPE_KEY_TAKEN', format('The unfinished job %s has the dedupe key of this one.', v_new_job_id)
        );
    end if;
    update public.dead_letters as d
    set resolved_at = private.clock(),
        resolved_by = coalesce(v_caller.user_id, v_caller.api_key_id),
        requeued_job_id = v_new_job_id
    where d.job_id = p_job_id and d.resolved_at is null;
    return jsonb_build_object('job_id', p_job_id, 'new_job_id', v_new_job_id);
end
$$;
comment on function public.retry_job is
    'Enqueues a new job like one that failed, was cancelled or timed out, linked to it by retry_of; its dead letter is resolved. Raises 400 JOB_NOT_RETRYABLE, 404 JOB_NOT_FOUND, 404 ROBOT_NOT_FOUND when the only robot that may have it is deleted, 404 POOL_NOT_FOUND when it asked for a pool that the tenant is not a member of any more, 409 DEDUPE_KEY_TAKEN when another unfinished job has its dedupe key. Needs jobs.retry.';
revoke all on function public.retry_job from public, anon, authenticated, service_role;
grant execute on function public.retry_job to authenticated;

-- from sql/43_endings/functions/try_cancel_job.sql sha256:7febf76928e5aa694cdab6051dd58a091b858e95e554427dcbebccd69a7fafe8
create or replace function private.try_cancel_job(p_tenant_id uuid, p_job_id uuid, p_reason text, p_is_forced boolean default false)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_job record;
    v_lease private.leases;
begin
    -- A job that others move between ready, scheduled and leases meanwhile is looked for again. No lock is taken on its
    -- row: completion takes the lease first and the row second.
    for i in 1..10 loop
        select j.status, j.lane_id, q.tenant_no
        into v_job
        from public.jobs as j
        join private.queue_tenants as q on q.tenant_id = j.tenant_id
        where j.job_id = p_job_id and j.tenant_id = p_tenant_id;
        if not found then
            perform private.raise_error(404, 'JOB_NOT_FOUND', 'There is no such job.');
        elsif v_job.status <> 'queued' then
            return jsonb_build_object(
                'job_id', p_job_id,
                'cancelled', false,
                'cancel_requested', false,
                'is_forced', false,
                'previous_status', v_job.status
            );
        end if;

        delete from private.ready as r
        where r.tenant_no = v_job.tenant_no and r.lane_id = v_job.lane_id and r.job_id = p_job_id;
        if not found then
            delete from private.scheduled as s where s.job_id = p_job_id;
        end if;
        if found then
            perform private.end_unclaimed_job(p_job_id, p_reason);
            return jsonb_build_object(
                'job_id', p_job_id,
                'cancelled', true,
                'cancel_requested', false,
                'is_forced', false,
                'previous_status', 'queued'
            );
        end if;

        if p_is_forced then
            select l.* into v_lease from private.leases as l where l.job_id = p_job_id for update;
            continue when not found;
            return private.force_cancellation(v_lease);
        end if;
        update private.leases as l
        set cancel_requested_at = coalesce(l.cancel_requested_at, private.clock()),
            cancel_reason = coalesce(l.cancel_reason, p_reason)
        where l.job_id = p_job_id
        returning l.* into v_lease;
        if found then
            perform private.broadcast(
                'robot:' || v_lease.robot_id, 'cancel_job',
                jsonb_build_object('job_id', p_job_id, 'reason', v_lease.cancel_reason)
            );
            return jsonb_build_object(
                'job_id', p_job_id,
                'cancelled', false,     -- not before it is so: the robot may complete the job yet
                'cancel_requested', true,
                'is_forced', false,
                'previous_status', case when v_lease.started_at is null then 'claimed' else 'running' end
            );
        end if;
    end loop;
    perform private.raise_error(503, 'JOB_BUSY', 'The job is changing hands just now; try again.', '1');
end
$$;
comment on function private.try_cancel_job is
    'Cancels a waiting job of a tenant, or asks the robot that holds it to stop (forced: takes the job away from one that was asked), and says which; a finished job stays as it is. Raises 404 JOB_NOT_FOUND, 409 CANCEL_NOT_FORCEABLE. Does not ask who wants it: its callers do.';
revoke all on function private.try_cancel_job from public, anon, authenticated, service_role;

-- from sql/44_batches/functions/answer_each.sql sha256:165d98438f71597628545c53aeb4cac44d3582d7c2d6e910a5d7335d5cc0b65b
-- The skeleton of the verbs that do for many jobs what another does for one. What is wrong with one item is that item's answer;
-- what the caller may not do at all (401, 403), and a fault of the database, ends the batch.
create or replace function private.answer_each(
    p_caller private.caller,
    p_verb text,
    p_items jsonb,
    p_reason text default null,     -- of a cancellation
    p_done integer[] default '{}'   -- places of items that are answered already, from 1
)
returns table ("position" integer, job_id uuid, answer jsonb, error_status integer, error_code text, error_message text)
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_item jsonb;
    v_report record;
    v_job private.new_job;
begin
    if p_verb in ('retry_job', 'requeue_dead_letter', 'purge_dead_letter') then
        -- All dead letters at once in the order of their ids, so that two batches do not wait for each other in a circle.
        perform
        from public.dead_letters as d
        where d.job_id = any (array(select i.id::uuid from jsonb_array_elements_text(p_items) as i (id)))
            and d.tenant_id = p_caller.tenant_id
        order by d.job_id
        for update;
    end if;
    for "position", v_item in
        select x.n - 1, x.item
        from jsonb_array_elements(p_items) with ordinality as x (item, n)
        where x.n <> all (p_done)
        -- Ids in their own order, for the same reason.
        order by case jsonb_typeof(x.item) when 'string' then x.item #>> '{}' end collate "C", x.n
    loop
        job_id := null;
        answer := null;
        error_status := null;
        error_code := null;
        error_message := null;
        begin
            if p_verb in ('complete_job', 'fail_job') then
                select r.* into v_report
                from jsonb_to_record(v_item) as r (
                    job_id uuid, lease_token bigint, result jsonb, error_message text, error_type text, stack_trace text,
                    failed_node text, retryable boolean, node_executions jsonb
                );
                job_id := v_report.job_id;
                if v_report.job_id is null or v_report.lease_token is null then
                    perform private.raise_error(400, 'INVALID_ARGUMENT', 'job_id and lease_token must be given.');
                end if;
            elsif p_verb <> 'enqueue_job' then
                job_id := v_item #>> '{}';
            end if;
            case p_verb
                when 'enqueue_job' then
                    -- Nothing is written here, so the block costs no transaction id.
                    v_job := private.check_new_job(p_caller.tenant_id, private.read_new_job(v_item));
                    perform private.keep_workflow(v_job.workflow_id);
                    perform private.require_runnable_workflow(p_caller.tenant_id, v_job.workflow_id, v_job.version);
                    if exists (
                        select from private.queue_tenants as q where q.tenant_id = p_caller.tenant_id and q.is_full
                    ) and not exists (
                        select
                        from private.dedupe_keys as d
                        where d.tenant_id = p_caller.tenant_id and d.dedupe_key = v_job.dedupe_key
                    ) then
                        perform private.raise_queue_full();
                    end if;
                when 'complete_job' then
                    answer := public.complete_job(
                        job_id, v_report.lease_token, v_report.result, v_report.node_executions
                    );
                when 'fail_job' then
                    answer := public.fail_job(
                        job_id, v_report.lease_token, v_report.error_message, v_report.error_type, v_report.stack_trace,
                        v_report.failed_node, coalesce(v_report.retryable, true), v_report.node_executions
                    );
                when 'cancel_job' then
                    answer := private.try_cancel_job(p_caller.tenant_id, job_id, p_reason);
                when 'retry_job' then
                    answer := public.retry_job(job_id);
                when 'requeue_dead_letter' then
                    answer := public.requeue_dead_letter(job_id);
                when 'purge_dead_letter' then
                    answer := public.purge_dead_letter(job_id);
            end case;
            if answer ? 'code' then     -- refused, and kept as evidence
                error_status := 409;
                error_code := answer ->> 'details';
                error_message := answer ->> 'message';
                answer := null;
                perform set_config('response.status', '200', true);     -- the refusal of one is not that of all
            end if;
        exception
            when sqlstate 'PT400' or sqlstate 'PT404' or sqlstate 'PT409' or sqlstate 'PT413' or sqlstate 'PT429'
                or sqlstate 'PT503'
            then
                get stacked diagnostics error_code = pg_exception_detail, error_message = message_text;
                error_status := right(sqlstate, 3);
            when data_exception then
                error_code := 'INVALID_ARGUMENT';
                error_message := 'A field has a value of the wrong type: ' || sqlerrm || '.';
                error_status := 400;
        end;
        if p_verb = 'enqueue_job' and error_code is null then
            job_id := private.add_job(
                p_caller.tenant_id, v_job, 'manual', coalesce(p_caller.user_id, p_caller.robot_id, p_caller.api_key_id),
                p_is_pushed => jsonb_array_length(p_items) <= 100, p_may_pass_quota => true
            );
            answer := '{"status": "queued"}';
            -- The job that has its dedupe key may be held; the rule of its concurrency key may have cancelled it.
            if v_job.dedupe_key is not null or v_job.concurrency_key is not null then
                answer := (
                    select jsonb_build_object('status', j.status)
                    from public.live_jobs as j
                    where j.job_id = answer_each.job_id
                );
            end if;
        end if;
        return next;
    end loop;
end
$$;
comment on function private.answer_each is
    'Does a verb (complete_job, cancel_job …) for each item of a batch and answers each by its position: what the verb answers, or why it was refused; the others are done. Items are ids, or objects for the verbs that take more. Does not ask who wants it: its callers do.';
revoke all on function private.answer_each from public, anon, authenticated, service_role;

-- from sql/44_batches/functions/cancel_jobs.sql sha256:48ba80a57d202eb455b7f7368d4f7e99b76629d4b444e9866b6492102683bc8e
create or replace function public.cancel_jobs(p_job_ids uuid[], p_reason text default null)
returns table (
    "position" integer, job_id uuid, cancelled boolean, cancel_requested boolean, previous_status text,
    error_status integer, error_code text, error_message text
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('jobs.cancel');
    v_items jsonb := private.check_batch(to_jsonb(p_job_ids), 'job_ids', 'ids', 1000);
begin
    return query
    select
        e.position, e.job_id, (e.answer -> 'cancelled')::boolean, (e.answer -> 'cancel_requested')::boolean,
        e.answer ->> 'previous_status', e.error_status, e.error_code, e.error_message
    from private.answer_each(v_caller, 'cancel_job', v_items, private.check_cancel_reason(p_reason)) as e
    order by e.position;
end
$$;
comment on function public.cancel_jobs is
    'Does cancel_job for 1 to 1000 jobs and answers each by its position: what became of it, or why it was refused. Needs jobs.cancel.';
revoke all on function public.cancel_jobs from public, anon, authenticated, service_role;
grant execute on function public.cancel_jobs to authenticated;

-- from sql/44_batches/functions/check_batch.sql sha256:87ad634b72205edf907e07187395b1cfad31d94ac7c5aa3ea0be4cb6713d3999
create or replace function private.check_batch(p_items jsonb, p_field text, p_what text, p_most integer)
returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if jsonb_typeof(p_items) is distinct from 'array' or jsonb_array_length(p_items) not between 1 and p_most then
        perform private.raise_error(
            400, 'INVALID_ARGUMENT', format('%s must be a list of 1 to %s %s.', p_field, p_most, p_what)
        );
    end if;
    return p_items;
end
$$;
comment on function private.check_batch is
    'The items of a batch. Raises 400 INVALID_ARGUMENT for what is no list, and for an empty or too long one.';
revoke all on function private.check_batch from public, anon, authenticated, service_role;

-- from sql/44_batches/functions/complete_jobs.sql sha256:37f3a1a28b2bfece6a764d11955eae1984f4628a35c99913ace73e743872f818
create or replace function public.complete_jobs(p_results jsonb)
returns table (
    "position" integer, job_id uuid, status text, error_status integer, error_code text, error_message text
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize_robot('jobs.report');
    v_items jsonb := private.check_batch(p_results, 'results', 'results', 100);
    v_together record;
    v_done integer[];
begin
    perform private.lock_leases(v_caller.robot_id, v_items);
    -- All that are as they should be, together; what is left, one by one, for the answer that each deserves. A job that is named
    -- twice is left too: its first item is answered before its second is done.
    select
        array_agg(x.n) as places,
        array_agg((x.item ->> 'job_id')::uuid) as job_ids,
        array_agg((x.item ->> 'lease_token')::bigint) as lease_tokens,
        array_agg(nullif(x.item -> 'result', 'null')) as results,
        array_agg(nullif(x.item -> 'node_executions', 'null')) as node_executions
    into v_together
    from (
        select r.item, r.n, count(*) over (partition by lower(r.item ->> 'job_id')) as times
        from jsonb_array_elements(v_items) with ordinality as r (item, n)
    ) as x
    where x.times = 1
        and x.item ->> 'job_id' ~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'
        and x.item ->> 'lease_token' ~ '^[1-9][0-9]{0,17}$'
        and coalesce(pg_column_size(x.item -> 'result') <= 10485760, true);
    v_done := private.complete_leases(
        v_caller, v_together.job_ids, v_together.lease_tokens, v_together.results, v_together.node_executions
    );
    v_done := array(select v_together.places[d] from unnest(v_done) as d);
    return query
    select d.place - 1, (v_items -> (d.place - 1) ->> 'job_id')::uuid, 'completed', null::integer, null, null
    from unnest(v_done) as d (place)
    union all
    select e.position, e.job_id, e.answer ->> 'status', e.error_status, e.error_code, e.error_message
    from private.answer_each(v_caller, 'complete_job', v_items, p_done => v_done) as e
    order by 1;
end
$$;
comment on function public.complete_jobs is
    'Does complete_job for each of 1 to 100 results [{job_id, lease_token, result, node_executions}] and answers each by its position: the job''s status, or why it was refused; the others are done. Needs jobs.report.';
revoke all on function public.complete_jobs from public, anon, authenticated, service_role;
grant execute on function public.complete_jobs to authenticated;

-- from sql/44_batches/functions/enqueue_jobs.sql sha256:affeace52e0e3edef2b40c516e0544b1543e996b162b4ed3515630ea3266bcfc
create or replace function public.enqueue_jobs(p_jobs jsonb)
returns table (
    "position" integer, job_id uuid, status text, error_status integer, error_code text, error_message text
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('jobs.create');
    v_count integer := jsonb_array_length(private.check_batch(p_jobs, 'jobs', 'jobs', 1000));
begin
    return query
    select e.position, e.job_id, e.answer ->> 'status', e.error_status, e.error_code, e.error_message
    from private.answer_each(v_caller, 'enqueue_job', p_jobs) as e
    order by e.position;
    if v_count > 100 then   -- more pushes at once than a watcher can use, or a plan of the platform allows
        perform private.broadcast(
            'tenant:' || v_caller.tenant_id || ':jobs', 'jobs.queued',
            jsonb_build_object('count', v_count, 'timestamp', private.to_iso(private.clock()))
        );
    end if;
end
$$;
comment on function public.enqueue_jobs is
    'Enqueues 1 to 1000 jobs, objects with the fields of private.new_job, and answers each by its position: its id and status (those of the unfinished job that has its dedupe key), or why it was refused, 429 QUEUE_FULL included; the others are done. More than 100 are pushed as one jobs.queued. Needs jobs.create.';
revoke all on function public.enqueue_jobs from public, anon, authenticated, service_role;
grant execute on function public.enqueue_jobs to authenticated;

-- from sql/44_batches/functions/fail_jobs.sql sha256:82a831dd10dfc6d549bab286215aaf3ecd9ed5d994f1f3061e50d9e456f5d8b3
create or replace function public.fail_jobs(p_failures jsonb)
returns table (
    "position" integer, job_id uuid, status text, retry_at timestamptz, error_status integer, error_code text, error_message text
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize_robot('jobs.report');
    v_items jsonb := private.check_batch(p_failures, 'failures', 'failures', 100);
begin
    perform private.lock_leases(v_caller.robot_id, v_items, true);
    return query
    select
        e.position, e.job_id, e.answer ->> 'status', (e.answer ->> 'retry_at')::timestamptz, e.error_status, e.error_code,
        e.error_message
    from private.answer_each(v_caller, 'fail_job', v_items) as e
    order by e.position;
end
$$;
comment on function public.fail_jobs is
    'Does fail_job for each of 1 to 100 failures [{job_id, lease_token, error_message, error_type, stack_trace, failed_node, retryable, node_executions}] and answers each by its position: the job''s status and when it is tried again, or why it was refused; the others are done. Needs jobs.report.';
revoke all on function public.fail_jobs from public, anon, authenticated, service_role;
grant execute on function public.fail_jobs to authenticated;

-- from sql/44_batches/functions/purge_dead_letters.sql sha256:ac113fb3b658937eec11038ce2148c4d1ed74fb06a2433338968e92512f98377
create or replace function public.purge_dead_letters(p_job_ids uuid[])
returns table (
    "position" integer, job_id uuid, status text, error_status integer, error_code text, error_message text
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('jobs.delete');
    v_items jsonb := private.check_batch(to_jsonb(p_job_ids), 'job_ids', 'ids', 1000);
begin
    return query
    select e.position, e.job_id, case when e.error_code is null then 'purged' end, e.error_status, e.error_code, e.error_message
    from private.answer_each(v_caller, 'purge_dead_letter', v_items) as e
    order by e.position;
end
$$;
comment on function public.purge_dead_letters is
    'Does purge_dead_letter for 1 to 1000 jobs and answers each by its position: what became of it, or why it was refused. Needs jobs.delete.';
revoke all on function public.purge_dead_letters from public, anon, authenticated, service_role;
grant execute on function public.purge_dead_letters to authenticated;

-- from sql/44_batches/functions/requeue_dead_letters.sql sha256:3f2f4a98e71d9623dcad48960de598a7589291a4762c781ae5204a1b7cf0ac01
create or replace function public.requeue_dead_letters(p_job_ids uuid[])
returns table (
    "position" integer, job_id uuid, status text, new_job_id uuid, error_status integer, error_code text, error_message text
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('jobs.retry');
    v_items jsonb := private.check_batch(to_jsonb(p_job_ids), 'job_ids', 'ids', 1000);
begin
    return query
    select
        e.position, e.job_id, case when e.error_code is null then 'requeued' end, (e.answer ->> 'new_job_id')::uuid,
        e.error_status, e.error_code, e.error_message
    from private.answer_each(v_caller, 'requeue_dead_letter', v_items) as e
    order by e.position;
end
$$;
comment on function public.requeue_dead_letters is
    'Does requeue_dead_letter for 1 to 1000 jobs and answers each by its position: what became of it, or why it was refused. Needs jobs.retry.';
revoke all on function public.requeue_dead_letters from public, anon, authenticated, service_role;
grant execute on function public.requeue_dead_letters to authenticated;

-- from sql/44_batches/functions/retry_jobs.sql sha256:40934074618dc19a7584606bc351c12162bbc1691cfe31b1e04429f01ac93490
create or replace function public.retry_jobs(p_job_ids uuid[])
returns table (
    "position" integer, job_id uuid, new_job_id uuid, error_status integer, error_code text, error_message text
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('jobs.retry');
    v_items jsonb := private.check_batch(to_jsonb(p_job_ids), 'job_ids', 'ids', 1000);
begin
    return query
    select e.position, e.job_id, (e.answer ->> 'new_job_id')::uuid, e.error_status, e.error_code, e.error_message
    from private.answer_each(v_caller, 'retry_job', v_items) as e
    order by e.position;
end
$$;
comment on function public.retry_jobs is
    'Does retry_job for 1 to 1000 jobs and answers each by its position: the new job, or why it was refused. Needs jobs.retry.';
revoke all on function public.retry_jobs from public, anon, authenticated, service_role;
grant execute on function public.retry_jobs to authenticated;

-- from sql/45_events/functions/create_event_counter.sql sha256:f768c06b12e9b2544c8ad0e454d157cec9c216bf5e2f0911e9982800db8fa5be
create or replace function private.create_event_counter()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into private.event_counters (tenant_id) values (new.tenant_id) on conflict do nothing;
    return null;
end
$$;
comment on function private.create_event_counter is 'Starts the sequence of events of a new tenant.';
revoke all on function private.create_event_counter from public, anon, authenticated, service_role;

-- from sql/45_events/functions/emit_event.sql sha256:97889cb53fe22525e7072c89e80c39bb086b3f99359564faef7d7b3d42dbd0c6
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
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into private.event_inbox (tenant_id, event_type, occurred_at, job_id, robot_id, workflow_id, actor_id, data)
    values (
        p_tenant_id, p_type, private.clock(), p_job_id, p_robot_id, p_workflow_id, private.actor_id(), coalesce(p_data, '{}')
    );
end
$$;
comment on function private.emit_event is
    'Writes down that something happened, with the transaction that made it happen: one insert that waits for nobody.';
revoke all on function private.emit_event from public, anon, authenticated, service_role;

-- from sql/45_events/functions/list_events.sql sha256:12383430870e93b75ea0719737a66d663d09a3fc5f32efc2ea77c0022813b303
create or replace function public.list_events(p_after bigint default 0, p_limit integer default 100)
returns setof public.events
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
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
comment on function public.list_events is
    'The tenant''s events after a number, in sequence and without gaps. Resume with the last number: nothing is missed, whatever was being written meanwhile.';
revoke all on function public.list_events from public, anon, authenticated, service_role;
grant execute on function public.list_events to authenticated;

-- from sql/45_events/functions/sequence_events.sql sha256:4dc2b83ef4ddc0b9698bccf7796be813b52db35718647111e5dd763477c6b5ca
create or replace function private.sequence_events(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_count integer := private.sequence_tenant_events(p_tenant_id, p_limit, p_is_whole => p_after is null);
begin
    if v_count = 0 then
        -- The inbox has no foreign key, so that a writer locks nothing: what a deleted tenant left goes here.
        delete from private.event_inbox as i
        where i.tenant_id = p_tenant_id
            and i.inbox_id = any (array(
                select o.inbox_id from private.event_inbox as o where o.tenant_id = p_tenant_id order by o.inbox_id limit p_limit
            ))
            and not exists (select from public.tenants as t where t.tenant_id = p_tenant_id);
        get diagnostics v_count = row_count;
    end if;
    return (v_count, v_count, case when v_count = p_limit then 'more' end)::private.turn;
end
$$;
comment on function private.sequence_events is
    'Duty, a tenant''s turn: numbers p_limit of its waiting events, for those that nobody reads at the moment, and counts them.';
revoke all on function private.sequence_events from public, anon, authenticated, service_role;

-- from sql/45_events/functions/sequence_tenant_events.sql sha256:aaa9df915144e18a10accbf998fb3d4feabd99e972b83f9e0a4e9a96f3a01f1c
-- The row of the counter is the lock. Whoever holds it numbers; everybody else reads what has a number. The rows to number
-- are looked up after the lock is held, in a statement of their own: a row that was committed later, however old its
-- inbox_id, gets a later number, so a reader that resumes after a number has seen everything before it.
--
-- While a snapshot is held open anywhere, the index entries of numbered rows cannot be removed; the look-up begins behind
-- those. A row that is committed later than p_lag after rows with higher ids were numbered is found by cron's p_is_whole.
create or replace function private.sequence_tenant_events(
    p_tenant_id uuid,
    p_limit integer default 10000,
    p_is_whole boolean default false,
    p_lag interval default '15 seconds'     -- longer than the API's statement_timeout
)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
    v_now timestamptz := clock_timestamp();     -- what is waited for are transactions
    v_counter private.event_counters;
    v_low bigint;
    v_count integer;
    v_highest bigint;
    v_step constant interval := '1 microsecond';
    v_told_at timestamptz;
begin
    select c.* into v_counter from private.event_counters as c where c.tenant_id = p_tenant_id;
    v_low := case when p_is_whole then 0 else v_counter.low_inbox_id end;
    perform from private.event_inbox as i where i.tenant_id = p_tenant_id and i.inbox_id > v_low limit 1;
    if not found then
        return 0;
    end if;
    select c.*
    into v_counter
    from private.event_counters as c
    where c.tenant_id = p_tenant_id
    for update skip locked;
    if not found then
        return 0;   -- somebody else is at it
    end if;
    select e.told_at into v_told_at
    from public.events as e
    where e.tenant_id = p_tenant_id and e.seq = v_counter.last_seq;

    with taken as (
        delete from private.event_inbox as i
        where i.tenant_id = p_tenant_id and i.inbox_id = any (array(
            select n.inbox_id
            from private.event_inbox as n
            where n.tenant_id = p_tenant_id and n.inbox_id > v_low
            order by n.inbox_id
            limit p_limit
        ))
        returning i.*
    ),
    numbered as (
        insert into public.events (
            tenant_id, seq, event_id, event_type, occurred_at, told_at, job_id, robot_id, workflow_id, actor_id, data
        )
        select
            t.tenant_id,
            v_counter.last_seq + t.place,
            private.uuid_v7(t.occurred_at),
            t.event_type,
            t.occurred_at,
            -- No two times are the same, and none is before one that was told already, however late its row was committed.
            greatest(v_told_at, max(t.occurred_at - t.place * v_step) over (order by t.place)) + t.place * v_step,
            t.job_id,
            t.robot_id,
            t.workflow_id,
            t.actor_id,
            t.data
        from (select k.*, row_number() over (order by k.inbox_id) as place from taken as k) as t
    )
    select count(*)::integer, max(t.inbox_id) into v_count, v_highest from taken as t;
    update private.event_counters as c
    set last_seq = v_counter.last_seq + v_count,
        low_inbox_id = case when v_now > c.next_low_at + p_lag then c.next_low_inbox_id else c.low_inbox_id end,
        next_low_inbox_id = case
            when v_now > c.next_low_at + p_lag then greatest(c.next_low_inbox_id, v_highest)
            else c.next_low_inbox_id
        end,
        next_low_at = case when v_now > c.next_low_at + p_lag then v_now else c.next_low_at end
    where c.tenant_id = p_tenant_id;
    perform private.fold_job_ends(p_tenant_id, v_counter.last_seq, v_counter.last_seq + v_count);
    return v_count;
end
$$;
comment on function private.sequence_tenant_events is
    'Gives a tenant''s committed events the next numbers of its sequence, oldest first, and counts the jobs that ended by them; returns how many. Does nothing, and waits for nobody, while another session does it.';
revoke all on function private.sequence_tenant_events from public, anon, authenticated, service_role;

-- from sql/46_explaining/functions/count_jobs_ahead.sql sha256:5a6a19bccc7ad841b7fca6e3789561c25a88e8b2d320a4585e673249790313e6
create or replace function private.count_jobs_ahead(
    p_tenant_no integer,
    p_environment text,
    p_offers text[],
    p_robot_id uuid,
    p_rank integer,     -- the lane's priority less its promotion
    p_share_id integer, -- the lane's
    p_job_id uuid,
    p_limit integer,
    p_pool_id uuid default null     -- only jobs that ask for it
)
returns integer
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_now timestamptz := private.clock();
    v_is_fair boolean := (select q.is_fair from private.queue_tenants as q where q.tenant_no = p_tenant_no);
    v_load double precision := case when v_is_fair then coalesce(private.share_load(p_share_id, v_now), -1) else 0 end;
    v_entry record;
    v_limit_ids integer[] := '{}';      -- of the jobs that were counted: a limit once for each
    v_ahead integer := 0;
begin
    -- Jobs with limits one after another, as claims would take them: one takes the room of another. The rest in any order.
    for v_entry in
        with lanes as (
            select
                e.lane_id, e.workflow_limit_id, e.key_limit_id, e.priority - e.promotion as rank, s.load,
                e.priority - e.promotion < p_rank or s.load < v_load as is_better
            from private.lanes as e
            cross join lateral (
                -- As private.take_jobs() orders them: a lane without a share, from before there were any, comes first.
                select case when v_is_fair then coalesce(private.share_load(e.share_id, v_now), -1) else 0 end as load
            ) as s
            where e.tenant_no = p_tenant_no
                and (e.robot_id is null or e.robot_id = p_robot_id)
                and private.lane_suits(e.environment, e.required, p_environment, p_offers)
                and (e.priority - e.promotion < p_rank or e.priority - e.promotion = p_rank and s.load <= v_load)
                and (p_pool_id is null or 'pool:' || p_pool_id = any (e.required))
        )
        (
            select null::integer as workflow_limit_id, null::integer as key_limit_id
            from lanes as e
            cross join lateral (
                select
                from private.ready as y
                where y.tenant_no = p_tenant_no and y.lane_id = e.lane_id and (e.is_better or y.job_id < p_job_id)
                limit p_limit
            ) as ahead
            where e.workflow_limit_id is null and e.key_limit_id is null
            limit p_limit
        )
        union all
        (
            select e.workflow_limit_id, e.key_limit_id
            from lanes as e
            cross join lateral (
                select y.job_id
                from private.ready as y
                where y.tenant_no = p_tenant_no and y.lane_id = e.lane_id and (e.is_better or y.job_id < p_job_id)
                order by y.job_id
                limit least(p_limit, private.lane_room(e.workflow_limit_id, e.key_limit_id))
            ) as ahead
            where e.workflow_limit_id is not null or e.key_limit_id is not null
            order by e.rank, e.load, ahead.job_id
        )
    loop
        exit when v_ahead = p_limit;
        continue when exists (
            select
            from unnest(array[v_entry.workflow_limit_id, v_entry.key_limit_id]) as n (limit_id)
            where cardinality(array_positions(v_limit_ids, n.limit_id)) >= private.lane_room(n.limit_id, null)
        );
        v_limit_ids := v_limit_ids || v_entry.workflow_limit_id || v_entry.key_limit_id;
        v_ahead := v_ahead + 1;
    end loop;
    return v_ahead;
end
$$;
comment on function private.count_jobs_ahead is
    'How many waiting jobs a robot that has these things would take before a job, as things are: p_limit at most, and no more than their limits have room for.';
revoke all on function private.count_jobs_ahead from public, anon, authenticated, service_role;

-- from sql/46_explaining/functions/explain_finished_job.sql sha256:af8ca40ac3aaea3bc383bf240af0e9e18b5e530c215414fb77bd8c52495f1586
create or replace function private.explain_finished_job(p_job public.jobs)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_letter public.dead_letters;
begin
    select d.* into v_letter from public.dead_letters as d where d.job_id = p_job.job_id;
    return private.explain_reason(
        case
            when v_letter.resolved_at is not null then 'requeued'
            when p_job.status = 'timeout' and p_job.error_type = 'NO_PROGRESS' then 'no_progress'
            when p_job.status = 'timeout' then 'timed_out'
            when v_letter.job_id is not null then 'dead_lettered'
            when p_job.status = 'completed' and p_job.cancel_requested_at is not null then 'completed_despite_cancel'
            else p_job.status::text
        end,
        jsonb_build_object(
            'robot', private.name_robot(p_job.robot_id, p_job.tenant_id),
            'finished', private.to_words(p_job.finished_at),
            'cancel_requested', private.to_words(p_job.cancel_requested_at),
            'error', left(coalesce(p_job.error_message, 'no message'), 500),
            'timeout', p_job.timeout_seconds,
            'progress_timeout', p_job.progress_timeout_seconds,
            'attempts', p_job.attempts,
            'max_attempts', p_job.max_attempts,
            'dead_reason', v_letter.reason,
            'requeued_job', v_letter.requeued_job_id
        )
    );
end
$$;
comment on function private.explain_finished_job is
    'How a job ended, as private.explain_reason() says it.';
revoke all on function private.explain_finished_job from public, anon, authenticated, service_role;

-- from sql/46_explaining/functions/explain_held_job.sql sha256:08bc1b873754e9017b922ac0b560e9c8b152d987b50f4c7a5547af4fdc90067c
create or replace function private.explain_held_job(p_lease private.leases)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := private.clock();
    v_over_at timestamptz := private.lease_over_at(p_lease);
begin
    return private.explain_reason(
        case
            when p_lease.cancel_requested_at is not null then 'cancel_requested'
            when v_over_at <= v_now and v_over_at = p_lease.lease_expires_at then 'lease_expired'
            when v_over_at <= v_now then 'time_over'
            when p_lease.started_at is null then 'held_claimed'
            else 'held_running'
        end,
        jsonb_build_object(
            'robot', private.name_robot(p_lease.robot_id, p_lease.tenant_id),
            'lease_until', private.to_words(v_over_at),
            'progress', p_lease.progress,
            'last_progress', private.to_words(p_lease.progress_at),
            'cancel_requested', private.to_words(p_lease.cancel_requested_at),
            'cancel_reason', p_lease.cancel_reason,
            'forceable', private.to_words(private.cancel_forceable_at(p_lease))
        )
    );
end
$$;
comment on function private.explain_held_job is
    'Who holds a job and until when, as private.explain_reason() says it.';
revoke all on function private.explain_held_job from public, anon, authenticated, service_role;

-- from sql/46_explaining/functions/explain_job.sql sha256:c36e529d4bdce6b861f98fbb6bddd02a15c00fef18842a12722d86cbe1403199
-- Stable: all of it is read in one snapshot, so a job is found in exactly one place, and nothing is changed by looking.
create or replace function public.explain_job(p_job_id uuid)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('jobs.read');
    v_job public.jobs;
    v_lane private.lanes;
    v_lease private.leases;
    v_scheduled private.scheduled;
    v_robots jsonb := '[]';
    v_count integer := 0;
    v_online integer := 0;
    v_position integer;
    v_is_in_pool boolean;   -- of another tenant, whose robots are not shown
    v_state text;
    v_reason jsonb;
    v_since timestamptz;
begin
    select j.* into v_job from public.jobs as j where j.job_id = p_job_id and j.tenant_id = v_caller.tenant_id;
    if not found then
        perform private.raise_error(404, 'JOB_NOT_FOUND', 'There is no such job.');
    end if;
    select l.* into v_lease from private.leases as l where l.job_id = p_job_id;
    select s.* into v_scheduled from private.scheduled as s where s.job_id = p_job_id;

    v_is_in_pool := v_job.pool_id is not null and not exists (
        select from public.pools as p where p.pool_id = v_job.pool_id and p.tenant_id = v_job.tenant_id
    );

    if v_job.status <> 'queued' then
        v_state := v_job.status;
        v_since := v_job.finished_at;
        v_reason := private.explain_finished_job(v_job);
    elsif v_lease.job_id is not null then
        v_state := case when v_lease.started_at is null then 'claimed' else 'running' end;
        v_since := coalesce(v_lease.cancel_requested_at, v_lease.started_at, v_lease.claimed_at);
        v_reason := private.explain_held_job(v_lease);
    elsif exists (
        select from public.workflows as w where w.workflow_id = v_job.workflow_id and w.deleted_at is not null
    ) then
        v_state := case when v_scheduled.job_id is null then 'queued' else 'scheduled' end;
        v_since := (select w.deleted_at from public.workflows as w where w.workflow_id = v_job.workflow_id);
        v_reason := private.explain_reason('workflow_deleted', jsonb_build_object('workflow', v_job.workflow_name));
    else
        select
            coalesce(jsonb_agg(
                jsonb_build_object(
                    'robot_id', r.robot_id, 'external_id', r.external_id, 'is_eligible', r.is_eligible, 'ahead', r.ahead
                ) || r.reason
                order by r.ordinality
            ), '[]'),
            coalesce(max(r.robots), 0),
            coalesce(max(r.robots_online), 0)
        into v_robots, v_count, v_online
        from private.judge_robots(
            v_job.tenant_id, v_job.lane_id, p_job_id,
            (
                select w
                from private.find_full_limits(v_job.tenant_id, v_job.workflow_id, v_job.concurrency_key) as w
                where v_scheduled.job_id is null or w.max_running = 0
                limit 1
            ),
            v_scheduled.job_id is null
        ) with ordinality as r
        where not v_is_in_pool;
        v_since := v_job.created_at;
        if v_scheduled.job_id is not null then
            v_state := 'scheduled';
            v_reason := private.explain_reason(
                case
                    when v_scheduled.run_at <= private.clock() then 'about_to_be_ready'
                    when v_job.uncounted_ends > 0 then 'start_backoff'
                    when v_scheduled.attempts > 0 then 'retry_backoff'
                    else 'run_at_in_future'
                end,
                jsonb_build_object(
                    'run_at', private.to_words(v_scheduled.run_at),
                    'attempts', v_scheduled.attempts,
                    'times', v_job.uncounted_ends,
                    'max_attempts', v_job.max_attempts,
                    'error', left(coalesce(v_job.error_message, 'no message'), 500)
                )
            );
        else
            v_state := 'queued';
            select e.* into strict v_lane from private.lanes as e where e.lane_id = v_job.lane_id;
            v_position := private.count_jobs_ahead(
                v_lane.tenant_no, v_lane.environment, v_lane.required, v_lane.robot_id, v_lane.priority - v_lane.promotion,
                v_lane.share_id, p_job_id, 1000, v_job.pool_id
            );
            v_reason := case
                when v_is_in_pool then private.explain_pool_job(v_job, v_position)
                else private.explain_waiting_job(v_job, v_robots, v_count, v_online)
            end;
        end if;
    end if;
    return jsonb_build_object('job_id', p_job_id, 'state', v_state) || v_reason || jsonb_build_object(
        'since', private.to_iso(v_since),
        'position', v_position,
        'robots', v_robots,
        'robots_total', v_count,
        'notes', private.list_job_notes(v_job)
    );
end
$$;
comment on function public.explain_job is
    'Why a job waits, who holds it or how it ended: {job_id, state, verdict, reason_code, sentence, next_step, since, position (jobs ahead of it that ask for no more than it does; 1000 at most), robots (the nearest 50; none of a pool of another tenant; each with its first failing clause of the claim, is_eligible, and ahead: jobs that it takes first), robots_total, notes}. Raises 404 JOB_NOT_FOUND. Needs jobs.read.';
revoke all on function public.explain_job from public, anon, authenticated, service_role;
grant execute on function public.explain_job to authenticated;

-- from sql/46_explaining/functions/explain_pool_job.sql sha256:c704adc36047b29ddb85932431b2c901c49387fcfd6d25cf65fd53d3ee3cffd8
-- To a member a pool's robots are one: how many there are and what keeps each is the owner's business.
create or replace function private.explain_pool_job(p_job public.jobs, p_ahead integer)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_pool public.pools;
    v_lane private.lanes;
    v_limit private.limits;
    v_robots record;
begin
    select p.* into v_pool from public.pools as p where p.pool_id = p_job.pool_id;
    if not found then
        return private.explain_reason('pool_deleted', '{}');
    elsif private.pool_weight(p_job.pool_id, p_job.tenant_id) is null then
        -- Its name is nothing that this tenant may see any more.
        return private.explain_reason('pool_left', jsonb_build_object('pool', p_job.pool_id));
    end if;
    select e.* into strict v_lane from private.lanes as e where e.lane_id = p_job.lane_id;
    select
        bool_or(s.suits) as has_suitable,
        bool_or(s.suits and s.works) as has_working,
        bool_or(s.suits and s.works and s.load < s.max_concurrent_jobs) as has_free,
        bool_or(
            s.suits and s.works and s.load < s.max_concurrent_jobs
            and private.pool_waits_for(v_pool.pool_id, p_job.tenant_id, s.environment, s.offers)
        ) as has_others
    into v_robots
    from (
        select
            r.load,
            r.max_concurrent_jobs,
            r.environment,
            o.offers,
            private.lane_suits(v_lane.environment, v_lane.required, r.environment, o.offers) as suits,
            coalesce(
                private.find_robot_hindrance(
                    r, coalesce(h.is_signed_off, false), private.has_live_key(r.tenant_id, r.robot_id)
                ),
                'slots_full'
            ) = 'slots_full' as works
        from public.live_robots as r
        left join public.robot_heartbeats as h on h.robot_id = r.robot_id
        cross join lateral (
            select private.robot_offers(r.capabilities, r.tags, r.is_internet, r.pool_id) as offers
        ) as o
        where r.tenant_id = v_pool.tenant_id and r.pool_id = v_pool.pool_id
    ) as s;
    select w.* into v_limit
    from private.limits as w
    where w.tenant_id = p_job.tenant_id
        and w.pool_id = p_job.pool_id
        and private.lane_room(w.limit_id, null) = 0;
    if not found then
        select f.* into v_limit
        from private.find_full_limits(p_job.tenant_id, p_job.workflow_id, p_job.concurrency_key) as f
        limit 1;
    end if;
    return private.explain_reason(
        case
            when v_robots.has_suitable is not true then 'pool_no_robot_suits'
            when not v_robots.has_working then 'pool_no_robot_online'
            when v_limit.limit_id is not null then private.limit_reason(v_limit)
            when not v_robots.has_free then 'pool_robots_busy'
            when p_ahead > 0 or v_robots.has_others then 'pool_turn'
            else 'pool_next'
        end,
        private.list_limit_facts(v_limit) || jsonb_build_object('pool', v_pool.name, 'ahead', p_ahead)
    );
end
$$;
comment on function private.explain_pool_job is
    'Why a ready job waits that asks for a pool of another tenant, as private.explain_reason() says it; p_ahead jobs of its own tenant go first.';
revoke all on function private.explain_pool_job from public, anon, authenticated, service_role;

-- from sql/46_explaining/functions/explain_reason.sql sha256:a5436f94ab7a776211b4babf37aed7ce5cf6e3d60370f26aee585a18ae1cff8d
create or replace function private.explain_reason(p_reason_code text, p_facts jsonb)
returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_reason record;
begin
    select e.* into strict v_reason from private.list_explanations() as e where e.reason_code = p_reason_code;
    return jsonb_build_object(
        'verdict', v_reason.verdict,
        'reason_code', v_reason.reason_code,
        'sentence', private.fill_in(v_reason.sentence, p_facts),
        'next_step', private.fill_in(v_reason.next_step, p_facts)
    );
end
$$;
comment on function private.explain_reason is
    'A reason in words: {verdict, reason_code, sentence, next_step} with the facts filled in.';
revoke all on function private.explain_reason from public, anon, authenticated, service_role;

-- from sql/46_explaining/functions/explain_robot.sql sha256:eb55cbe3638382f24a8e60d1e00dfe256319e97667d4402ddbc85fc34d7c2a2f
create or replace function public.explain_robot(p_robot text)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_robot public.robots := private.authorize_for_robot(p_robot, 'robots.read');
    v_live public.live_robots;
    v_tenant_no integer := (select q.tenant_no from private.queue_tenants as q where q.tenant_id = v_robot.tenant_id);
    v_is_fair boolean := (select q.is_fair from private.queue_tenants as q where q.tenant_no = v_tenant_no);
    v_now timestamptz := private.clock();
    v_next private.ready;
    v_nearest private.ready;
    v_offers text[] := private.robot_offers(v_robot.capabilities, v_robot.tags, v_robot.is_internet, v_robot.pool_id);
    v_is_signed_off boolean := coalesce(
        (select h.is_signed_off from public.robot_heartbeats as h where h.robot_id = v_robot.robot_id), false
    );
    v_has_key boolean := private.has_live_key(v_robot.tenant_id, v_robot.robot_id);
    v_limit private.limits := (
        select w from private.find_full_limits(v_robot.tenant_id, null, null) as w limit 1
    );
    v_has_turns boolean := coalesce(
        private.pool_waits_for(v_robot.pool_id, v_robot.tenant_id, v_robot.environment, v_offers), false
    );
    v_reason_code text;
    v_reason jsonb;
begin
    select r.* into strict v_live from public.live_robots as r where r.robot_id = v_robot.robot_id;
    -- The job that its next claim would take if nothing hindered it.
    select e.tenant_no, e.lane_id, f.job_id into v_next
    from private.lanes as e
    cross join lateral (
        select y.job_id
        from private.ready as y
        where y.tenant_no = v_tenant_no and y.lane_id = e.lane_id
        order by y.job_id
        limit 1
    ) as f
    where e.tenant_no = v_tenant_no
        and (e.robot_id is null or e.robot_id = v_robot.robot_id)
        and private.lane_suits(e.environment, e.required, v_robot.environment, v_offers)
        and (private.lane_room(e.workflow_limit_id, e.key_limit_id) > 0) is not false
    order by
        e.priority - e.promotion, case when v_is_fair then private.share_load(e.share_id, v_now) end nulls first, f.job_id
    limit 1;
    if not found then
        -- Of the lanes in which jobs wait, the one that asks for the least that this robot has not.
        select e.tenant_no, e.lane_id, f.job_id into v_nearest
        from private.lanes as e
        cross join lateral (
            select y.job_id from private.ready as y where y.tenant_no = v_tenant_no and y.lane_id = e.lane_id limit 1
        ) as f
        where e.tenant_no = v_tenant_no
        order by
            e.robot_id is not null,
            e.environment not in ('*', v_robot.environment),
            cardinality(array(select q from unnest(e.required) as q where q <> all (v_offers))),
            e.priority - e.promotion
        limit 1;
    end if;

    v_reason_code := coalesce(
        private.find_robot_hindrance(v_live, v_is_signed_off, v_has_key),
        case
            when v_has_turns then 'next_turn'
            when v_limit.limit_id is not null then private.limit_reason(v_limit)
            when v_next.job_id is not null then 'next_claim'
            when v_nearest.job_id is not null then 'nothing_suitable'
            else 'nothing_waiting'
        end
    );
    v_reason := private.explain_reason(v_reason_code, private.list_robot_facts(v_live) || private.list_limit_facts(v_limit) || jsonb_build_object(
        'next_job', v_next.job_id,
        'pool', (select p.name from public.pools as p where p.pool_id = v_robot.pool_id),
        'nearest_job', v_nearest.job_id,
        'demand', case when v_nearest.job_id is not null then private.name_lane_demand(v_nearest.lane_id, v_robot) end
    ));
    return jsonb_build_object(
        'robot_id', v_robot.robot_id,
        'external_id', v_robot.external_id,
        'is_online', v_live.is_online,
        'is_active', v_live.is_active,
        'is_healthy', v_live.is_healthy,
        'is_busy', v_live.is_busy
    ) || v_reason || jsonb_build_object(
        'since', private.to_iso(case v_reason_code
            when 'robot_quarantined' then v_live.quarantined_at
            when 'robot_offline' then v_live.last_heartbeat_at
            when 'robot_signed_off' then v_live.last_heartbeat_at
            when 'robot_deaf' then v_live.deaf_since
        end),
        'is_eligible', v_has_key
            and private.robot_may_claim(v_live.mode, v_is_signed_off, v_live.quarantined_at)
            and v_live.load < v_live.max_concurrent_jobs
            and (v_limit.limit_id is null or v_has_turns),
        'free_slots', greatest(v_live.max_concurrent_jobs - v_live.load, 0),
        'held_job_ids', to_jsonb(v_live.current_job_ids),
        'next_job_id', v_next.job_id,
        'nearest_job_id', v_nearest.job_id
    );
end
$$;
comment on function public.explain_robot is
    'Why a robot gets nothing, or what it gets: {robot_id, external_id, state, verdict, reason_code, sentence, next_step, since, is_eligible (a claim gets what suits), free_slots, held_job_ids, next_job_id (what its next claim takes if nothing hinders it; of a robot whose pool has other members'' jobs: what it takes of its own tenant when the turn comes), nearest_job_id (when no waiting job suits it)}. Raises 404 ROBOT_NOT_FOUND. Needs robots.read; a robot may ask about itself.';
revoke all on function public.explain_robot from public, anon, authenticated, service_role;
grant execute on function public.explain_robot to authenticated;

-- from sql/46_explaining/functions/explain_waiting_job.sql sha256:5898d105090246da09516bb144be87550090210beb57242c1ef76dee4119f768
create or replace function private.explain_waiting_job(p_job public.jobs, p_robots jsonb, p_count integer, p_online integer)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_nearest jsonb := p_robots -> 0;
    v_facts jsonb := jsonb_build_object(
        'robots', p_count,
        'nearest', v_nearest ->> 'sentence',
        'nearest_step', v_nearest ->> 'next_step'
    );
begin
    if v_nearest is null and p_job.target_robot_id is not null then
        return private.explain_reason('target_robot_deleted', jsonb_build_object('robot', (
            select r.external_id from public.robots as r where r.robot_id = p_job.target_robot_id
        )));
    elsif v_nearest is null then
        return private.explain_reason('no_robot_registered', v_facts);
    elsif v_nearest ->> 'verdict' in ('ready', 'waiting')
        or v_nearest ->> 'reason_code' in ('tenant_paused', 'workflow_paused', 'key_paused')
    then
        return v_nearest - '{robot_id,external_id,is_eligible,ahead}'::text[];
    elsif p_job.target_robot_id is not null then
        return private.explain_reason('target_robot_unavailable', v_facts)
            || jsonb_build_object('reason_code', 'target_' || (v_nearest ->> 'reason_code'));
    elsif v_nearest ->> 'reason_code' in ('robot_offline', 'robot_signed_off') and p_online = 0 then
        return private.explain_reason('no_robot_online', v_facts);
    end if;
    return private.explain_reason('no_robot_suits', v_facts) || jsonb_build_object('reason_code', v_nearest ->> 'reason_code');
end
$$;
comment on function private.explain_waiting_job is
    'Why a job that is ready waits, as private.explain_reason() says it: the reason of the robot that is nearest to getting it. A job for one robot only says so: target_ and that robot''s reason.';
revoke all on function private.explain_waiting_job from public, anon, authenticated, service_role;

-- from sql/46_explaining/functions/fill_in.sql sha256:9648ccd1f3d92138903d0c129369be3f928009cdbe518e8429623bf9d981d761
-- In one pass: what a fact says is never looked at again, though it may have braces of its own.
create or replace function private.fill_in(p_sentence text, p_facts jsonb)
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select string_agg(
        case when p.n % 2 = 1 then p.part when p_facts ? p.part then coalesce(p_facts ->> p.part, 'unknown') else '{' || p.part || '}' end,
        '' order by p.n
    )
    from regexp_split_to_table(p_sentence, '[{}]') with ordinality as p (part, n)
$$;
comment on function private.fill_in is
    'A sentence with its {facts} filled in; those that are null are unknown.';
revoke all on function private.fill_in from public, anon, authenticated, service_role;

-- from sql/46_explaining/functions/find_robot_hindrance.sql sha256:f7e722035fb7848f0005c362c294ba9bbecd86ed4cff17d4f6e7f3cee75e5277
create or replace function private.find_robot_hindrance(p_live public.live_robots, p_is_signed_off boolean, p_has_key boolean)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return case
        when p_live.mode = 'disabled' then 'robot_disabled'
        when p_live.mode = 'maintenance' then 'robot_in_maintenance'
        when p_live.mode = 'draining' then 'robot_draining'
        when p_live.mode = 'paused' then 'robot_paused'
        when p_live.quarantined_at is not null then 'robot_quarantined'
        when not p_has_key then 'robot_key_missing'
        when p_is_signed_off then 'robot_signed_off'
        when not p_live.is_online then 'robot_offline'
        when p_live.health = 'error' then 'robot_in_error'
        when p_live.deaf_since is not null then 'robot_deaf'
        when p_live.load >= p_live.max_concurrent_jobs then 'slots_full'
    end;
end
$$;
comment on function private.find_robot_hindrance is
    'The reason code of what keeps a robot from any job at all; null when nothing does. A robot that is offline, in error or deaf may claim, but does not.';
revoke all on function private.find_robot_hindrance from public, anon, authenticated, service_role;

-- from sql/46_explaining/functions/judge_robots.sql sha256:8d555ad708952f7c353aa293fd5de203d1d518af5170e0553b06df6c70887139
-- The clauses of claim_jobs, one by one, for each robot that a lane is not closed to by its target. is_eligible is the claim's
-- own answer; the reason is the clause that stands furthest from it, so that mending it is the next useful step.
create or replace function private.judge_robots(
    p_tenant_id uuid,
    p_lane_id integer,
    p_job_id uuid,
    p_reached_limit private.limits default null,
    p_is_ready boolean default true,    -- else the job waits for a time
    p_limit integer default 50
)
returns table (
    robot_id uuid,
    external_id text,
    is_online boolean,
    is_eligible boolean,
    ahead integer,      -- jobs that it would take before this one; 100 at most, null for a robot that may not have it
    nearness integer,   -- as list_explanations() has it; 20 more for a robot that is not there, whatever else is the matter with it
    reason jsonb,       -- as private.explain_reason() gives it
    robots bigint,      -- of all
    robots_online bigint
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_lane private.lanes;
begin
    select e.* into strict v_lane from private.lanes as e where e.lane_id = p_lane_id;
    return query
    with fleet as (
        select
            r as live,
            r.robot_id,
            r.external_id,
            r.environment,
            r.is_online,
            r.mode,
            r.quarantined_at,
            r.pool_id,
            r.load < r.max_concurrent_jobs as has_slot,
            o.offers,
            array(select q.q from unnest(v_lane.required) as q where q.q <> all (o.offers)) as missing,
            coalesce(h.is_signed_off, false) as is_signed_off,
            private.has_live_key(r.tenant_id, r.robot_id) as has_key
        from public.live_robots as r
        left join public.robot_heartbeats as h on h.robot_id = r.robot_id
        cross join lateral (select private.robot_offers(r.capabilities, r.tags, r.is_internet, r.pool_id) as offers) as o
        where r.tenant_id = p_tenant_id and (v_lane.robot_id is null or r.robot_id = v_lane.robot_id)
    ), judged as (
        select
            f.*,
            f.has_key
                and private.robot_may_claim(f.mode, f.is_signed_off, f.quarantined_at)
                and private.lane_suits(v_lane.environment, v_lane.required, f.environment, f.offers)
                and f.has_slot
                and p_reached_limit.limit_id is null as is_eligible,
            case
                when not private.lane_suits(v_lane.environment, '{}', f.environment, f.offers) then 'wrong_environment'
                when exists (select from unnest(f.missing) as m where m like 'pool:%') then 'not_in_pool'
                when exists (select from unnest(f.missing) as m where m not like 'tag:%' and m not like 'mode:%')
                    then 'missing_capability'
                when exists (select from unnest(f.missing) as m where m like 'tag:%') then 'missing_tag'
                when f.missing <> '{}' then 'missing_internet'
                else coalesce(
                    private.find_robot_hindrance(f.live, f.is_signed_off, f.has_key),
                    private.limit_reason(p_reached_limit),
                    case when p_is_ready then 'next_in_line' else 'when_it_is_time' end
                )
            end as reason_code
        from fleet as f
    ), nearest as (
        select
            j.*,
            e.nearness + case when e.nearness < 40 and (j.is_signed_off or not j.is_online) then 20 else 0 end as nearness,
            count(*) over () as robots,
            count(*) filter (where j.is_online) over () as robots_online
        from judged as j
        join private.list_explanations() as e on e.reason_code = j.reason_code
        order by nearness, cardinality(j.missing), j.external_id
        limit p_limit
    ), counted as (
        select
            n.*,
            case
                when n.is_eligible and p_is_ready then private.count_jobs_ahead(
                    v_lane.tenant_no, n.environment, n.offers, n.robot_id, v_lane.priority - v_lane.promotion,
                    v_lane.share_id, p_job_id, 100
                )
            end as ahead,
            case
                when n.is_eligible and p_is_ready and n.pool_id is not null then private.pool_waits_for(
                    n.pool_id, p_tenant_id, n.environment, n.offers
                )
            end is true as has_turns
        from nearest as n
    )
    select
        c.robot_id,
        c.external_id,
        c.is_online,
        c.is_eligible,
        c.ahead,
        case when c.nearness = 1 and (c.ahead > 0 or c.has_turns) then 2 else c.nearness end as nearness,
        private.explain_reason(
            case
                when c.nearness = 1 and c.has_turns then 'pool_turn'
                when c.nearness = 1 and c.ahead > 0 then 'better_jobs_ahead'
                else c.reason_code
            end,
            private.list_robot_facts(c.live) || private.list_limit_facts(p_reached_limit) || jsonb_build_object(
                'ahead', case when c.ahead >= 100 then 'at least 100' else c.ahead::text end,
                'missing', private.name_requirements(c.missing),
                'job_environment', v_lane.environment,
                'pool', (select p.name from public.pools as p where p.pool_id = coalesce(private.pool_of(v_lane.required), c.pool_id))
            )
        ),
        c.robots,
        c.robots_online
    from counted as c
    order by 6, coalesce(c.ahead, 0), cardinality(c.missing), c.external_id;
end
$$;
comment on function private.judge_robots is
    'What stands between each robot of a tenant and a job of a lane: the nearest robots first, p_limit at most.';
revoke all on function private.judge_robots from public, anon, authenticated, service_role;

-- from sql/46_explaining/functions/limit_reason.sql sha256:a4a8fe6345bb1ebfe411f29b60c0671fe00f1f2d2611e4db27ce820ec448fbeb
create or replace function private.limit_reason(p_limit private.limits)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return p_limit.scope || case when p_limit.max_running = 0 then '_paused' else '_limit_reached' end;
end
$$;
comment on function private.limit_reason is
    'The reason code of what a full limit keeps from running; null for none. A limit of 0 ends by nothing that runs: somebody paused the work.';
revoke all on function private.limit_reason from public, anon, authenticated, service_role;

-- from sql/46_explaining/functions/list_explanations.sql sha256:214edd4eb92a58a1f1e953f6b861b5578cea6c2ecbbb40c54db8cbe05e8e3ce8
-- The words that support people send to customers. docs/why-is-my-job-waiting.md shows each; a test compares the two.
create or replace function private.list_explanations()
returns table (
    reason_code text,
    verdict text,       -- ready | waiting | blocked | held | finished | idle | note
    nearness integer,   -- of a robot's clauses: how near the robot is to getting the job, 1 is the nearest, 40 and more lack something
    sentence text,      -- with {facts}
    next_step text
)
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    values
        ('next_in_line', 'ready', 1, 'Robot {robot} gets this job with its next claim.', 'Nothing is in the way. If it stays like this for a minute, look whether the robot''s program runs.'),
        ('when_it_is_time', 'waiting', 1, 'Robot {robot} may take this job when its time has come.', 'Wait for that time.'),
        ('better_jobs_ahead', 'waiting', 2, 'Robot {robot} takes {ahead} other jobs first: they have a better priority or are older.', 'Wait, enqueue with a better priority (0 is the best), or start more robots.'),
        ('tenant_limit_reached', 'waiting', 2, '{running} of at most {max_running} jobs of this tenant run now.', 'Wait for one of them, or raise the limit of the tenant.'),
        ('workflow_limit_reached', 'waiting', 2, '{running} of at most {max_running} jobs of the workflow {limited_workflow} run now.', 'Wait for one of them, or raise the limit of the workflow.'),
        ('key_limit_reached', 'waiting', 2, '{running} of at most {max_running} jobs with the concurrency key {limited_key} run now.', 'Wait for one of them, or raise the limit of the key.'),
        ('tenant_paused', 'blocked', 2, 'The jobs of this tenant are paused: its limit is 0.', 'Raise or remove the limit of the tenant.'),
        ('workflow_paused', 'blocked', 2, 'The jobs of the workflow {limited_workflow} are paused: its limit is 0.', 'Raise or remove the limit of the workflow.'),
        ('key_paused', 'blocked', 2, 'The jobs with the concurrency key {limited_key} are paused: its limit is 0.', 'Raise or remove the limit of the key.'),
        ('pool_turn', 'waiting', 2, 'The robots of the pool {pool} serve its members in turn; {ahead} other jobs of this tenant go first.', 'Wait for the turn, enqueue with a better priority (it counts among jobs of this tenant), or ask the owner of the pool for a greater weight or more robots.'),
        ('pool_limit_reached', 'waiting', null, '{running} of at most {max_running} jobs of this tenant run in the pool {limited_pool} now.', 'Wait for one of them, or ask the owner of the pool for a greater max_running.'),
        ('pool_paused', 'blocked', null, 'The jobs of this tenant are paused in the pool {limited_pool}: its max_running there is 0.', 'Ask the owner of the pool for a greater max_running.'),
        ('pool_robots_busy', 'waiting', null, 'All robots of the pool {pool} that could run this job are busy.', 'Wait for one of them, or ask the owner of the pool for more robots.'),
        ('pool_next', 'ready', null, 'A robot of the pool {pool} gets this job with its next claim.', 'Nothing is in the way. If it stays like this for a minute, ask the owner of the pool whether its robots run.'),
        ('pool_no_robot_online', 'blocked', null, 'No robot of the pool {pool} that could run this job is at work.', 'Ask the owner of the pool, or cancel the job and enqueue it without the pool.'),
        ('pool_no_robot_suits', 'blocked', null, 'No robot of the pool {pool} has what this job asks for.', 'Ask the owner of the pool for such a robot, or cancel the job and enqueue it with other demands.'),
        ('pool_left', 'blocked', null, 'This tenant is not a member of the pool {pool} any more.', 'Cancel the job and enqueue it without the pool, or ask the owner of the pool for an invitation.'),
        ('pool_deleted', 'blocked', null, 'The pool that this job asks for was deleted.', 'Cancel the job and enqueue it without the pool.'),
        ('slots_full', 'waiting', 3, 'Robot {robot} holds {load} of at most {slots} jobs and has no free slot.', 'Wait for one of them, raise the robot''s max_concurrent_jobs, or start more robots.'),
        ('robot_deaf', 'blocked', 4, 'Robot {robot} sends heartbeats, but has not asked for a job since {last_claim}, although work waits for it.', 'Restart the robot''s program.'),
        ('robot_in_error', 'blocked', 5, 'Robot {robot} says of itself that it is in error. It may claim, but most likely does not.', 'Look at the robot, mend it, and set its status to idle.'),
        ('robot_offline', 'blocked', 6, 'Robot {robot} is offline: it was last heard of {last_seen}.', 'Start the robot, or look at its machine and network.'),
        ('robot_signed_off', 'blocked', 7, 'Robot {robot} has signed off; it was last heard of {last_seen}.', 'Start the robot again.'),
        ('robot_key_missing', 'blocked', 8, 'Robot {robot} has no live key: its keys were revoked or have expired.', 'Create a new key for the robot and start the robot with it.'),
        ('robot_quarantined', 'blocked', 9, 'Robot {robot} is in quarantine since {quarantined}: {quarantine_reason}', 'Find out what is wrong with the robot, then release it.'),
        ('robot_paused', 'blocked', 10, 'Robot {robot} is paused.', 'Resume the robot.'),
        ('robot_draining', 'blocked', 11, 'Robot {robot} is draining: it finishes what it holds and takes nothing more.', 'Resume the robot, or start another one.'),
        ('robot_in_maintenance', 'blocked', 12, 'Robot {robot} is in maintenance.', 'Resume the robot when the maintenance is over.'),
        ('robot_disabled', 'blocked', 13, 'Robot {robot} is disabled.', 'Resume the robot if it shall work again.'),
        ('missing_internet', 'blocked', 40, 'Robot {robot} does not take jobs of the execution mode internet.', 'Register a robot with is_internet, or enqueue the job for the execution mode lan.'),
        ('missing_tag', 'blocked', 41, 'Robot {robot} lacks {missing}.', 'Give a robot the tag, or enqueue the job without it.'),
        ('missing_capability', 'blocked', 42, 'Robot {robot} lacks {missing}.', 'Give a robot the capability, or enqueue the job without it.'),
        ('not_in_pool', 'blocked', 43, 'Robot {robot} is not in the pool {pool}.', 'Put a robot in the pool, or enqueue the job without it.'),
        ('wrong_environment', 'blocked', 44, 'Robot {robot} works in the environment {robot_environment}; the job is for {job_environment}.', 'Start a robot in that environment, or enqueue the job for another one.'),
        ('nothing_waiting', 'idle', null, 'No job waits in the queue of this tenant.', 'Nothing is wrong. Enqueue a job.'),
        ('next_claim', 'ready', null, 'Robot {robot} gets job {next_job} with its next claim.', 'Nothing is in the way. If it stays like this for a minute, look whether the robot''s program runs.'),
        ('next_turn', 'ready', null, 'Robot {robot} serves the pool {pool}: with its next claim it gets a job of the member whose turn it is.', 'Nothing is in the way. If it stays like this for a minute, look whether the robot''s program runs.'),
        ('nothing_suitable', 'idle', null, 'Jobs wait, but none that robot {robot} may have. The nearest, job {nearest_job}, asks for {demand}.', 'Change the robot or the jobs, or leave them to other robots.'),
        ('workflow_deleted', 'waiting', null, 'The workflow {workflow} was deleted; the job is being cancelled, and no robot gets it.', 'Nothing: the job ends by itself within minutes.'),
        ('run_at_in_future', 'waiting', null, 'The job is to run at {run_at}.', 'Wait, or cancel it and enqueue it without a time.'),
        ('retry_backoff', 'waiting', null, 'Attempt {attempts} of {max_attempts} failed ({error}). The next one is at {run_at}.', 'Wait, or cancel the job when another attempt cannot help.'),
        ('start_backoff', 'waiting', null, 'The job was handed out {times} times in a row and no robot kept it: it was not started, or its robot was started again. It is handed out again at {run_at}.', 'Look whether robots that claim the job reach the service and start what they claim, or cancel the job.'),
        ('about_to_be_ready', 'waiting', null, 'The job''s time came at {run_at}; it joins the queue within seconds.', 'If it stays like this for two minutes, the platform''s cron and all robots are standing still.'),
        ('no_robot_registered', 'blocked', null, 'No robot is registered.', 'Register a robot: casare-cloud robot run.'),
        ('no_robot_online', 'blocked', null, 'None of the {robots} robots is online. {nearest}', 'Start a robot.'),
        ('no_robot_suits', 'blocked', null, 'None of the {robots} robots can take this job now. The nearest: {nearest}', '{nearest_step}'),
        ('target_robot_deleted', 'blocked', null, 'Only robot {robot} may run this job, and it was deleted.', 'Cancel the job and enqueue it for another robot.'),
        ('target_robot_unavailable', 'blocked', null, 'Only one robot may run this job. {nearest}', '{nearest_step}'),
        ('held_claimed', 'held', null, 'Robot {robot} has claimed the job and not started it yet. It holds it until {lease_until}.', 'Wait. If the robot is gone, another one gets the job after that time.'),
        ('held_running', 'held', null, 'Robot {robot} runs the job: {progress} percent, last progress {last_progress}. It holds it until {lease_until} and renews that.', 'Wait, or cancel the job.'),
        ('lease_expired', 'held', null, 'Robot {robot} did not renew its hold of the job, which ended at {lease_until}.', 'Wait a minute: the job is given to another robot, or ends, by itself.'),
        ('time_over', 'held', null, 'The time of the job with robot {robot} ended at {lease_until}.', 'Wait a minute: the job is tried again, or ends, by itself.'),
        ('cancel_requested', 'held', null, 'Robot {robot} was asked at {cancel_requested} to stop the job: {cancel_reason} It has not stopped yet, and holds the job until {lease_until} unless it renews that.', 'Wait: the job ends when the robot says so or its hold ends. If it does not, cancel the job by force (casare-cloud jobs cancel --force) from {forceable} on.'),
        ('completed', 'finished', null, 'The job was completed by robot {robot} at {finished}.', 'Nothing.'),
        ('completed_despite_cancel', 'finished', null, 'The job was completed by robot {robot} at {finished}, although it had been asked at {cancel_requested} to stop.', 'Nothing can be taken back: look whether what the job did has to be undone.'),
        ('failed', 'finished', null, 'The job failed at {finished}: {error}', 'Mend the cause, then retry the job. The same version of the workflow runs again: if the mistake is in the workflow, submit the mended one instead.'),
        ('timed_out', 'finished', null, 'The job took longer than its timeout of {timeout} seconds and ended at {finished}.', 'Raise timeout_seconds or find out what hangs, then retry the job.'),
        ('no_progress', 'finished', null, 'Robot {robot} reported no progress for {progress_timeout} seconds, and the job ended at {finished}.', 'Find out what hangs or raise progress_timeout_seconds, then retry the job.'),
        ('cancelled', 'finished', null, 'The job was cancelled at {finished}: {error}', 'Retry the job if it shall run after all; if its workflow was deleted, submit that again instead.'),
        ('dead_lettered', 'finished', null, 'The job ended at {finished} after {attempts} of {max_attempts} attempts and is a dead letter ({dead_reason}): {error}', 'Mend the cause, then queue it again with casare-cloud dlq retry, or delete the dead letter. The same version of the workflow runs again: if the mistake is in the workflow, submit the mended one instead.'),
        ('requeued', 'finished', null, 'The job ended at {finished} ({error}) and was queued again as job {requeued_job}.', 'Look at that job.'),
        ('workflow_disabled', 'note', null, 'The workflow {workflow} is deleted, archived or disabled: it takes no new jobs. Of a deleted one the jobs that wait are cancelled; all others still run.', 'Cancel the jobs that shall not run. To enqueue jobs again, submit the workflow as a new one.')
$$;
comment on function private.list_explanations is
    'Every reason why a job waits or a robot gets nothing, with the sentence and what to do, in which {facts} are to be filled in.';
revoke all on function private.list_explanations from public, anon, authenticated, service_role;

-- from sql/46_explaining/functions/list_job_notes.sql sha256:d363fc314347ba1e77b0ffc0ac4278a9f4be264700e89e73cfec316e58ffa2a4
create or replace function private.list_job_notes(p_job public.jobs)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (
        select
        from public.workflows as w
        where w.workflow_id = p_job.workflow_id
            and w.is_enabled
            and w.status in ('published', 'deprecated')
            and w.deleted_at is null
    ) then
        return '[]';
    end if;
    return jsonb_build_array(
        private.explain_reason('workflow_disabled', jsonb_build_object('workflow', p_job.workflow_name)) - 'verdict'
    );
end
$$;
comment on function private.list_job_notes is
    'What is good to know of a job beside the reason for its state.';
revoke all on function private.list_job_notes from public, anon, authenticated, service_role;

-- from sql/46_explaining/functions/list_limit_facts.sql sha256:0d3106ac29ac8d6f9a7afa8d820e72fdb3e06daf592cabd810e4bb0c661908b4
create or replace function private.list_limit_facts(p_limit private.limits)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return jsonb_build_object(
        'running', (select sum(c.running) from private.limit_counters as c where c.limit_id = p_limit.limit_id),
        'max_running', p_limit.max_running,
        'limited_workflow', (select w.name from public.workflows as w where w.workflow_id = p_limit.workflow_id),
        'limited_key', p_limit.concurrency_key,
        'limited_pool', (select p.name from public.pools as p where p.pool_id = p_limit.pool_id)
    );
end
$$;
comment on function private.list_limit_facts is
    'What sentences about a limit may say of it.';
revoke all on function private.list_limit_facts from public, anon, authenticated, service_role;

-- from sql/46_explaining/functions/list_robot_facts.sql sha256:90390f70031ff620814f7f2e48c8b8033f5ba9622e609742dda520d199387ff4
create or replace function private.list_robot_facts(p_live public.live_robots)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return jsonb_build_object(
        'robot', p_live.external_id,
        'load', p_live.load,
        'slots', p_live.max_concurrent_jobs,
        'last_claim', private.to_words(p_live.last_claim_at),
        'last_seen', private.to_words(p_live.last_heartbeat_at),
        'quarantined', private.to_words(p_live.quarantined_at),
        'quarantine_reason', p_live.quarantine_reason,
        'robot_environment', p_live.environment
    );
end
$$;
comment on function private.list_robot_facts is
    'What sentences about a robot may say of it.';
revoke all on function private.list_robot_facts from public, anon, authenticated, service_role;

-- from sql/46_explaining/functions/name_lane_demand.sql sha256:c4309e437a993f0ffe3cb6721e38f77803e25561cbd02b24c21dce2d09e01b44
create or replace function private.name_lane_demand(p_lane_id integer, p_robot public.robots)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_lane private.lanes;
begin
    select e.* into strict v_lane from private.lanes as e where e.lane_id = p_lane_id;
    return case
        when v_lane.robot_id <> p_robot.robot_id then coalesce(
            (select format('only robot %s', r.external_id) from public.robots as r where r.robot_id = v_lane.robot_id),
            'only another robot'
        )
        when v_lane.environment not in ('*', p_robot.environment) then format('the environment %s', v_lane.environment)
        else coalesce(private.name_requirements(array(
            select q
            from unnest(v_lane.required) as q
            where q <> all (private.robot_offers(p_robot.capabilities, p_robot.tags, p_robot.is_internet, p_robot.pool_id))
        )), case
            when exists (
                select
                from private.limits as w
                where w.limit_id in (v_lane.workflow_limit_id, v_lane.key_limit_id) and w.max_running = 0
            ) then 'a place under a limit of 0, which pauses it'
            else 'a place under a limit that is reached'
        end)
    end;
end
$$;
comment on function private.name_lane_demand is
    'What a lane asks for that a robot is not or has not, in words.';
revoke all on function private.name_lane_demand from public, anon, authenticated, service_role;

-- from sql/46_explaining/functions/name_requirements.sql sha256:623828e1ccb01fe6b46d87b2c27b4bb5512ce06d8c76ab4f8e97d0a4dc55bc82
create or replace function private.name_requirements(p_required text[])
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select string_agg(
            case
                when r = 'mode:internet' then 'the execution mode internet'
                when r like 'pool:%' then 'the pool ' || coalesce(
                    (select p.name from public.pools as p where p.pool_id = substr(r, 6)::uuid), 'that was deleted'
                )
                when r like 'tag:%' then 'the tag ' || substr(r, 5)
                else 'the capability ' || r
            end,
            ' and ' order by r like 'mode:%', r like 'tag:%', r
        )
        from unnest(p_required) as r
    );
end
$$;
comment on function private.name_requirements is
    'What a lane requires, in words: the capability browser and the tag vip.';
revoke all on function private.name_requirements from public, anon, authenticated, service_role;

-- from sql/46_explaining/functions/name_robot.sql sha256:6885e0e4946ea0be23b788a93a9265c323f61982c0fa297be2860d8f3cad57dc
create or replace function private.name_robot(p_robot_id uuid, p_tenant_id uuid)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(
        (
            select r.external_id from public.robots as r where r.robot_id = p_robot_id and r.tenant_id = p_tenant_id
        ),
        p_robot_id::text
    );
end
$$;
comment on function private.name_robot is
    'What a tenant may call a robot: its external id, or, for a robot of another tenant''s pool, its id.';
revoke all on function private.name_robot from public, anon, authenticated, service_role;

-- from sql/46_explaining/functions/to_words.sql sha256:4c154f2dcad6956d615e3defadecfca2a1122761924632e430b342bbf89268c5
create or replace function private.to_words(p_at timestamptz)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(to_char(p_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'), 'never');
end
$$;
comment on function private.to_words is 'A time as sentences show it; "never" for none.';
revoke all on function private.to_words from public, anon, authenticated, service_role;

-- from sql/48_calendars/functions/change_calendar.sql sha256:6fc9d56cf6bff7907fe9a72e8424cf02cd302fdd6ffa03dc48e13835ea28adbf
-- Lists are replaced as a whole. A null leaves a field as it is, and an empty text takes the country or its part away.
create or replace function private.change_calendar(p_calendar public.calendars, p_changes jsonb)
returns public.calendars
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_new public.calendars := p_calendar;
    v_changes jsonb := jsonb_strip_nulls(p_changes);
    v_holidays jsonb;
    v_problem text;
begin
    if jsonb_typeof(p_changes) is distinct from 'object' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'A calendar must be an object.');
    end if;
    select format('%s is no field of a calendar that can be set.', left(k, 64)) into v_problem
    from jsonb_object_keys(p_changes) as k
    where k not in ('name', 'working_hours', 'country', 'subdivision', 'rules', 'blackouts', 'holidays', 'holidays_until')
    limit 1;
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    end if;
    v_new.name := private.nfc(coalesce(v_changes ->> 'name', v_new.name));
    v_new.working_hours := coalesce(v_changes -> 'working_hours', v_new.working_hours);
    v_new.rules := coalesce(v_changes -> 'rules', v_new.rules);
    v_new.country := nullif(coalesce(v_changes ->> 'country', v_new.country), '');
    v_new.subdivision := case when v_new.country is not null then nullif(coalesce(v_changes ->> 'subdivision', v_new.subdivision), '') end;
    v_holidays := case when v_new.country is null then '[]' else v_changes -> 'holidays' end;
    v_problem := case
        when v_new.name is null or length(v_new.name) not between 1 and 255 or v_new.name !~ '\S'
            then 'name must have 1 to 255 characters, and not blanks only.'
        when v_new.country !~ '^[A-Z]{2}$' then 'country must be a code of two letters (ISO 3166), such as DE.'
        when length(v_new.subdivision) > 64 then 'subdivision must have at most 64 characters.'
        when v_new.country is null and nullif(v_changes ->> 'subdivision', '') is not null then 'subdivision needs a country.'
        when v_holidays is null and (v_new.country, v_new.subdivision) is distinct from (p_calendar.country, p_calendar.subdivision)
            then 'holidays must be given with another country: [{day, name}], as REST and the client do.'
        else coalesce(
            private.find_working_hours_problem(v_new.working_hours),
            private.find_calendar_rule_problem(v_new.rules),
            private.find_calendar_dates_problem(v_holidays, v_changes -> 'blackouts')
        )
    end;
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    end if;
    if v_holidays is not null then
        begin
            v_new.holidays_until := case
                when v_new.country is not null then coalesce(
                    (v_changes ->> 'holidays_until')::date,
                    (select max((h.holiday ->> 'day')::date) from jsonb_array_elements(v_holidays) as h (holiday)),
                    private.clock()::date
                )
            end;
        exception
            when data_exception then
                perform private.raise_error(400, 'INVALID_ARGUMENT', 'holidays_until must be a date such as 2031-12-31.');
        end;
    end if;
    v_new.updated_at := private.clock();
    insert into public.calendars values (v_new.*)
    on conflict (calendar_id) do update
    set name = v_new.name, working_hours = v_new.working_hours, country = v_new.country, subdivision = v_new.subdivision,
        rules = v_new.rules, holidays_until = v_new.holidays_until, updated_at = v_new.updated_at;
    if v_holidays is not null then
        delete from public.calendar_days as d
        where d.tenant_id = v_new.tenant_id and d.calendar_id = v_new.calendar_id and d.source = 'country';
        insert into public.calendar_days (tenant_id, calendar_id, day, source, name)
        select distinct on (1, 2, 3)
            v_new.tenant_id, v_new.calendar_id, (h.holiday ->> 'day')::date, 'country'::public.calendar_day_source,
            h.holiday ->> 'name'
        from jsonb_array_elements(v_holidays) as h (holiday);
    end if;
    if v_changes ? 'blackouts' then
        delete from public.calendar_blackouts as b
        where b.tenant_id = v_new.tenant_id and b.calendar_id = v_new.calendar_id
            and not exists (
                select
                from jsonb_array_elements(v_changes -> 'blackouts') as k (kept)
                where (k.kept ->> 'starts_at')::timestamptz = b.starts_at and (k.kept ->> 'ends_at')::timestamptz = b.ends_at
                    and k.kept ->> 'reason' = b.reason
            );
        insert into public.calendar_blackouts (tenant_id, calendar_id, starts_at, ends_at, reason)
        select
            v_new.tenant_id, v_new.calendar_id, (b.blackout ->> 'starts_at')::timestamptz, (b.blackout ->> 'ends_at')::timestamptz,
            b.blackout ->> 'reason'
        from jsonb_array_elements(v_changes -> 'blackouts') as b (blackout)
        on conflict do nothing;
    end if;
    update public.calendars as c
    set rules_until = private.expand_calendar_rules(v_new.tenant_id, v_new.calendar_id)
    where c.calendar_id = v_new.calendar_id
    returning c.* into v_new;
    if private.next_working_day(v_new, private.clock()::date, 1) is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'working_hours and rules leave no working day within 400 days.');
    end if;
    return v_new;
exception
    when unique_violation then
        perform private.raise_error(409, 'CALENDAR_EXISTS', 'There is a calendar with this name.');
end
$$;
comment on function private.change_calendar is
    'Writes a calendar with changes, the days that it comes to and its blackouts, and returns it. Raises 400 INVALID_ARGUMENT, which names the field, also when no working day is left, and 409 CALENDAR_EXISTS.';
revoke all on function private.change_calendar from public, anon, authenticated, service_role;

-- from sql/48_calendars/functions/create_calendar.sql sha256:d402696b0f1d98c57d17935eb8ad39320a94427581a92fad9ccefeb5aeedb958
create or replace function public.create_calendar(p_calendar jsonb)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('schedules.write');
    v_calendar public.calendars;
    v_max integer;
begin
    select q.max_calendars into v_max
    from public.tenants as t
    join private.calendar_quotas as q on q.plan = t.plan
    where t.tenant_id = v_caller.tenant_id
    for no key update of t;     -- one calendar is made at a time, so that they are counted
    if (select count(*) from public.calendars as c where c.tenant_id = v_caller.tenant_id) >= v_max then
        perform private.raise_error(409, 'TOO_MANY_CALENDARS', format('Your plan has at most %s calendars.', v_max));
    end if;
    v_calendar.calendar_id := private.uuid_v7();
    v_calendar.tenant_id := v_caller.tenant_id;
    v_calendar.working_hours := jsonb_build_object(
        'mon', '["00:00", "24:00"]'::jsonb, 'tue', '["00:00", "24:00"]'::jsonb, 'wed', '["00:00", "24:00"]'::jsonb,
        'thu', '["00:00", "24:00"]'::jsonb, 'fri', '["00:00", "24:00"]'::jsonb
    );
    v_calendar.rules := '[]';
    v_calendar.created_by := coalesce(v_caller.user_id, v_caller.api_key_id);
    v_calendar.created_at := private.clock();
    return private.describe_calendar(private.change_calendar(v_calendar, p_calendar));
end
$$;
comment on function public.create_calendar is
    'Makes a business calendar, {name, working_hours, country, subdivision, holidays, holidays_until, rules, blackouts}, and returns it; Monday to Friday unless the hours say otherwise. Raises 400 INVALID_ARGUMENT, 409 CALENDAR_EXISTS or TOO_MANY_CALENDARS. Needs schedules.write.';
revoke all on function public.create_calendar from public, anon, authenticated, service_role;
grant execute on function public.create_calendar to authenticated;

-- from sql/48_calendars/functions/delete_calendar.sql sha256:fd972d2e266655f19e889351e0bf84a9413ab50c1d65eede19a2e8251af00d98
create or replace function public.delete_calendar(p_calendar_id uuid)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('schedules.write');
begin
    perform private.find_calendar(v_caller.tenant_id, p_calendar_id);
    perform from public.calendars as c where c.calendar_id = p_calendar_id for update;  -- waits for schedules that are being made
    if exists (
        select
        from public.schedules as s
        where s.tenant_id = v_caller.tenant_id and s.calendar_id = p_calendar_id and s.deleted_at is null
    ) then
        perform private.raise_error(409, 'CALENDAR_IN_USE', 'Schedules heed this calendar; give them another, or none, first.');
    end if;
    delete from public.calendars as c where c.calendar_id = p_calendar_id;
end
$$;
comment on function public.delete_calendar is
    'Takes away a calendar that no schedule heeds. Raises 404 CALENDAR_NOT_FOUND, 409 CALENDAR_IN_USE. Needs schedules.write.';
revoke all on function public.delete_calendar from public, anon, authenticated, service_role;
grant execute on function public.delete_calendar to authenticated;

-- from sql/48_calendars/functions/describe_calendar.sql sha256:ce72b3204d97bb20b4e67e810feb63465cadcad419c5f37ac55e0832b167195a
create or replace function private.describe_calendar(p_calendar public.calendars)
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select jsonb_build_object(
        'calendar_id', p_calendar.calendar_id,
        'name', p_calendar.name,
        'working_hours', p_calendar.working_hours,
        'country', p_calendar.country,
        'subdivision', p_calendar.subdivision,
        'rules', p_calendar.rules,
        'blackouts', (
            select coalesce(
                jsonb_agg(
                    jsonb_build_object(
                        'starts_at', private.to_iso(b.starts_at), 'ends_at', private.to_iso(b.ends_at), 'reason', b.reason
                    )
                    order by b.starts_at, b.ends_at
                ),
                '[]'
            )
            from public.calendar_blackouts as b
            where b.tenant_id = p_calendar.tenant_id and b.calendar_id = p_calendar.calendar_id
        ),
        'holidays_until', p_calendar.holidays_until,
        'needs_refresh', coalesce(p_calendar.holidays_until < (private.clock() + interval '1 year')::date, false),
        'schedules', (
            select count(*)
            from public.schedules as s
            where s.tenant_id = p_calendar.tenant_id and s.calendar_id = p_calendar.calendar_id and s.deleted_at is null
        ),
        'created_by', p_calendar.created_by,
        'created_at', private.to_iso(p_calendar.created_at),
        'updated_at', private.to_iso(p_calendar.updated_at)
    )
$$;
comment on function private.describe_calendar is
    'A calendar as answers show it: what was said of it, to when its holidays are known, and how many schedules heed it.';
revoke all on function private.describe_calendar from public, anon, authenticated, service_role;

-- from sql/48_calendars/functions/easter_sunday.sql sha256:afce72c77d5068a906932f24dd234766301ee1c6132ec4de3af568c5e73e9e0f
-- Gauss's way to the Gregorian date, as Meeus has it: every step is whole division.
create or replace function private.easter_sunday(p_year integer)
returns date
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_century integer := p_year / 100;
    v_golden integer := p_year % 19;
    v_moon integer;     -- days from 21 March to the full moon
    v_sunday integer;   -- and from there to the Sunday after it
    v_correction integer;
begin
    v_moon := (
        19 * v_golden + v_century - v_century / 4 - (v_century - (v_century + 8) / 25 + 1) / 3 + 15
    ) % 30;
    v_sunday := (32 + 2 * (v_century % 4) + 2 * ((p_year % 100) / 4) - v_moon - p_year % 100 % 4) % 7;
    v_correction := (v_golden + 11 * v_moon + 22 * v_sunday) / 451;
    return make_date(p_year, 3, 22) + v_moon + v_sunday - 7 * v_correction;
end
$$;
comment on function private.easter_sunday is
    'Easter Sunday of a year, by the Gregorian calendar.';
revoke all on function private.easter_sunday from public, anon, authenticated, service_role;

-- from sql/48_calendars/functions/expand_calendar_rules.sql sha256:4e116ca9df4f7b19d1c0f12b053a070ea01ca20e38fa4869497d26d54f4aaea5
create or replace function private.expand_calendar_rules(p_tenant_id uuid, p_calendar_id uuid)
returns date
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_year integer := extract(year from private.clock() at time zone 'UTC');
begin
    delete from public.calendar_days as d
    where d.tenant_id = p_tenant_id and d.calendar_id = p_calendar_id and d.source = 'rule';
    insert into public.calendar_days (tenant_id, calendar_id, day, source, is_working, name)
    select distinct on (e.day) p_tenant_id, p_calendar_id, e.day, 'rule'::public.calendar_day_source, e.is_working, e.name
    from (
        select
            case r.rule ->> 'type'
                when 'fixed' then (
                    select m.first + (r.rule ->> 'day')::integer - 1
                    -- 29 February is no day of most years.
                    where extract(day from m.first + interval '1 month - 1 day') >= (r.rule ->> 'day')::integer
                )
                when 'nth_weekday' then private.nth_weekday(m.first, r.rule ->> 'weekday', (r.rule ->> 'nth')::integer)
                when 'easter' then private.easter_sunday(y.year) + (r.rule ->> 'offset')::integer
                else (r.rule ->> 'date')::date
            end as day,
            r.rule ->> 'type' = 'working_date' as is_working,
            r.rule ->> 'name' as name,
            r.n
        from public.calendars as c
        cross join lateral jsonb_array_elements(c.rules) with ordinality as r (rule, n)
        cross join generate_series(v_year - 1, v_year + 5) as y (year)
        cross join lateral (select make_date(y.year, coalesce((r.rule ->> 'month')::integer, 1), 1) as first) as m
        where c.tenant_id = p_tenant_id and c.calendar_id = p_calendar_id
    ) as e
    where e.day is not null
    order by e.day, e.is_working desc, e.n;
    return make_date(v_year + 5, 12, 31);
end
$$;
comment on function private.expand_calendar_rules is
    'Writes down the days that the own rules of a calendar come to, from last year to five years ahead, and returns to when.';
revoke all on function private.expand_calendar_rules from public, anon, authenticated, service_role;

-- from sql/48_calendars/functions/extend_calendars.sql sha256:34024a9294aeff5b782675f11f68a343aef482efdf0226f52e82cb67ce772ea3
create or replace function private.extend_calendars(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_turn private.turn := (0, 0, null);
    v_calendar public.calendars;
begin
    for v_calendar in
        select c.*
        from public.calendars as c
        where c.tenant_id = p_tenant_id
            and (p_after is null or c.calendar_id > p_after::uuid)
        order by c.calendar_id
        limit p_limit
        for no key update
    loop
        v_turn.used := v_turn.used + 1;
        v_turn.after := v_calendar.calendar_id;
        if v_calendar.rules_until < private.clock() + interval '4 years' then
            update public.calendars as c
            set rules_until = private.expand_calendar_rules(p_tenant_id, v_calendar.calendar_id)
            where c.calendar_id = v_calendar.calendar_id;
            delete from public.calendar_days as d
            where d.tenant_id = p_tenant_id and d.calendar_id = v_calendar.calendar_id
                and d.day < private.clock() - interval '3 years';
            v_turn.done := v_turn.done + 1;
        end if;
        if v_calendar.holidays_until < private.clock() + interval '1 year'
            and v_calendar.holidays_until is distinct from v_calendar.warned_until
        then
            update public.calendars as c set warned_until = c.holidays_until where c.calendar_id = v_calendar.calendar_id;
            perform private.emit_event(
                p_tenant_id, 'calendar.expiring', p_data => jsonb_build_object(
                    'calendar_id', v_calendar.calendar_id, 'name', v_calendar.name, 'country', v_calendar.country,
                    'holidays_until', v_calendar.holidays_until
                )
            );
            v_turn.done := v_turn.done + 1;
        end if;
    end loop;
    if v_turn.used < p_limit then
        v_turn.after := null;
    end if;
    return v_turn;
end
$$;
comment on function private.extend_calendars is
    'Duty, a tenant''s turn: writes the days of calendars'' own rules down for the years to come, and tells once when a country''s holidays are known for less than a year: calendar.expiring. SQL does not know holidays; refreshing the calendar through REST does.';
revoke all on function private.extend_calendars from public, anon, authenticated, service_role;

-- from sql/48_calendars/functions/find_calendar.sql sha256:b2f1134f557b44663aac3f517c4df91148340da8c092fbbb2cf766e4cee8e862
create or replace function private.find_calendar(p_tenant_id uuid, p_calendar_id uuid, p_is_locked boolean default false)
returns public.calendars
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_calendar public.calendars;
begin
    if p_is_locked then
        select c.* into v_calendar
        from public.calendars as c
        where c.calendar_id = p_calendar_id and c.tenant_id = p_tenant_id
        for no key update;
    else
        select c.* into v_calendar
        from public.calendars as c
        where c.calendar_id = p_calendar_id and c.tenant_id = p_tenant_id;
    end if;
    if not found then
        perform private.raise_error(404, 'CALENDAR_NOT_FOUND', 'There is no such calendar.');
    end if;
    return v_calendar;
end
$$;
comment on function private.find_calendar is
    'A calendar of the tenant, locked against other changes if that is wanted. Raises 404 CALENDAR_NOT_FOUND.';
revoke all on function private.find_calendar from public, anon, authenticated, service_role;

-- from sql/48_calendars/functions/find_calendar_dates_problem.sql sha256:35d16ae86f9a22200d3eec53a25bc68d2f6de9d83d2683a7b5dd7b0c130c12a6
create or replace function private.find_calendar_dates_problem(p_holidays jsonb, p_blackouts jsonb)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_item jsonb;
    v_number integer;
    v_starts_at timestamptz;
    v_ends_at timestamptz;
begin
    if p_holidays is not null and (jsonb_typeof(p_holidays) <> 'array' or jsonb_array_length(p_holidays) > 2000) then
        return 'holidays must be a list of at most 2000 days.';
    elsif p_blackouts is not null and (jsonb_typeof(p_blackouts) <> 'array' or jsonb_array_length(p_blackouts) > 500) then
        return 'blackouts must be a list of at most 500 periods.';
    end if;
    begin
        for v_item, v_number in
            select h.item, h.n from jsonb_array_elements(coalesce(p_holidays, '[]')) with ordinality as h (item, n)
        loop
            if jsonb_typeof(v_item) <> 'object' or length(v_item ->> 'name') not between 1 and 255 or v_item ->> 'name' is null
                or v_item ->> 'day' !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' or (v_item ->> 'day')::date is null
                or v_item - 'day' - 'name' <> '{}'
            then
                return format('holidays: holiday %s must be {day, name}, a date and 1 to 255 characters.', v_number);
            end if;
        end loop;
    exception
        when data_exception then
            return format('holidays: holiday %s is on a day that does not exist.', v_number);
    end;
    begin
        for v_item, v_number in
            select b.item, b.n from jsonb_array_elements(coalesce(p_blackouts, '[]')) with ordinality as b (item, n)
        loop
            if jsonb_typeof(v_item) <> 'object' or length(v_item ->> 'reason') not between 1 and 255
                or num_nulls(v_item ->> 'starts_at', v_item ->> 'ends_at', v_item ->> 'reason') > 0
                or v_item - 'starts_at' - 'ends_at' - 'reason' <> '{}'
            then
                return format('blackouts: blackout %s must be {starts_at, ends_at, reason}.', v_number);
            end if;
            v_starts_at := v_item ->> 'starts_at';
            v_ends_at := v_item ->> 'ends_at';
            if v_ends_at <= v_starts_at then
                return format('blackouts: blackout %s must have an ends_at later than its starts_at.', v_number);
            elsif not private.is_calendar_time(v_starts_at) or not private.is_calendar_time(v_ends_at) then
                return format('blackouts: blackout %s must lie in the years 1 to 9999.', v_number);
            end if;
        end loop;
    exception
        when data_exception then
            return format('blackouts: blackout %s has a time that does not exist.', v_number);
    end;
    return null;
end
$$;
comment on function private.find_calendar_dates_problem is
    'What is wrong with the holidays and blackouts of a calendar, as a sentence with their number; null when nothing is.';
revoke all on function private.find_calendar_dates_problem from public, anon, authenticated, service_role;

-- from sql/48_calendars/functions/find_calendar_rule_problem.sql sha256:df3d11be72671f86633770f382907a3ca26613b94de2a89365fc0db3b45f754f
create or replace function private.find_calendar_rule_problem(p_rules jsonb)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_fields constant jsonb := '{
        "fixed": ["month", "day"], "nth_weekday": ["month", "weekday", "nth"], "easter": ["offset"], "date": ["date"],
        "working_date": ["date"]
    }';
    v_rule jsonb;
    v_number integer;
    v_field text;
    v_problem text;
    v_month integer;
    v_date date;
begin
    if jsonb_typeof(p_rules) is distinct from 'array' or jsonb_array_length(p_rules) > 1000 then
        return 'rules must be a list of at most 1000 rules.';
    end if;
    for v_rule, v_number in select r.rule, r.n from jsonb_array_elements(p_rules) with ordinality as r (rule, n) loop
        v_problem := null;
        if jsonb_typeof(v_rule) <> 'object' or v_fields -> (v_rule ->> 'type') is null then
            return format('rules: rule %s must be an object whose type is fixed, nth_weekday, easter, date or working_date.', v_number);
        elsif jsonb_typeof(v_rule -> 'name') is distinct from 'string' or length(v_rule ->> 'name') not between 1 and 255 then
            return format('rules: rule %s must have a name of 1 to 255 characters.', v_number);
        end if;
        for v_field in select k from jsonb_object_keys(v_rule) as k loop
            if v_field not in ('type', 'name') and not v_fields -> (v_rule ->> 'type') ? v_field then
                return format('rules: rule %s is of type %s, which has no field %s.', v_number, v_rule ->> 'type', left(v_field, 64));
            end if;
        end loop;
        for v_field in select f from jsonb_array_elements_text(v_fields -> (v_rule ->> 'type')) as f loop
            v_problem := coalesce(v_problem, case
                when v_field = 'date' then
                    case when v_rule ->> 'date' !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' or v_rule ->> 'date' is null
                        then 'date must be a date such as 2027-12-24' end
                when v_field = 'weekday' then
                    case when lower(v_rule ->> 'weekday') not in ('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun')
                        or v_rule ->> 'weekday' is null then 'weekday must be mon, tue, wed, thu, fri, sat or sun' end
                when jsonb_typeof(v_rule -> v_field) is distinct from 'number' or v_rule ->> v_field !~ '^-?[0-9]{1,3}$' then
                    format('%s must be a whole number', v_field)
                when v_field = 'month' and (v_rule ->> 'month')::integer not between 1 and 12 then
                    'month must be between 1 and 12'
                when v_field = 'nth' and (v_rule ->> 'nth')::integer not in (1, 2, 3, 4, 5, -1) then
                    'nth must be 1 to 5, or -1 for the last'
                when v_field = 'offset' and (v_rule ->> 'offset')::integer not between -100 and 250 then
                    'offset must be -100 to 250 days from Easter Sunday'
            end);
        end loop;
        if v_problem is null and v_rule ->> 'type' = 'fixed' then
            v_month := (v_rule ->> 'month')::integer;
            if (v_rule ->> 'day')::integer not between 1
                and (array[31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])[v_month]
            then
                v_problem := format('day %s does not exist in month %s', v_rule ->> 'day', v_month);
            end if;
        elsif v_problem is null and v_rule ? 'date' then
            begin
                v_date := (v_rule ->> 'date')::date;
            exception
                when data_exception then
                    v_problem := format('%s is no date that exists', v_rule ->> 'date');
            end;
            if v_date not between '1970-01-01' and '2199-12-31' then
                v_problem := 'date must lie between 1970 and 2199';
            end if;
        end if;
        if v_problem is not null then
            return format('rules: rule %s: %s.', v_number, v_problem);
        end if;
    end loop;
    return null;
end
$$;
comment on function private.find_calendar_rule_problem is
    'What is wrong with the own rules of a calendar, as a sentence with the number of the rule; null when nothing is. {"type": "fixed", "month", "day"} | nth_weekday: month, weekday, nth | easter: offset | date: date | working_date: date; each with a name.';
revoke all on function private.find_calendar_rule_problem from public, anon, authenticated, service_role;

-- from sql/48_calendars/functions/find_closure.sql sha256:0e32a7d81717f418a3f45f015beb274f76584d7178a557e6192695e6c8c51841
create or replace function private.find_closure(
    p_calendar public.calendars,
    p_timezone text,
    p_at timestamptz,
    out verdict text,       -- blackout | holiday; null: the calendar works
    out reason text
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_local timestamp := p_at at time zone p_timezone;
    v_day record;
begin
    select 'blackout', format('Nothing runs until %s: %s.', private.to_iso(b.ends_at), rtrim(b.reason, '.'))
    into verdict, reason
    from public.calendar_blackouts as b
    where b.tenant_id = p_calendar.tenant_id and b.calendar_id = p_calendar.calendar_id and b.starts_at <= p_at and b.ends_at > p_at
    order by b.ends_at desc
    limit 1;
    if found then
        return;
    end if;
    v_day := private.read_calendar_day(p_calendar, v_local::date);
    if v_day.opens_at is null then
        verdict := 'holiday';
        reason := v_day.reason;
    elsif v_local < v_local::date + v_day.opens_at or v_local >= v_local::date + v_day.closes_at then
        verdict := 'holiday';
        reason := format(
            '%s is outside of the working hours, %s to %s.', to_char(v_local, 'HH24:MI'), to_char(v_day.opens_at, 'HH24:MI'),
            to_char(v_day.closes_at, 'HH24:MI')
        );
    end if;
end
$$;
comment on function private.find_closure is
    'Why a calendar does not work at a time, by the clocks of a zone: a blackout, or a closed day or hour; nulls when it works.';
revoke all on function private.find_closure from public, anon, authenticated, service_role;

-- from sql/48_calendars/functions/find_working_hours_problem.sql sha256:39b9580a85aff3e48a686dd6bc0d5add99d51bf73203cdd86ddf317985d8bfa4
create or replace function private.find_working_hours_problem(p_hours jsonb)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_day text;
    v_span jsonb;
begin
    if jsonb_typeof(p_hours) is distinct from 'object' then
        return 'working_hours must be an object such as {"mon": ["09:00", "17:00"]}.';
    elsif p_hours = '{}' then
        return 'working_hours leave no working day.';
    end if;
    for v_day, v_span in select h.key, h.value from jsonb_each(p_hours) as h loop
        if v_day not in ('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun') then
            return format('working_hours: %s is none of mon, tue, wed, thu, fri, sat, sun.', quote_literal(left(v_day, 64)));
        elsif jsonb_typeof(v_span) <> 'array' or jsonb_array_length(v_span) <> 2
            or v_span ->> 0 !~ '^([01][0-9]|2[0-3]):[0-5][0-9]$' or v_span ->> 1 !~ '^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$'
        then
            return format('working_hours: %s must be two times such as ["09:00", "17:00"]; a day ends at 24:00.', v_day);
        elsif v_span ->> 1 <= v_span ->> 0 then
            return format('working_hours: %s must end later than it begins.', v_day);
        end if;
    end loop;
    return null;
end
$$;
comment on function private.find_working_hours_problem is
    'What is wrong with working hours that somebody wants, as a sentence; null when nothing is.';
revoke all on function private.find_working_hours_problem from public, anon, authenticated, service_role;

-- from sql/48_calendars/functions/list_calendars.sql sha256:ea402dd6827f71ae235263f3cde1e5c6f07a9a9c574c85a6a3d567b3e6e7e204
create or replace function public.list_calendars(p_calendar_id uuid default null)
returns setof jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('schedules.read');
begin
    if p_calendar_id is not null then
        perform private.find_calendar(v_caller.tenant_id, p_calendar_id);
    end if;
    return query
    select private.describe_calendar(c)
    from public.calendars as c
    where c.tenant_id = v_caller.tenant_id and (p_calendar_id is null or c.calendar_id = p_calendar_id)
    order by c.name;
end
$$;
comment on function public.list_calendars is
    'The calendars of the tenant by name, or one: what was said of each, to when its holidays are known (needs_refresh: less than a year ahead), how many schedules heed it. Raises 404 CALENDAR_NOT_FOUND. Needs schedules.read.';
revoke all on function public.list_calendars from public, anon, authenticated, service_role;
grant execute on function public.list_calendars to authenticated;

-- from sql/48_calendars/functions/next_working_day.sql sha256:4a4e8baf7a9912754f191bce8351d832bc2383012b8172ff7883c74cbbf07317
create or replace function private.next_working_day(p_calendar public.calendars, p_day date, p_step integer)
returns date
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    for i in 1..400 loop
        p_day := p_day + p_step;
        if (private.read_calendar_day(p_calendar, p_day)).opens_at is not null then
            return p_day;
        end if;
    end loop;
    return null;
end
$$;
comment on function private.next_working_day is
    'The first working day of a calendar after p_day (p_step 1), or the last one before it (-1); null when there is none within 400 days.';
revoke all on function private.next_working_day from public, anon, authenticated, service_role;

-- from sql/48_calendars/functions/nth_weekday.sql sha256:6b9b809e1ac12f44899c3d8f4f61263b68224bc32312b965c467a76887d401d4
create or replace function private.nth_weekday(p_first date, p_weekday text, p_nth integer)
returns date
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select d.days[case when p_nth > 0 then p_nth else cardinality(d.days) end]
    from (
        select array_agg(g.day::date order by g.day) as days
        from generate_series(p_first, p_first + interval '1 month - 1 day', interval '1 day') as g (day)
        where extract(isodow from g.day)
            = array_position(array['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], lower(p_weekday))
    ) as d
$$;
comment on function private.nth_weekday is
    'The nth (-1: the last) Monday, Tuesday … of the month that begins on p_first; null when it has no fifth.';
revoke all on function private.nth_weekday from public, anon, authenticated, service_role;

-- from sql/48_calendars/functions/read_calendar_day.sql sha256:9d9cd9ccdebd497f563481da7d8c15cf7352dd3c8eb74e01920e36da39b84fe7
create or replace function private.read_calendar_day(
    p_calendar public.calendars,
    p_day date,
    out opens_at time,      -- null: no working day
    out closes_at time,
    out reason text         -- why it is none
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_weekday text := (array['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'])[extract(isodow from p_day)];
    v_exception record;
begin
    select d.is_working, d.name
    into v_exception
    from public.calendar_days as d
    where d.tenant_id = p_calendar.tenant_id and d.calendar_id = p_calendar.calendar_id and d.day = p_day
    order by d.source desc     -- the calendar's own rules win
    limit 1;
    if found and not v_exception.is_working then
        reason := format('%s is %s.', to_char(p_day, 'FMDay, FMDD FMMonth YYYY'), v_exception.name);
        return;
    elsif p_calendar.working_hours ? v_weekday then
        opens_at := p_calendar.working_hours -> v_weekday ->> 0;
        closes_at := p_calendar.working_hours -> v_weekday ->> 1;
    elsif v_exception.is_working then
        opens_at := '00:00';
        closes_at := '24:00';
    else
        reason := format('%s is no working day.', to_char(p_day, 'FMDay, FMDD FMMonth YYYY'));
    end if;
end
$$;
comment on function private.read_calendar_day is
    'From when until when a calendar works on a day, or why it does not.';
revoke all on function private.read_calendar_day from public, anon, authenticated, service_role;

-- from sql/48_calendars/functions/update_calendar.sql sha256:c63124e564274e04c90b1f4080153ae6dd748e06a5bb951498725b56724af154
create or replace function public.update_calendar(p_calendar_id uuid, p_changes jsonb)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('schedules.write');
    v_calendar public.calendars := private.find_calendar(v_caller.tenant_id, p_calendar_id, true);
begin
    v_calendar := private.change_calendar(v_calendar, p_changes);
    perform private.replan_schedules(v_caller.tenant_id, p_calendar_id);
    return private.describe_calendar(v_calendar);
end
$$;
comment on function public.update_calendar is
    'Changes the named fields of a calendar and returns it; lists are replaced as a whole, a null leaves a field as it is, an empty country is none. Raises 404 CALENDAR_NOT_FOUND, 400 INVALID_ARGUMENT, 409 CALENDAR_EXISTS. Needs schedules.write.';
revoke all on function public.update_calendar from public, anon, authenticated, service_role;
grant execute on function public.update_calendar to authenticated;

-- from sql/50_schedules/functions/announce_fire.sql sha256:5f899ac0d2baa4860174487512a3c715908dd31008da1483c5f4b59757f9a37e
create or replace function private.announce_fire(
    p_schedule public.schedules,
    p_event text,
    p_fire_time timestamptz,
    p_job_id uuid default null,
    p_data jsonb default '{}'
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.emit_event(
        p_schedule.tenant_id, 'schedule.' || p_event, p_job_id, null, p_schedule.workflow_id,
        jsonb_strip_nulls(jsonb_build_object(
            'schedule_id', p_schedule.schedule_id,
            'schedule_name', p_schedule.name,
            'fire_time', private.to_iso(p_fire_time),
            'manual', p_event = 'triggered'
        ) || p_data)
    );
end
$$;
comment on function private.announce_fire is
    'Emits what a schedule did at a due time, or by hand: schedule.fired, .triggered, .failed, .skipped or .missed.';
revoke all on function private.announce_fire from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/change_schedule.sql sha256:371ae14bd9517d6845eb79b59bbce689ec9780ff25b19ae6943026b016603483
create or replace function private.change_schedule(p_old public.schedules, p_changes jsonb, p_is_new boolean)
returns public.schedules
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := private.clock();
    v_new public.schedules := private.read_schedule_changes(p_old, p_changes);
    v_problem text;
begin
    v_new := private.compile_times(
        case when not p_is_new then p_old end, v_new, nullif(p_changes ->> 'frequency', '')
    );
    if nullif(p_changes ->> 'robot_id', '') is not null then
        v_new.robot_id := (private.find_robot(v_new.tenant_id, p_changes ->> 'robot_id')).robot_id;
    end if;
    if nullif(p_changes ->> 'pool', '') is not null then
        v_new.pool_id := (private.find_pool(v_new.tenant_id, p_changes ->> 'pool', 'member')).pool_id;
    end if;
    if v_new.calendar_id is distinct from p_old.calendar_id and v_new.calendar_id is not null then
        perform private.find_calendar(v_new.tenant_id, v_new.calendar_id);
    end if;
    v_problem := coalesce(
        private.find_schedule_problem(v_new, p_changes),
        case when v_new.timezone <> p_old.timezone then private.find_timezone_problem(v_new.timezone) end
    );
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    end if;
    v_new.updated_at := v_now;
    if v_new.is_enabled and not p_old.is_enabled then
        v_new.consecutive_failures := 0;
    end if;
    if p_is_new or v_new.is_enabled <> p_old.is_enabled or (
        v_new.frequency, v_new.cron_expression, v_new.run_at, v_new.interval_seconds, v_new.timezone, v_new.starts_at,
        v_new.ends_at, v_new.paused_until, v_new.jitter_seconds, v_new.calendar_id, v_new.on_closed_day
    ) is distinct from (
        p_old.frequency, p_old.cron_expression, p_old.run_at, p_old.interval_seconds, p_old.timezone, p_old.starts_at,
        p_old.ends_at, p_old.paused_until, p_old.jitter_seconds, p_old.calendar_id, p_old.on_closed_day
    ) then
        v_new.next_run_at := private.next_run_time(v_new, v_now);
        if v_new.is_enabled and v_new.next_run_at is null then
            perform private.raise_error(
                400, 'INVALID_ARGUMENT',
                case
                    when v_new.frequency = 'once' then 'run_at must lie in the future, and not in a pause.'
                    when v_new.on_closed_day <> 'skip' then 'calendar_id leaves the schedule no day on which it runs.'
                    when v_new.ends_at is not null then 'ends_at leaves the schedule no time at which it runs.'
                    else 'cron_expression has no time within 40 years.'
                end
            );
        end if;
    end if;
    return v_new;
end
$$;
comment on function private.change_schedule is
    'A schedule with changes, judged, and with the next run that they bring; writes nothing. Raises 400 INVALID_ARGUMENT, which names the field, 404 CALENDAR_NOT_FOUND, ROBOT_NOT_FOUND or POOL_NOT_FOUND, 409 POOL_AMBIGUOUS.';
revoke all on function private.change_schedule from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/compile_times.sql sha256:ef01a22417ad75e3c08a9e92801c934548894a74c74b6c191a5b471ea487b900
-- What a caller says of the times, put into the columns that hold it. A field that repeats what is stored says nothing.
create or replace function private.compile_times(
    p_old public.schedules,     -- all null: there is none yet
    p_new public.schedules,     -- the changes are in it
    p_frequency text            -- if it was said
)
returns public.schedules
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_cron text := case when p_new.cron_expression is distinct from p_old.cron_expression then p_new.cron_expression end;
    v_run_at timestamptz := case when p_new.run_at is distinct from p_old.run_at then p_new.run_at end;
    v_seconds bigint := case when p_new.interval_seconds is distinct from p_old.interval_seconds then p_new.interval_seconds end;
    v_frequency text := p_frequency;
    v_is_every boolean := v_cron ~* '^\s*@every\M';
    v_local timestamp := p_new.starts_at at time zone p_new.timezone;
    v_problem text;
begin
    if num_nonnulls(v_cron, v_run_at, v_seconds) > 1 then
        v_problem := 'Of cron_expression, run_at and interval_seconds only one can say when a schedule runs.';
    elsif v_cron is not null and v_frequency not in ('cron', case when v_is_every then 'interval' else 'cron' end) then
        v_problem := format('cron_expression contradicts the frequency %s.', v_frequency);
    elsif v_run_at is not null and v_frequency <> 'once' then
        v_problem := format('run_at contradicts the frequency %s.', v_frequency);
    elsif v_seconds is not null and v_frequency <> 'interval' then
        v_problem := format('interval_seconds contradicts the frequency %s.', v_frequency);
    elsif v_is_every and private.every_seconds(v_cron) is null then
        v_problem := 'cron_expression: @every needs a duration such as 15m, 1h30m or 90s after it.';
    elsif num_nonnulls(v_frequency, v_cron, v_run_at, v_seconds, p_old.frequency) = 0 then
        v_problem := 'cron_expression must be given, or frequency, run_at or interval_seconds.';
    end if;
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    end if;

    if v_is_every then
        v_seconds := private.every_seconds(v_cron);
        v_cron := null;
        v_frequency := 'interval';
    end if;
    v_frequency := coalesce(
        v_frequency,
        case
            when v_cron is not null then 'cron'
            when v_run_at is not null then 'once'
            when v_seconds is not null then 'interval'
            else p_old.frequency::text
        end
    );
    p_new.frequency := v_frequency::public.schedule_frequency;
    p_new.cron_expression := btrim(coalesce(v_cron, p_old.cron_expression));
    p_new.run_at := coalesce(v_run_at, p_old.run_at);
    v_seconds := coalesce(v_seconds, p_old.interval_seconds);
    if v_frequency <> 'once' then
        p_new.run_at := null;
    elsif p_new.run_at is null then
        v_problem := 'run_at must be given with the frequency once.';
    elsif not private.is_calendar_time(p_new.run_at) then
        v_problem := 'run_at must lie in the years 1 to 9999.';
    end if;
    if v_frequency <> 'interval' then
        v_seconds := null;
    elsif v_seconds is null then
        v_problem := 'interval_seconds must be given with the frequency interval.';
    elsif v_seconds not between 1 and 31622400 then
        v_problem := 'interval_seconds must be between 1 and 31622400, which is 366 days.';
    end if;
    if v_frequency = 'cron' then
        v_problem := private.find_cron_problem(p_new.cron_expression);
    elsif v_frequency in ('once', 'interval') then
        p_new.cron_expression := null;
    elsif v_local <> date_trunc('minute', v_local) then
        v_problem := format('starts_at must be a whole minute with the frequency %s, whose time of day it says.', v_frequency);
    elsif v_frequency = 'monthly' and extract(day from v_local) > 28 then
        v_problem := format(
            'starts_at must not be day %s with the frequency monthly: not every month has it.', extract(day from v_local)
        );
    else
        p_new.cron_expression := case
            when v_local is null then '@' || v_frequency
            when v_frequency = 'hourly' then to_char(v_local, 'FMMI "* * * *"')
            when v_frequency = 'daily' then to_char(v_local, 'FMMI FMHH24 "* * *"')
            when v_frequency = 'weekly' then to_char(v_local, 'FMMI FMHH24 "* *" ') || extract(dow from v_local)
            when v_frequency = 'monthly' then to_char(v_local, 'FMMI FMHH24 FMDD "* *"')
        end;
    end if;
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    end if;
    p_new.interval_seconds := v_seconds;
    return p_new;
end
$$;
comment on function private.compile_times is
    'A schedule whose frequency and the fields that belong to it agree: hourly to monthly as a cron expression, with the minute, hour and day of starts_at. Raises 400 INVALID_ARGUMENT for what contradicts itself or is missing.';
revoke all on function private.compile_times from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/count_schedule_failures.sql sha256:5542cb06f099835ba4dfd138966c5e65af3f66c60fc8573e55de126a60b51be1
create or replace function private.count_schedule_failures(p_schedule_id uuid, p_failures integer)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_schedule public.schedules;
begin
    update public.schedules as s
    set consecutive_failures = s.consecutive_failures + p_failures
    where s.schedule_id = p_schedule_id
    returning s.* into v_schedule;
    if v_schedule.max_consecutive_failures = 0 or not v_schedule.is_enabled or v_schedule.deleted_at is not null
        or v_schedule.consecutive_failures < v_schedule.max_consecutive_failures
    then
        return;
    end if;
    update public.schedules as s
    set is_enabled = false, next_run_at = null, auto_disabled_at = private.clock(), updated_at = private.clock()
    where s.schedule_id = p_schedule_id;
    perform private.drop_waiting_fires(
        v_schedule.tenant_id, array[p_schedule_id], 'The schedule was disabled after too many failures while this run waited.'
    );
    perform private.emit_event(
        v_schedule.tenant_id, 'schedule.auto_disabled', null, null, v_schedule.workflow_id,
        jsonb_build_object(
            'schedule_id', p_schedule_id, 'schedule_name', v_schedule.name,
            'consecutive_failures', v_schedule.consecutive_failures
        )
    );
end
$$;
comment on function private.count_schedule_failures is
    'Counts failures in a row of a schedule that the caller has locked, and disables it when they are as many as it allows: schedule.auto_disabled.';
revoke all on function private.count_schedule_failures from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/create_schedule.sql sha256:b67ae1038af2b1d0c2e841cbf2e5379f06fc60d49faab0bcab1e4df16b1a7585
create or replace function public.create_schedule(p_schedule jsonb)
returns public.schedules
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('schedules.write');
    v_schedule public.schedules := private.change_schedule(private.draft_schedule(v_caller), p_schedule, true);
begin
    perform private.require_schedulable_workflow(v_caller.tenant_id, v_schedule.workflow_id);
    insert into public.schedules values (v_schedule.*);
    return v_schedule;
end
$$;
comment on function public.create_schedule is
    'Makes a schedule of a workflow, {workflow_id, name, cron_expression | frequency | run_at | interval_seconds, …}, and returns it with the time of its next run; the time zone is the tenant''s unless it is given. With a pool (id or name) its robots run the jobs. Raises 404 WORKFLOW_NOT_FOUND, CALENDAR_NOT_FOUND, ROBOT_NOT_FOUND or POOL_NOT_FOUND, 409 POOL_AMBIGUOUS, 400 INVALID_ARGUMENT. Needs schedules.write.';
revoke all on function public.create_schedule from public, anon, authenticated, service_role;
grant execute on function public.create_schedule to authenticated;

-- from sql/50_schedules/functions/cron_fields.sql sha256:086c819e96eec8789ca8cacb945555dff47c78bf3f93eec348ef4f686559563d
create or replace function private.cron_fields(p_expression text)
returns text[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_expression text := upper(btrim(p_expression, E' \t\n\r\f\v'));
begin
    if starts_with(v_expression, '@') then
        v_expression := case v_expression
            when '@YEARLY' then '0 0 1 1 *'
            when '@ANNUALLY' then '0 0 1 1 *'
            when '@MONTHLY' then '0 0 1 * *'
            when '@WEEKLY' then '0 0 * * 0'
            when '@DAILY' then '0 0 * * *'
            when '@MIDNIGHT' then '0 0 * * *'
            when '@HOURLY' then '0 * * * *'
            else v_expression
        end;
    end if;
    if v_expression ~ '\s\s|[^\S ]' then
        return regexp_split_to_array(v_expression, '\s+');
    end if;
    return string_to_array(v_expression, ' ');
end
$$;
comment on function private.cron_fields is
    'The fields of a cron expression, in upper case, with an alias such as @daily replaced by what it stands for. Five, if it is right.';
revoke all on function private.cron_fields from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/delete_schedule.sql sha256:d1891189c1646a99931d5e8294e8e84169185cf1805db8e40e0a629e37b490cf
create or replace function public.delete_schedule(p_schedule_id uuid)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('schedules.write');
    v_now timestamptz := private.clock();
begin
    update public.schedules as s
    set deleted_at = v_now, updated_at = v_now, next_run_at = null
    where s.schedule_id = p_schedule_id and s.tenant_id = v_caller.tenant_id and s.deleted_at is null;
    if not found then
        perform private.raise_error(404, 'SCHEDULE_NOT_FOUND', 'There is no such schedule.');
    end if;
    perform private.drop_waiting_fires(v_caller.tenant_id, array[p_schedule_id], 'The schedule was deleted while this run waited.');
end
$$;
comment on function public.delete_schedule is
    'Takes a schedule away; the jobs that it enqueued stay. Raises 404 SCHEDULE_NOT_FOUND. Needs schedules.write.';
revoke all on function public.delete_schedule from public, anon, authenticated, service_role;
grant execute on function public.delete_schedule to authenticated;

-- from sql/50_schedules/functions/delete_schedules_of_workflow.sql sha256:d3060d731c8081a1698878e7f8ca57a056fa2bd55089045d670519ed2f9e0f21
create or replace function private.delete_schedules_of_workflow(p_tenant_id uuid, p_workflow_id uuid)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := private.clock();
    v_deleted uuid[];
begin
    with deleted as (
        update public.schedules as s
        set deleted_at = v_now, updated_at = v_now, next_run_at = null
        where s.tenant_id = p_tenant_id and s.workflow_id = p_workflow_id and s.deleted_at is null
        returning s.schedule_id
    )
    select coalesce(array_agg(d.schedule_id), '{}') into v_deleted from deleted as d;
    perform private.drop_waiting_fires(p_tenant_id, v_deleted, 'The workflow was deleted while this run waited.');
    return cardinality(v_deleted);
end
$$;
comment on function private.delete_schedules_of_workflow is
    'Takes every schedule of a workflow away and returns how many.';
revoke all on function private.delete_schedules_of_workflow from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/draft_schedule.sql sha256:af3a13cd98a1dc82e10bec31cad3095b0556fcf9b240325f2e9f40adeabab7e0
create or replace function private.draft_schedule(p_caller private.caller)
returns public.schedules
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select jsonb_populate_record(
        null::public.schedules,
        jsonb_build_object(
            'schedule_id', private.uuid_v7(), 'tenant_id', t.tenant_id, 'timezone', t.timezone, 'is_enabled', true,
            'priority', 10, 'execution_mode', 'lan', 'environment', '*', 'required_capabilities', '[]'::jsonb,
            'required_tags', '[]'::jsonb, 'input', '{}'::jsonb, 'metadata', '{}'::jsonb, 'jitter_seconds', 0, 'on_closed_day', 'skip',
            'misfire_policy', 'once', 'misfire_cap', 10, 'overlap_policy', 'allow', 'max_consecutive_failures', 0,
            'run_count', 0, 'failure_count', 0, 'consecutive_failures', 0,
            'created_by', coalesce(p_caller.user_id, p_caller.api_key_id),
            'created_at', private.clock(), 'updated_at', private.clock()
        )
    )
    from public.tenants as t
    where t.tenant_id = p_caller.tenant_id
$$;
comment on function private.draft_schedule is
    'A schedule of the caller''s tenant of which nothing has been said yet: everything is at its default, the time zone is the tenant''s.';
revoke all on function private.draft_schedule from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/drop_waiting_fires.sql sha256:518861a6bb5ee73225778809daa7417eb577856583a10beb33f45bc18949611d
create or replace function private.drop_waiting_fires(p_tenant_id uuid, p_schedule_ids uuid[], p_reason text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_fire record;
begin
    for v_fire in
        update public.schedule_fires as f
        set outcome = 'skipped_overlap', reason = p_reason
        from public.schedules as s
        where f.tenant_id = p_tenant_id and f.schedule_id = any (p_schedule_ids) and f.outcome = 'waiting'
            and s.schedule_id = f.schedule_id
        returning s as schedule, f.fire_time
    loop
        perform private.announce_fire(
            v_fire.schedule, 'skipped', v_fire.fire_time, null,
            jsonb_build_object('outcome', 'skipped_overlap', 'reason', p_reason)
        );
    end loop;
end
$$;
comment on function private.drop_waiting_fires is
    'Gives up the due times of schedules that wait for a job to end, and says why.';
revoke all on function private.drop_waiting_fires from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/enqueue_job_of_schedule.sql sha256:7c06d2946a882ac6e19d00880d526eceecb18245ce999668d7109c2866c0ffb1
create or replace function private.enqueue_job_of_schedule(
    p_schedule public.schedules,
    p_trigger_type text,
    p_created_by uuid,
    p_dedupe_key text
)
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_job private.new_job := private.job_of_schedule(p_schedule);
    v_job_id uuid;
begin
    v_job.dedupe_key := p_dedupe_key;
    v_job.metadata := v_job.metadata || jsonb_build_object('schedule_id', p_schedule.schedule_id);
    v_job_id := private.add_job(
        p_schedule.tenant_id, private.check_new_job(p_schedule.tenant_id, v_job), p_trigger_type, p_created_by
    );
    if private.is_followed(p_schedule) then
        insert into private.schedule_jobs (job_id, tenant_id, schedule_id)
        values (v_job_id, p_schedule.tenant_id, p_schedule.schedule_id)
        on conflict do nothing;     -- another session's, by the dedupe key
    end if;
    return v_job_id;
end
$$;
comment on function private.enqueue_job_of_schedule is
    'Puts a job in the queue as a schedule says it; the job''s metadata names the schedule. Raises what private.check_new_job() and private.add_job() raise: 404 POOL_NOT_FOUND when the tenant is in its pool no more, and 404 ROBOT_NOT_FOUND when its robot is deleted.';
revoke all on function private.enqueue_job_of_schedule from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/every_seconds.sql sha256:5170da4f9c6069df98c51ba980e33d8f507d00c1cf26ec6c49e051b6ae581122
create or replace function private.every_seconds(p_expression text)
returns bigint
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select sum(n[1]::bigint * case n[2] when 'd' then 86400 when 'h' then 3600 when 'm' then 60 else 1 end)::bigint
    from regexp_matches(lower(p_expression), '([0-9]{1,8})([dhms])', 'g') as n
    where lower(p_expression) ~ '^\s*@every\s+([0-9]{1,8}[dhms])+\s*$'
$$;
comment on function private.every_seconds is
    'The seconds of an interval that is written as @every 1h30m (d, h, m, s); null when it is not.';
revoke all on function private.every_seconds from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/expected_seconds.sql sha256:67e31b0a9595a53a93c16257e4e6937abd053598d3ef3899b78c2147e1abc173
create or replace function private.expected_seconds(p_tenant_id uuid, p_workflow_id uuid)
returns double precision
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select sum(r.duration_ms_sum) / 1000.0 / nullif(sum(r.completed), 0)
    from public.job_rollups as r
    where r.tenant_id = p_tenant_id and r.level = 'workflow_day' and r.subject_id = p_workflow_id
        and r.starts_at > private.clock() - interval '30 days'
$$;
comment on function private.expected_seconds is
    'How long a job of a workflow takes, by those that completed in the last 30 days; null when there is none.';
revoke all on function private.expected_seconds from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/explain_schedule.sql sha256:be5ea68cbd097dda8f529c1fe20ba785af330ffc78802752512249b4ded7d31b
create or replace function public.explain_schedule(p_schedule_id uuid, p_at timestamptz)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('schedules.read');
    v_now timestamptz := private.clock();
    v_schedule public.schedules;
    v_fire public.schedule_fires;
    v_due timestamptz;      -- the due time that p_at, or its minute, is
    v_moved timestamptz;
    v_run public.simulated_run;
    v_kept_from timestamptz;
begin
    select s.* into v_schedule
    from public.schedules as s
    where s.schedule_id = p_schedule_id and s.tenant_id = v_caller.tenant_id and s.deleted_at is null;
    if not found then
        perform private.raise_error(404, 'SCHEDULE_NOT_FOUND', 'There is no such schedule.');
    elsif p_at is null or p_at not between '1970-01-01T00:00:00Z' and '2200-01-01T00:00:00Z' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'at must lie between 1970 and 2200.');
    end if;
    v_due := private.next_planned_time(v_schedule, p_at - interval '1 microsecond');
    if v_due is null or v_due >= p_at + interval '1 minute' then
        v_due := null;
    end if;
    select f.* into v_fire
    from public.schedule_fires as f
    where f.tenant_id = v_schedule.tenant_id and f.schedule_id = p_schedule_id
        and f.fire_time >= p_at and f.fire_time < p_at + interval '1 minute'
    order by f.fire_time
    limit 1;
    if v_fire.schedule_id is null then      -- a row that stands for many
        select f.* into v_fire
        from public.schedule_fires as f
        where f.tenant_id = v_schedule.tenant_id and f.schedule_id = p_schedule_id and f.fire_time <= p_at
            and f.outcome = 'missed' and f.missed_until >= p_at
        order by f.fire_time desc
        limit 1;
    end if;

    if v_fire.schedule_id is not null then
        v_run := (
            v_fire.fire_time, v_fire.outcome::text,
            coalesce(v_fire.reason, case when v_fire.is_manual then 'It was run by hand.' else 'It ran.' end)
        );
    elsif p_at < v_schedule.created_at then
        v_run := (v_due, 'not_made', format('The schedule was made later, %s.', private.to_iso(v_schedule.created_at)));
    elsif p_at < v_schedule.starts_at then
        v_run := (null, 'not_due', format('The schedule starts later, %s.', private.to_iso(v_schedule.starts_at)));
    elsif p_at > v_schedule.ends_at then
        v_run := (null, 'not_due', format('The schedule had ended, %s.', private.to_iso(v_schedule.ends_at)));
    elsif v_due is null then
        v_run := (
            null, 'not_due',
            format(
                'It is none of the times of the schedule: %s, on the clocks of %s.',
                case v_schedule.frequency
                    when 'once' then private.to_iso(v_schedule.run_at)
                    when 'interval' then format('every %s seconds', v_schedule.interval_seconds)
                    else v_schedule.cron_expression
                end,
                v_schedule.timezone
            )
        );
        if private.next_due_time(v_schedule, p_at - interval '1 microsecond') < p_at + interval '1 minute' then
            v_run := private.judge_due_time(v_schedule, private.next_due_time(v_schedule, p_at - interval '1 microsecond'));
        end if;
    else
        v_run := private.judge_due_time(v_schedule, v_due);
        if v_run.verdict = 'holiday' and v_schedule.on_closed_day <> 'skip' then
            v_moved := case
                when v_schedule.on_closed_day = 'next' then private.next_due_time(v_schedule, v_due)
                else private.last_due_time(v_schedule, private.next_due_time(v_schedule, v_due - interval '400 days'), v_due)
            end;
            v_run.verdict := 'moved';
            v_run.reason := v_run.reason || coalesce(format(' It runs %s instead.', private.to_iso(v_moved)), '');
        elsif v_run.verdict = 'run' or v_run.verdict = 'moved' then
            v_kept_from := private.retention_horizon('schedule_fires', v_schedule.tenant_id);
            v_run := case
                when p_at < v_kept_from then (
                    v_due, 'unknown', format('What happened before %s is kept no more.', private.to_iso(v_kept_from))
                )::public.simulated_run
                when not v_schedule.is_enabled and v_schedule.auto_disabled_at <= p_at then (
                    v_due, 'disabled',
                    format(
                        'The schedule was disabled %s after %s failures in a row.',
                        private.to_iso(v_schedule.auto_disabled_at), v_schedule.consecutive_failures
                    )
                )::public.simulated_run
                when p_at < v_schedule.paused_until then
                    (v_due, 'paused', format('The schedule is paused until %s.', private.to_iso(v_schedule.paused_until)))::public.simulated_run
                when not v_schedule.is_enabled then (v_due, 'disabled', 'The schedule is not enabled.')::public.simulated_run
                when p_at > v_now then v_run
                when v_schedule.next_run_at <= v_now then
                    (v_due, 'late', 'It is due and has not been served: see the duty fire_due_schedules.')::public.simulated_run
                else (
                    v_due, 'not_planned',
                    'The schedule was disabled, paused or had other times then: the audit log has its changes.'
                )::public.simulated_run
            end;
        end if;
    end if;
    return jsonb_build_object(
        'schedule_id', p_schedule_id,
        'at', private.to_iso(p_at),
        'due', private.to_iso(v_run.run_at),
        'verdict', v_run.verdict,
        'reason', coalesce(v_run.reason, 'It will run.'),
        'job_id', v_fire.job_id,
        'fired_at', private.to_iso(v_fire.fired_at),
        'next_due', private.to_iso(private.next_due_time(v_schedule, greatest(p_at, v_now)))
    );
end
$$;
comment on function public.explain_schedule is
    'Why a schedule ran at a time, or in the minute that begins with it, or why it did not or will not: {schedule_id, at, due, verdict, reason, job_id, fired_at, next_due}. The verdict is the outcome of its fire, or not_due, not_made, not_planned, disabled, paused, late, unknown (kept no more), holiday, blackout, moved or run. Raises 404 SCHEDULE_NOT_FOUND, 400 INVALID_ARGUMENT. Needs schedules.read.';
revoke all on function public.explain_schedule from public, anon, authenticated, service_role;
grant execute on function public.explain_schedule to authenticated;

-- from sql/50_schedules/functions/find_cron_problem.sql sha256:f4a13d14fc0b4cce91473ac0ec23d0a74abb89101df39b8dda6e50abb541b073
create or replace function private.find_cron_problem(p_expression text)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_names text[] := array['minute', 'hour', 'day of month', 'month', 'day of week'];
    v_fields text[];
    v_problem text;
    v_first_day integer;
begin
    if coalesce(btrim(p_expression), '') = '' or length(p_expression) > 255 then
        return 'cron_expression must have 1 to 255 characters.';
    end if;
    v_fields := private.cron_fields(p_expression);
    if starts_with(v_fields[1], '@') and cardinality(v_fields) > 1 then
        return format('cron_expression: nothing may follow %s.', lower(v_fields[1]));
    elsif starts_with(v_fields[1], '@') then
        return format(
            'cron_expression: %s is none of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly.',
            lower(v_fields[1])
        );
    elsif cardinality(v_fields) <> 5 then
        return format(
            'cron_expression must have five fields (minute, hour, day of month, month, day of week), it has %s.',
            cardinality(v_fields)
        );
    end if;
    for i in 1..5 loop
        v_problem := (private.read_cron_field(v_fields[i], i)).problem;
        if v_problem is not null then
            return format('cron_expression: the field %s is wrong: %s.', v_names[i], v_problem);
        end if;
    end loop;
    if starts_with(v_fields[5], '*') then     -- no day of week stands in for a date that never comes
        v_first_day := (private.read_cron_field(v_fields[3], 3)).numbers[1];
        if not exists (
            select from unnest((private.read_cron_field(v_fields[4], 4)).numbers) as m
            where (array[31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])[m] >= v_first_day
        ) then
            return format(
                'cron_expression: the field day of month is wrong: no month of the field month has a day %s.', v_first_day
            );
        end if;
    end if;
    return null;
end
$$;
comment on function private.find_cron_problem is
    'What is wrong with a cron expression, as a sentence that names the field; null when it is right and comes at some time.';
revoke all on function private.find_cron_problem from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/find_misfires.sql sha256:3efe319947332f939e93db89b1d0220d0b8048095d6248bdd5035b44b6c1179d
-- A due time is late when nobody served it for five minutes: where cron knows no seconds, a minute is usual.
create or replace function private.find_misfires(
    p_schedule public.schedules,
    p_first timestamptz,                -- the first due time that nobody served
    p_until timestamptz,                -- what came until then is due
    out served timestamptz[],           -- those that are to be served, in order
    out next_due timestamptz,           -- that comes after them all; null: nothing is left
    out missed_until timestamptz        -- the newest of the others; null: there are none
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_last timestamptz := p_first;
    v_is_late boolean;
begin
    next_due := private.next_due_time(p_schedule, p_first);
    if next_due <= p_until then
        v_last := private.last_due_time(p_schedule, next_due, p_until);
        next_due := private.next_due_time(p_schedule, v_last);
    end if;
    v_is_late := v_last < p_until - interval '5 minutes';
    if p_schedule.misfire_policy = 'skip' and v_is_late then
        served := '{}';
        missed_until := v_last;
        return;
    end if;
    served := array[v_last];
    if p_schedule.misfire_policy = 'all' then
        while cardinality(served) < p_schedule.misfire_cap and served[1] > p_first loop
            served := private.last_due_time(p_schedule, p_first, served[1] - interval '1 microsecond') || served;
        end loop;
    end if;
    if served[1] > p_first then
        missed_until := private.last_due_time(p_schedule, p_first, served[1] - interval '1 microsecond');
    end if;
end
$$;
comment on function private.find_misfires is
    'Which of the due times that passed are served by a schedule''s misfire policy: none or the newest, the newest, or as many of the newest as its cap allows.';
revoke all on function private.find_misfires from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/find_overlap.sql sha256:af409eaa31d402a7642e520564449e01d655cf3c250426642003619459db53f3
create or replace function private.find_overlap(
    p_schedule public.schedules,
    out outcome public.schedule_outcome,    -- null: nothing is in the way
    out reason text
)
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_job_id uuid;
    v_waiting integer;
begin
    if p_schedule.overlap_policy = 'allow' then
        return;
    end if;
    -- A job that ended while it began to be followed left no news.
    delete from private.schedule_jobs as g
    where g.tenant_id = p_schedule.tenant_id and g.schedule_id = p_schedule.schedule_id
        and not exists (select from public.jobs as j where j.job_id = g.job_id and j.finished_at is null);
    select g.job_id into v_job_id
    from private.schedule_jobs as g
    where g.tenant_id = p_schedule.tenant_id and g.schedule_id = p_schedule.schedule_id
    order by g.job_id
    limit 1;
    select count(*) into v_waiting
    from public.schedule_fires as f
    where f.tenant_id = p_schedule.tenant_id and f.schedule_id = p_schedule.schedule_id and f.outcome = 'waiting';
    if v_job_id is null and v_waiting = 0 then
        return;
    elsif p_schedule.overlap_policy = 'skip' then
        outcome := 'skipped_overlap';
        reason := format('The job %s of this schedule was not finished.', v_job_id);
    elsif p_schedule.overlap_policy = 'queue' and v_waiting >= 100 then
        outcome := 'skipped_overlap';
        reason := '100 due times of this schedule waited already for its jobs to end.';
    else
        outcome := 'waiting';
        reason := case
            when v_job_id is null then 'It waits for its turn, after due times before it.'
            when p_schedule.overlap_policy = 'queue' then format('It waits until the job %s of this schedule has ended.', v_job_id)
            else format('It waits until the job %s of this schedule is cancelled.', v_job_id)
        end;
    end if;
    if p_schedule.overlap_policy = 'cancel_previous' then
        perform private.drop_waiting_fires(
            p_schedule.tenant_id, array[p_schedule.schedule_id], 'The next due time came while this run waited.'
        );
        insert into private.schedule_news (tenant_id, schedule_id, job_id)
        select g.tenant_id, g.schedule_id, g.job_id
        from private.schedule_jobs as g
        where g.tenant_id = p_schedule.tenant_id and g.schedule_id = p_schedule.schedule_id;
    end if;
end
$$;
comment on function private.find_overlap is
    'What becomes of a due time by the overlap policy of a schedule that the caller has locked, and why, when a job of it is unfinished; asks for the end of that job when the policy is cancel_previous.';
revoke all on function private.find_overlap from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/find_schedule_problem.sql sha256:a3c3adab003062a9c06bed0055f939f896a7bcf7549a0ef1af4d6c5505908b3d
create or replace function private.find_schedule_problem(p_schedule public.schedules, p_changes jsonb)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_min_seconds integer;
begin
    if p_schedule.name is null or length(p_schedule.name) not between 1 and 255 or p_schedule.name !~ '\S' then
        return 'schedule_name must have 1 to 255 characters, and not blanks only.';
    elsif p_schedule.environment is null then      -- a schedule has these itself; the job's own would be defaults
        return 'environment must have 1 to 64 characters.';
    elsif jsonb_typeof(p_schedule.input) is distinct from 'object' then
        return 'input must be an object.';
    elsif jsonb_typeof(p_schedule.metadata) is distinct from 'object' then
        return 'metadata must be an object.';
    elsif pg_column_size(p_schedule.metadata) > 32768 then
        return 'metadata must not be larger than 32 KB.';
    elsif not private.is_calendar_time(p_schedule.starts_at) then
        return 'starts_at must lie in the years 1 to 9999.';
    elsif not private.is_calendar_time(p_schedule.ends_at) then
        return 'ends_at must lie in the years 1 to 9999.';
    elsif not private.is_calendar_time(p_schedule.paused_until) then
        return 'paused_until must lie in the years 1 to 9999.';
    elsif p_schedule.ends_at <= p_schedule.starts_at then
        return 'ends_at must be later than starts_at.';
    elsif p_schedule.run_at < p_schedule.starts_at or p_schedule.run_at > p_schedule.ends_at then
        return 'run_at must lie between starts_at and ends_at.';
    elsif p_schedule.jitter_seconds not between 0 and 86400 then
        return 'jitter_seconds must be between 0 and 86400.';
    elsif p_schedule.misfire_cap not between 1 and 100 then
        return 'misfire_cap must be between 1 and 100.';
    elsif p_changes ->> 'misfire_cap' is not null and p_schedule.misfire_policy <> 'all' and p_schedule.misfire_cap <> 10 then
        return 'misfire_cap goes with the misfire_policy all only.';
    elsif p_schedule.max_consecutive_failures not between 0 and 1000 then
        return 'max_consecutive_failures must be between 0 and 1000.';
    elsif p_schedule.on_closed_day <> 'skip' and p_schedule.calendar_id is null then
        return 'on_closed_day needs a calendar_id.';
    elsif p_schedule.on_closed_day <> 'skip' and (
        p_schedule.frequency in ('interval', 'hourly')
        or p_schedule.frequency = 'cron' and (private.cron_fields(p_schedule.cron_expression))[2] ~ '^\*'
    ) then
        return 'on_closed_day next and previous are for schedules whose hour is fixed: what comes every hour is not moved to another day.';
    elsif p_schedule.robot_id is not null and p_schedule.pool_id is not null then
        return 'robot_id and pool contradict each other: a pool''s owner says which of its robots run a job.';
    end if;
    select q.min_interval_seconds into v_min_seconds
    from public.tenants as t
    join private.schedule_quotas as q on q.plan = t.plan
    where t.tenant_id = p_schedule.tenant_id and q.min_interval_seconds > p_schedule.interval_seconds;
    if found then
        return format('interval_seconds must be at least %s in your plan.', v_min_seconds);
    end if;
    return private.find_job_problem(private.job_of_schedule(p_schedule));
end
$$;
comment on function private.find_schedule_problem is
    'What is wrong with a schedule that somebody''s changes come to, as a sentence that names the field; null when nothing is. Not its times and time zone: see compile_times and find_timezone_problem.';
revoke all on function private.find_schedule_problem from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/find_timezone_problem.sql sha256:d9193b1b6d270656a8d2121f518384b80cfc97e175047c7330df4a53f98bc7ae
-- The catalog view reads every zone's file. A name that a tenant goes by already was looked at when it was set.
create or replace function private.find_timezone_problem(p_timezone text)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_timezone = 'UTC' or exists (select from pg_catalog.pg_timezone_names as z where z.name = p_timezone) then
        return null;
    end if;
    return 'timezone must be a name of the IANA time zone database.';
end
$$;
comment on function private.find_timezone_problem is
    'A sentence when there is no such time zone; null when there is.';
revoke all on function private.find_timezone_problem from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/fire_due_schedules.sql sha256:c08cdc305fc2741a8caa07ba89358a4647f899417bfe3f70c99e92bcbdc5ee0d
create or replace function private.fire_due_schedules(p_limit integer default 1000)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_due uuid[] := array(
        select s.schedule_id
        from public.schedules as s
        where s.next_run_at <= private.clock()
        order by s.next_run_at
        limit p_limit
    );
    v_fired uuid[] := '{}';
    v_schedule_id uuid;
    v_schedule public.schedules;
    v_served integer := 0;
begin
    if v_due = '{}' then
        return 0;
    elsif cardinality(v_due) = p_limit then    -- more may be due, and all of this of one tenant
        v_due := private.share_out('public.schedules', 'schedule_id', 'next_run_at', p_limit, v_due);
    end if;
    begin
        v_fired := private.fire_plain_schedules(v_due);
    exception
        when others then    -- something is wrong with one of them: each is fired alone
            raise warning 'schedules were not fired together: %', sqlerrm;
    end;
    foreach v_schedule_id in array v_due loop
        continue when v_schedule_id = any (v_fired);
        select s.*
        into v_schedule
        from public.schedules as s
        where s.schedule_id = v_schedule_id and s.next_run_at <= private.clock()
        for update skip locked;
        continue when not found;
        begin
            perform private.fire_schedule(v_schedule);
            v_served := v_served + 1;
        exception
            when others then    -- it stays due; what is wrong with one must not keep the others
                raise warning 'schedule % did not fire: %', v_schedule_id, sqlerrm;
        end;
    end loop;
    return v_served + cardinality(v_fired);
end
$$;
comment on function private.fire_due_schedules is
    'Serves at most p_limit schedules that are due, the longest due first or, when there are more, shared out among tenants, and returns how many. Many may run it at once: each due time is one''s.';
revoke all on function private.fire_due_schedules from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/fire_plain_schedules.sql sha256:901666ccb92600d65e5fc6472c69c9cf35c4cd572b2e30a1744e0516fb3b5ab4
-- What private.fire_schedule() does for one, for many that need nothing but a job now: a statement for each table instead of a
-- dozen for each schedule. Whoever is not plain, or meets anything out of the ordinary, is not in the answer, and has fire_schedule.
create or replace function private.fire_plain_schedules(p_schedule_ids uuid[])
returns uuid[]
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_now timestamptz := private.clock();
    v_actor_id uuid := private.actor_id();
    v_xid xid8 := pg_current_xact_id();     -- older than the ids of the jobs: private.raise_low_water() counts on it
    v_due public.schedules[];
    v_plans private.fire_plan[];
    v_default private.new_job;      -- the options that schedules have no column of
begin
    v_due := array(
        select s
        from public.schedules as s
        where s.schedule_id = any (p_schedule_ids)
            and s.next_run_at between v_now - interval '4 minutes' and v_now
            and s.overlap_policy = 'allow' and s.max_consecutive_failures = 0 and s.calendar_id is null and s.robot_id is null
            and s.pool_id is null and s.dedupe_key is null
        for update skip locked
    );
    perform private.keep_workflow(w.workflow_id)
    from (select distinct d.workflow_id from unnest(v_due) as d order by d.workflow_id) as w;
    perform private.find_queue_tenant(t.tenant_id) from (select distinct d.tenant_id from unnest(v_due) as d) as t;

    v_plans := array(
        select (
            d.schedule, d.fire_time, d.next_due + d.jitter, private.uuid_v7(), w.name, w.current_version, q.tenant_no, r.required,
            l.workflow_limit_id, null
        )::private.fire_plan
        from (
            select
                x.schedule, x.jitter, x.fire_time,
                case when x.is_shared then t.next_due else private.next_due_time(x.schedule, x.fire_time) end as next_due
            from (
                select
                    u as schedule, j.jitter, u.next_run_at - j.jitter as fire_time,
                    u.cron_expression is not null and u.starts_at is null and u.ends_at is null as is_shared
                from unnest(v_due) as u
                cross join lateral (select private.jitter_of(u.schedule_id, u.jitter_seconds) as jitter offset 0) as j
                offset 0
            ) as x
            left join (     -- once for all that have the same times
                select k.cron, k.zone, k.jitter, k.at, private.next_cron_time(k.cron, k.zone, k.at - k.jitter) as next_due
                from (
                    select distinct u.cron_expression as cron, u.timezone as zone, u.next_run_at as at, j.jitter
                    from unnest(v_due) as u
                    cross join lateral (select private.jitter_of(u.schedule_id, u.jitter_seconds) as jitter offset 0) as j
                    where u.cron_expression is not null and u.starts_at is null and u.ends_at is null
                ) as k
                offset 0
            ) as t
                on x.is_shared and t.cron = (x.schedule).cron_expression and t.zone = (x.schedule).timezone
                    and t.at = (x.schedule).next_run_at and t.jitter = x.jitter
            offset 0
        ) as d
        join public.workflows as w on w.workflow_id = (d.schedule).workflow_id and w.tenant_id = (d.schedule).tenant_id
            and w.deleted_at is null and w.is_enabled and w.status in ('published', 'deprecated')
        join private.queue_tenants as q on q.tenant_id = (d.schedule).tenant_id and not q.is_full and not q.is_fair
        cross join lateral private.find_job_limits((d.schedule).tenant_id, (d.schedule).workflow_id, null) as l
        cross join lateral private.required_of(
            (d.schedule).required_capabilities, (d.schedule).required_tags, (d.schedule).execution_mode = 'internet', null
        ) as r (required)
        where (d.next_due > v_now - d.jitter or d.next_due is null)
            and not exists (
                select
                from public.schedule_fires as f
                where f.tenant_id = (d.schedule).tenant_id and f.schedule_id = (d.schedule).schedule_id and f.fire_time = d.fire_time
            )
    );
    if v_plans = '{}' then
        return '{}';
    end if;
    v_plans := array(
        select (
            p.schedule, p.fire_time, p.next_run_at, p.job_id, p.workflow_name, p.workflow_version, p.tenant_no, p.required,
            p.workflow_limit_id, g.lane_id
        )::private.fire_plan
        from unnest(v_plans) as p
        join (
            select
                k.tenant_no, k.environment, k.required, k.priority, k.workflow_limit_id,
                private.find_lane(k.tenant_no, k.environment, k.required, null, k.priority, k.workflow_limit_id) as lane_id
            from (
                select distinct
                    p.tenant_no, (p.schedule).environment, p.required, (p.schedule).priority, p.workflow_limit_id
                from unnest(v_plans) as p
            ) as k
            offset 0
        ) as g
            on g.tenant_no = p.tenant_no and g.environment = (p.schedule).environment and g.required = p.required
                and g.priority = (p.schedule).priority and g.workflow_limit_id is not distinct from p.workflow_limit_id
    );

    v_default.workflow_id := (v_plans[1].schedule).workflow_id;
    v_default := private.check_new_job((v_plans[1].schedule).tenant_id, v_default);
    insert into private.dedupe_keys (tenant_id, dedupe_key, job_id)
    select
        (p.schedule).tenant_id, 'schedule:' || (p.schedule).schedule_id || ':' || private.to_iso(p.fire_time), p.job_id
    from unnest(v_plans) as p;
    insert into public.jobs (
        job_id, tenant_id, workflow_id, workflow_version, workflow_name, lane_id, trigger_type, execution_mode, environment,
        required_capabilities, required_tags, priority, input, metadata, dedupe_key, max_attempts, timeout_seconds, retry_policy,
        created_by, created_at
    )
    select
        p.job_id, j.tenant_id, j.workflow_id, p.workflow_version, p.workflow_name, p.lane_id, 'scheduled', j.execution_mode,
        j.environment, j.required_capabilities, j.required_tags, j.priority, j.input,
        j.metadata || jsonb_build_object('schedule_id', j.schedule_id),
        'schedule:' || j.schedule_id || ':' || private.to_iso(p.fire_time), v_default.max_attempts,
        v_default.timeout_seconds, v_default.retry_policy, j.created_by, v_now
    from unnest(v_plans) as p
    cross join lateral (select (p.schedule).*) as j;
    insert into private.ready (tenant_no, lane_id, job_id)
    select p.tenant_no, p.lane_id, p.job_id from unnest(v_plans) as p;
    insert into public.schedule_fires (tenant_id, schedule_id, fire_time, outcome, job_id, fired_at)
    select (p.schedule).tenant_id, (p.schedule).schedule_id, p.fire_time, 'enqueued', p.job_id, v_now
    from unnest(v_plans) as p;
    update public.schedules as s
    set next_run_at = p.next_run_at, last_run_at = v_now, run_count = s.run_count + 1
    from unnest(v_plans) as p
    where s.schedule_id = (p.schedule).schedule_id;

    perform private.ring_robots(k.tenant_no, k.environment, k.required, null, k.jobs)
    from (
        select p.tenant_no, (p.schedule).environment, p.required, count(*)::integer as jobs
        from unnest(v_plans) as p
        group by 1, 2, 3
    ) as k;
    perform private.announce_jobs(
        'job.queued', 'queued',
        array_agg((
            (p.schedule).tenant_id, p.job_id, (p.schedule).workflow_id, p.workflow_name, null, 0, null
        )::private.job_notice order by (p.schedule).tenant_id),
        p_is_new => true
    )
    from unnest(v_plans) as p;
    insert into private.event_inbox (tenant_id, event_type, occurred_at, job_id, workflow_id, actor_id, data)
    select      -- as private.announce_fire() does it
        (p.schedule).tenant_id, 'schedule.fired', v_now, p.job_id, (p.schedule).workflow_id, v_actor_id,
        jsonb_build_object(
            'schedule_id', (p.schedule).schedule_id, 'schedule_name', (p.schedule).name, 'fire_time', private.to_iso(p.fire_time),
            'manual', false, 'outcome', 'enqueued'
        )
    from unnest(v_plans) as p;
    return array(select (p.schedule).schedule_id from unnest(v_plans) as p);
end
$$;
comment on function private.fire_plain_schedules is
    'Fires those of the schedules whose one due time needs nothing but a job of a runnable workflow, all at once, and returns which they were. An error is that of all: the caller fires each alone then.';
revoke all on function private.fire_plain_schedules from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/fire_schedule.sql sha256:5112124875757e61bff1391042752cc8c47f5591d3e462961a5d549e74df2b20
create or replace function private.fire_schedule(p_schedule public.schedules)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_now timestamptz := private.clock();
    v_jitter interval := private.jitter_of(p_schedule.schedule_id, p_schedule.jitter_seconds);
    v_first timestamptz := p_schedule.next_run_at - v_jitter;
    v_due record;
    v_fire_time timestamptz;
    v_outcome public.schedule_outcome;
    v_enqueued integer := 0;
    v_failed integer := 0;
begin
    v_due := private.find_misfires(p_schedule, v_first, v_now - v_jitter);
    if v_due.missed_until is not null then
        insert into public.schedule_fires (tenant_id, schedule_id, fire_time, outcome, reason, missed_until, fired_at)
        values (
            p_schedule.tenant_id, p_schedule.schedule_id, v_first, 'missed',
            format(
                'Nobody served the due times from here until %s, and by the misfire policy %s they were not made up for.',
                private.to_iso(v_due.missed_until), p_schedule.misfire_policy
            ),
            v_due.missed_until, v_now
        )
        on conflict do nothing;
        if found then
            perform private.announce_fire(
                p_schedule, 'missed', v_first, null, jsonb_build_object('missed_until', private.to_iso(v_due.missed_until))
            );
        end if;
    end if;
    foreach v_fire_time in array v_due.served loop
        v_outcome := private.serve_due_time(p_schedule, v_fire_time, v_fire_time + v_jitter < v_now - interval '5 minutes');
        v_enqueued := v_enqueued + (v_outcome in ('enqueued', 'caught_up') and v_outcome is not null)::integer;
        v_failed := v_failed + (v_outcome = 'failed' and v_outcome is not null)::integer;
    end loop;
    update public.schedules as s
    set next_run_at = v_due.next_due + v_jitter,
        last_run_at = case when v_enqueued > 0 then v_now else s.last_run_at end,
        run_count = s.run_count + v_enqueued,
        failure_count = s.failure_count + v_failed
    where s.schedule_id = p_schedule.schedule_id;
    if v_failed > 0 then
        perform private.count_schedule_failures(p_schedule.schedule_id, v_failed);
    end if;
    return v_enqueued;
end
$$;
comment on function private.fire_schedule is
    'Serves what is due of a schedule that the caller has locked, by its misfire policy, each due time once, writes the outcomes down and sets the next run; returns the number of its jobs.';
revoke all on function private.fire_schedule from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/first_instant.sql sha256:f87e5fbb455d09575fd5ffeaf2c215121389045a094457ee6fd806663185b1af
-- PostgreSQL reads a local time that happens twice as the second, and one that does not happen by the clocks of before.
create or replace function private.first_instant(p_local timestamp, p_timezone text)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_at timestamptz := p_local at time zone p_timezone;
    v_shown timestamp := v_at at time zone p_timezone;
    v_before timestamptz := v_at - interval '24 hours';
    v_offset interval;
    v_minutes_low integer;
    v_minutes_high integer := 0;
    v_middle integer;
begin
    if v_shown = p_local then
        -- By the clocks of the day before: the same time of day, earlier, if it happens twice.
        v_before := (p_local - ((v_before at time zone p_timezone) - (v_before at time zone 'UTC'))) at time zone 'UTC';
        return case when v_before < v_at and v_before at time zone p_timezone = p_local then v_before else v_at end;
    end if;
    -- The clocks went forward at most (what they skipped) before v_at: look for the first minute with the new offset.
    v_offset := v_shown - (v_at at time zone 'UTC');
    v_minutes_low := -(extract(epoch from v_shown - p_local) / 60)::integer;
    while v_minutes_high - v_minutes_low > 1 loop
        v_middle := (v_minutes_low + v_minutes_high) / 2 - ((v_minutes_low + v_minutes_high) % 2 <> 0)::integer;
        v_before := v_at + make_interval(mins => v_middle);
        if (v_before at time zone p_timezone) - (v_before at time zone 'UTC') = v_offset then
            v_minutes_high := v_middle;
        else
            v_minutes_low := v_middle;
        end if;
    end loop;
    return v_at + make_interval(mins => v_minutes_high);
end
$$;
comment on function private.first_instant is
    'When a whole minute of a zone''s clocks comes: the first time if it comes twice, the next minute that exists if it is skipped.';
revoke all on function private.first_instant from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/follow_scheduled_jobs.sql sha256:df78a9c94904a7dcba2b2005eac0cdfa94987175814b58bbaa1e232e81a6b8a0
create or replace function private.follow_scheduled_jobs(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_turn private.turn := (0, 0, null);
    v_schedule public.schedules;
    v_schedule_id uuid;
    v_news private.schedule_news;
begin
    -- First what is to be cancelled: it may wait for a lease, which nobody may do who has enqueued a job.
    for v_news in
        select n.*
        from private.schedule_news as n
        where n.tenant_id = p_tenant_id and n.status is null
        order by n.job_id
        limit p_limit
        for update skip locked
    loop
        perform private.try_cancel_job(
            p_tenant_id, v_news.job_id, 'The next run of its schedule is due, and its overlap policy is cancel_previous.'
        );
        delete from private.schedule_news as n
        where n.tenant_id = p_tenant_id and n.schedule_id = v_news.schedule_id and n.news_id = v_news.news_id;
        v_turn.used := v_turn.used + 1;
    end loop;

    for v_schedule_id in
        select distinct x.schedule_id
        from (select n.schedule_id from private.schedule_news as n where n.tenant_id = p_tenant_id limit p_limit) as x
    loop
        exit when v_turn.used >= p_limit;
        select s.* into v_schedule
        from public.schedules as s
        where s.schedule_id = v_schedule_id
        for update skip locked;
        continue when not found;    -- it is fired or changed just now: in the next period
        for v_news in
            with gone as (
                delete from private.schedule_news as n
                where n.tenant_id = p_tenant_id and n.schedule_id = v_schedule_id and n.news_id = any (array(
                    select o.news_id
                    from private.schedule_news as o
                    where o.tenant_id = p_tenant_id and o.schedule_id = v_schedule_id and o.status is not null
                    order by o.news_id
                    limit p_limit - v_turn.used
                ))
                returning n.*
            )
            select g.* from gone as g order by g.news_id
        loop
            v_turn.done := v_turn.done + 1;
            v_turn.used := v_turn.used + 1;
            if v_news.status in ('failed', 'timeout') then
                perform private.count_schedule_failures(v_schedule_id, 1);
            elsif v_news.status = 'completed' then
                perform private.forget_schedule_failures(v_schedule_id);
            end if;
        end loop;
        select s.* into v_schedule from public.schedules as s where s.schedule_id = v_schedule_id;
        v_turn.done := v_turn.done + private.release_waiting_fires(v_schedule);
    end loop;
    v_turn.after := case when v_turn.used >= p_limit then '' end;
    return v_turn;
end
$$;
comment on function private.follow_scheduled_jobs is
    'Duty, a tenant''s turn: counts how jobs of schedules ended, cancels those that the next run is to replace, and lets due times go that waited for them.';
revoke all on function private.follow_scheduled_jobs from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/forget_schedule_failures.sql sha256:bcd15e9f97b0e328181092f9414abd8185bf20771abc2f2ffd707aba2ce789f3
create or replace function private.forget_schedule_failures(p_schedule_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_schedule public.schedules;
begin
    select s.* into v_schedule
    from public.schedules as s
    where s.schedule_id = p_schedule_id and (s.consecutive_failures > 0 or s.auto_disabled_at is not null);
    if not found then
        return;
    end if;
    update public.schedules as s
    set consecutive_failures = 0,
        auto_disabled_at = case when not s.is_enabled then s.auto_disabled_at end
    where s.schedule_id = p_schedule_id;
    if v_schedule.auto_disabled_at is not null and v_schedule.is_enabled then
        perform private.emit_event(
            v_schedule.tenant_id, 'schedule.recovered', null, null, v_schedule.workflow_id,
            jsonb_build_object(
                'schedule_id', p_schedule_id, 'schedule_name', v_schedule.name,
                'auto_disabled_at', private.to_iso(v_schedule.auto_disabled_at)
            )
        );
    end if;
end
$$;
comment on function private.forget_schedule_failures is
    'Begins the count of failures in a row again, as a job of the schedule succeeded; emits schedule.recovered for one that they had disabled and somebody enabled again.';
revoke all on function private.forget_schedule_failures from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/is_followed.sql sha256:65af310593655ab6e2b84fdaf4cdd8ddfd2c7f4752864c7f4b71ca55705a57fd
create or replace function private.is_followed(p_schedule public.schedules)
returns boolean
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select p_schedule.overlap_policy <> 'allow' or p_schedule.max_consecutive_failures > 0
$$;
comment on function private.is_followed is
    'Whether a schedule needs to know how its jobs end.';
revoke all on function private.is_followed from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/jitter_of.sql sha256:eb201537a2c6773fe12688798ea8d5a4508193040117df6e90b6ea34394893d1
create or replace function private.jitter_of(p_schedule_id uuid, p_jitter_seconds integer)
returns interval
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select make_interval(secs => ('x' || left(md5(p_schedule_id::text), 8))::bit(32)::bigint % (p_jitter_seconds + 1))
$$;
comment on function private.jitter_of is
    'How long after each due time a schedule runs: 0 to p_jitter_seconds, spread evenly over schedules and the same at every run of one.';
revoke all on function private.jitter_of from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/job_of_schedule.sql sha256:790af5f8b9d72b3932c00e4ab3b19472bbed7cf4e65e776c9710fea039a04e0d
create or replace function private.job_of_schedule(p_schedule public.schedules)
returns private.new_job
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_job private.new_job := jsonb_populate_record(null::private.new_job, to_jsonb(p_schedule));
begin
    v_job.pool := p_schedule.pool_id;
    v_job.run_at := null;      -- a schedule's is its own due time; what it fires waits for nothing
    return v_job;
end
$$;
comment on function private.job_of_schedule is
    'The job that a schedule asks for: each option that schedules have a column of. See private.new_job.';
revoke all on function private.job_of_schedule from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/judge_due_time.sql sha256:76e7fd8210844b27ae0910e3ce07e71a1bf4fe072459eaf1b3ab45ae66fcea18
create or replace function private.judge_due_time(p_schedule public.schedules, p_due timestamptz)
returns public.simulated_run
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run public.simulated_run := (p_due, 'run', null);
    v_calendar public.calendars;
    v_fields text[];
    v_local timestamp := p_due at time zone p_schedule.timezone;
begin
    if p_schedule.calendar_id is not null then
        v_calendar := private.find_calendar(p_schedule.tenant_id, p_schedule.calendar_id);
        select coalesce(c.verdict, 'run'), c.reason
        into v_run.verdict, v_run.reason
        from private.find_closure(v_calendar, p_schedule.timezone, p_due) as c;
        if v_run.verdict <> 'run' then
            return v_run;
        elsif private.next_planned_time(p_schedule, p_due - interval '1 microsecond') is distinct from p_due then
            v_run.verdict := 'moved';
            v_run.reason := format(
                'The calendar moves it here from a closed day or hour %s.',
                case p_schedule.on_closed_day when 'next' then 'before' else 'after' end
            );
            return v_run;
        end if;
    end if;
    if p_schedule.cron_expression is not null then
        v_fields := private.cron_fields(p_schedule.cron_expression);
        if extract(hour from v_local) <> all ((private.read_cron_field(v_fields[2], 2)).numbers)
            or extract(minute from v_local) <> all ((private.read_cron_field(v_fields[1], 1)).numbers)
        then
            v_run.verdict := 'moved';
            v_run.reason := format(
                'The clocks of %s go forward and skip this time; it runs at the next minute that exists, %s.',
                p_schedule.timezone, to_char(v_local, 'HH24:MI')
            );
        end if;
    end if;
    return v_run;
end
$$;
comment on function private.judge_due_time is
    'What is to be said of a due time of a schedule before it comes: whether it runs, and whether its calendar or the clocks move it.';
revoke all on function private.judge_due_time from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/last_due_time.sql sha256:4cd28ed30baf1a92914de2c31d4cb14f59c1020815b08559a64feb82d09df2fc
create or replace function private.last_due_time(p_schedule public.schedules, p_first timestamptz, p_until timestamptz)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_last timestamptz := p_first;
    v_beyond timestamptz := p_until;    -- nothing comes after this and until p_until
    v_middle timestamptz;
    v_next timestamptz;
begin
    if p_schedule.frequency = 'interval' then
        return p_first + make_interval(
            secs => floor(extract(epoch from least(p_until, p_schedule.ends_at) - p_first) / p_schedule.interval_seconds)
                * p_schedule.interval_seconds
        );
    end if;
    while v_beyond - v_last > interval '1 minute' loop
        v_middle := v_last + (v_beyond - v_last) / 2;
        v_next := private.next_due_time(p_schedule, v_middle);
        if v_next <= p_until then
            v_last := v_next;
        else
            v_beyond := v_middle;
        end if;
    end loop;
    v_next := private.next_due_time(p_schedule, v_last);
    return case when v_next <= p_until then v_next else v_last end;
end
$$;
comment on function private.last_due_time is
    'The newest due time until p_until, given that p_first is one: by halving, so that a long silence costs little more than a short one.';
revoke all on function private.last_due_time from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/list_upcoming_runs.sql sha256:a0375fcd89d76b6cf40e554958ca722d0563dbef87f3136edfef3423ba9d048c
-- The next times of all, merged: whoever comes first is told, and its own next time takes its place.
create or replace function public.list_upcoming_runs(p_limit integer default 20, p_workflow_id uuid default null)
returns table (schedule_id uuid, run_at timestamptz)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('schedules.read');
    v_schedules public.schedules[];
    v_next timestamptz[];
    v_first integer;
    v_verdict text;
    v_looks integer := 0;
begin
    if p_limit not between 1 and 100 or p_limit is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'limit must be between 1 and 100.');
    end if;
    -- Of more than p_limit schedules, only those can be in it that come first.
    select array_agg(x order by x.next_run_at, x.schedule_id), array_agg(x.next_run_at order by x.next_run_at, x.schedule_id)
    into v_schedules, v_next
    from (
        select s.*
        from public.schedules as s
        where s.tenant_id = v_caller.tenant_id and s.next_run_at is not null
            and (p_workflow_id is null or s.workflow_id = p_workflow_id)
        order by s.next_run_at, s.schedule_id
        limit p_limit
    ) as x;
    while p_limit > 0 and v_looks < 2000 loop
        v_looks := v_looks + 1;
        select u.i into v_first from unnest(v_next) with ordinality as u (at, i) where u.at is not null order by u.at, u.i limit 1;
        exit when not found;
        schedule_id := v_schedules[v_first].schedule_id;
        run_at := v_next[v_first];
        v_verdict := (private.judge_due_time(
            v_schedules[v_first], run_at - private.jitter_of(schedule_id, v_schedules[v_first].jitter_seconds)
        )).verdict;
        if v_verdict in ('run', 'moved') then
            return next;
            p_limit := p_limit - 1;
        end if;
        v_next[v_first] := private.next_run_time(v_schedules[v_first], run_at);
    end loop;
end
$$;
comment on function public.list_upcoming_runs is
    'The next 1 to 100 runs of all enabled schedules of the tenant, or of a workflow, the soonest first; without those that a calendar skips. Raises 400 INVALID_ARGUMENT. Needs schedules.read.';
revoke all on function public.list_upcoming_runs from public, anon, authenticated, service_role;
grant execute on function public.list_upcoming_runs to authenticated;

-- from sql/50_schedules/functions/lock_schedule.sql sha256:d48873bf33c3e52ccb0d534dc57e62ad51ac853f754002834537b3b290b0bb81
create or replace function private.lock_schedule(p_tenant_id uuid, p_schedule_id uuid)
returns public.schedules
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_schedule public.schedules;
begin
    select s.* into v_schedule
    from public.schedules as s
    where s.schedule_id = p_schedule_id and s.tenant_id = p_tenant_id and s.deleted_at is null
    for update;
    if not found then
        perform private.raise_error(404, 'SCHEDULE_NOT_FOUND', 'There is no such schedule.');
    end if;
    return v_schedule;
end
$$;
comment on function private.lock_schedule is
    'A schedule of the tenant, locked until the transaction ends, so that it is not fired meanwhile. Raises 404 SCHEDULE_NOT_FOUND.';
revoke all on function private.lock_schedule from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/next_clock_change.sql sha256:86245fc1779ded8ac37794b6814466af65812c71927e36a844117eb924263b4c
create or replace function private.next_clock_change(p_from timestamptz, p_until timestamptz, p_timezone text)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_offset interval := (p_from at time zone p_timezone) - (p_from at time zone 'UTC');
    v_low integer := 0;
    v_high integer := ceil(extract(epoch from p_until - p_from) / 60);
    v_middle integer;
    v_at timestamptz;
begin
    if (p_until at time zone p_timezone) - (p_until at time zone 'UTC') = v_offset then
        return null;
    end if;
    while v_high - v_low > 1 loop
        v_middle := (v_low + v_high) / 2;
        v_at := p_from + make_interval(mins => v_middle);
        if (v_at at time zone p_timezone) - (v_at at time zone 'UTC') = v_offset then
            v_low := v_middle;
        else
            v_high := v_middle;
        end if;
    end loop;
    return p_from + make_interval(mins => v_high);
end
$$;
comment on function private.next_clock_change is
    'The first minute after p_from and until p_until at which a zone''s clocks have another offset than at p_from; null when they have the same at both. One change is looked for: take hours, not months.';
revoke all on function private.next_clock_change from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/next_cron_day.sql sha256:1488698f3c23348c69cbb3a9cfbf19c2eebf750448e22e429e281336dd030b21
create or replace function private.next_cron_day(
    p_days integer[],
    p_months integer[],
    p_weekdays integer[],
    p_must_fit_both boolean,
    p_from date,
    p_closed_days datemultirange
)
returns date
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    v_month date := date_trunc('month', p_from::timestamp);
    v_next_month date;
    v_day date := p_from;
    v_is_day boolean;
    v_is_weekday boolean;
begin
    -- Most often it is one of the next days: that is cheaper than a look at a month.
    while v_day < p_from + 8 loop
        v_is_day := extract(day from v_day)::integer = any (p_days);
        v_is_weekday := extract(dow from v_day)::integer = any (p_weekdays);
        if extract(month from v_day)::integer = any (p_months)
            and (v_is_day and v_is_weekday or not p_must_fit_both and (v_is_day or v_is_weekday))
            and not v_day <@ p_closed_days
        then
            return v_day;
        end if;
        v_day := v_day + 1;
    end loop;
    -- A Sunday, 29 February, is at most 40 years away. Calendars have their exceptions, so the search must end.
    while v_month < p_from + 14976 loop
        v_next_month := v_month + interval '1 month';
        if extract(month from v_month)::integer = any (p_months) then
            select min(d.day) into v_day
            from (
                select v_month + n as day from generate_series(greatest(p_from - v_month, 0), v_next_month - v_month - 1) as n
            ) as d
            where not d.day <@ p_closed_days
                and case
                    when p_must_fit_both then
                        extract(day from d.day)::integer = any (p_days)
                        and extract(dow from d.day)::integer = any (p_weekdays)
                    else
                        extract(day from d.day)::integer = any (p_days)
                        or extract(dow from d.day)::integer = any (p_weekdays)
                end;
            if v_day is not null then
                return v_day;
            end if;
        end if;
        v_month := v_next_month;
    end loop;
    return null;
end
$$;
comment on function private.next_cron_day is
    'The first day from p_from on, within 40 years, that a cron expression means: by month, and by day of month and day of week, of which both must fit or either; never a closed day.';
revoke all on function private.next_cron_day from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/next_cron_time.sql sha256:c7fe849e7d32b3e139e20e220db467d20afef9f895e6543648f4d208ed43ebec
-- Field by field: a month is stepped over in one look, a day in one look, hour and minute are picked from sorted lists:
-- width_bucket() counts how many of a list are not greater than a number.
create or replace function private.next_cron_time(
    p_expression text,
    p_timezone text,
    p_after timestamptz,
    p_closed_days datemultirange default '{}'
)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_fields text[] := private.cron_fields(p_expression);
    v_minutes integer[] := (private.read_cron_field(v_fields[1], 1)).numbers;
    v_hours integer[] := (private.read_cron_field(v_fields[2], 2)).numbers;
    v_days integer[] := (private.read_cron_field(v_fields[3], 3)).numbers;
    v_months integer[] := (private.read_cron_field(v_fields[4], 4)).numbers;
    v_weekdays integer[] := (private.read_cron_field(v_fields[5], 5)).numbers;
    -- As cron has it, a field that begins with a star is not given, so the other one alone chooses the days that it leaves.
    v_must_fit_both boolean := starts_with(v_fields[3], '*') or starts_with(v_fields[5], '*');
    v_from timestamp := date_trunc('minute', p_after at time zone p_timezone) + interval '1 minute';
    v_day date;
    v_hour integer;
    v_minute integer;
    v_at timestamptz;
    v_skip integer;
    v_step integer;
begin
    if v_minutes is null or v_hours is null or v_days is null or v_months is null or v_weekdays is null then
        raise exception 'invalid cron expression %', quote_nullable(p_expression) using errcode = 'invalid_parameter_value';
    elsif starts_with(v_fields[2], '*') or cardinality(v_hours) = 24 then
        return private.next_cron_time_of_any_hour(
            v_minutes, v_hours, v_days, v_months, v_weekdays, v_must_fit_both, p_timezone, p_after, p_closed_days
        );
    end if;
    loop
        v_day := private.next_cron_day(v_days, v_months, v_weekdays, v_must_fit_both, v_from::date, p_closed_days);
        if v_day is null then
            return null;
        end if;
        v_from := greatest(v_from, v_day::timestamp);
        v_hour := v_hours[width_bucket(extract(hour from v_from)::integer - 1, v_hours) + 1];
        v_minute := v_minutes[1];
        if v_hour = extract(hour from v_from) then
            v_minute := v_minutes[width_bucket(extract(minute from v_from)::integer - 1, v_minutes) + 1];
            if v_minute is null then
                v_hour := v_hours[width_bucket(extract(hour from v_from)::integer, v_hours) + 1];
                v_minute := v_minutes[1];
            end if;
        end if;
        if v_hour is null then
            v_from := v_day + 1;
            continue;
        end if;
        v_from := v_day + make_time(v_hour, v_minute, 0);
        v_at := private.first_instant(v_from, p_timezone);
        if v_at > p_after then
            return v_at;
        end if;
        -- Clocks were set back, and this time came before: step over all that comes a second time, by halving.
        v_skip := 0;
        v_step := ceil(extract(epoch from (v_from at time zone p_timezone) - v_at) / 60);
        while v_step - v_skip > 1 loop
            if private.first_instant(v_from + make_interval(mins => (v_skip + v_step) / 2), p_timezone) > p_after then
                v_step := (v_skip + v_step) / 2;
            else
                v_skip := (v_skip + v_step) / 2;
            end if;
        end loop;
        v_from := v_from + make_interval(mins => greatest(v_step, 1));
    end loop;
end
$$;
comment on function private.next_cron_time is
    'The first time after p_after at which the clocks of a zone show what a cron expression says, on no closed day; an invalid one is an error. Where hours are chosen, a time that does not exist comes at the next minute that does, and one that comes twice counts once; where the hour is a star, a step of it or all hours, the clocks are followed as they go. Null: not within 40 years.';
revoke all on function private.next_cron_time from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/next_cron_time_of_any_hour.sql sha256:1cff2602fddeebff6af118a7b326af5cf92d78912deb7d334b4b5134d956cd39
create or replace function private.next_cron_time_of_any_hour(
    p_minutes integer[],
    p_hours integer[],
    p_days integer[],
    p_months integer[],
    p_weekdays integer[],
    p_must_fit_both boolean,
    p_timezone text,
    p_after timestamptz,
    p_closed_days datemultirange
)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_local timestamp := p_after at time zone p_timezone;
    -- Nothing is due between p_after and here: first the next whole minute, then wherever the search has come.
    v_at timestamptz := p_after + (date_trunc('minute', v_local) + interval '1 minute' - v_local);
    v_day date;
    v_hour integer;
    v_minute integer;
    v_due timestamp;
    v_until timestamptz;
    v_change_at timestamptz;
begin
    loop
        v_local := v_at at time zone p_timezone;
        v_day := private.next_cron_day(p_days, p_months, p_weekdays, p_must_fit_both, v_local::date, p_closed_days);
        if v_day is null then
            return null;
        end if;
        v_due := null;
        if v_day = v_local::date then
            v_hour := p_hours[width_bucket(extract(hour from v_local)::integer - 1, p_hours) + 1];
            v_minute := p_minutes[1];
            if v_hour = extract(hour from v_local) then
                v_minute := p_minutes[width_bucket(extract(minute from v_local)::integer - 1, p_minutes) + 1];
                if v_minute is null then
                    v_hour := p_hours[width_bucket(extract(hour from v_local)::integer, p_hours) + 1];
                    v_minute := p_minutes[1];
                end if;
            end if;
            v_due := v_day + make_time(v_hour, v_minute, 0);
        end if;
        -- When nothing is left of the day, look past midnight as well: clocks may go back over it.
        v_until := v_at + make_interval(
            secs => extract(epoch from coalesce(v_due, v_local::date + interval '27 hours') - v_local)::integer
        );
        v_change_at := private.next_clock_change(v_at, v_until, p_timezone);
        if v_due is not null and v_change_at is null then
            return v_until;
        elsif v_due is not null then
            v_at := v_change_at;
        elsif (v_change_at at time zone p_timezone)::date <= v_local::date then
            v_at := least(
                v_change_at,
                v_at + make_interval(secs => extract(epoch from v_local::date + interval '24 hours' - v_local)::integer)
            );
        else
            v_at := greatest(
                private.first_instant(greatest(v_day, v_local::date + 1), p_timezone), v_at + interval '1 minute'
            );
        end if;
    end loop;
end
$$;
comment on function private.next_cron_time_of_any_hour is
    'What next_cron_time answers where the hour is a star, a step of it or all hours: whenever the clocks show the time, also the second time, and never when they skip it.';
revoke all on function private.next_cron_time_of_any_hour from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/next_due_time.sql sha256:5387d15e43065de3d65706e684bb593c26dff42fbc349a1a721e5c16a218728d
create or replace function private.next_due_time(p_schedule public.schedules, p_after timestamptz)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_schedule.calendar_id is null or p_schedule.on_closed_day = 'skip' then
        return private.next_planned_time(p_schedule, p_after);
    end if;
    return private.next_moved_time(p_schedule, p_after);
end
$$;
comment on function private.next_due_time is
    'The first due time of a schedule after p_after, whether it is enabled or not: a planned time, or where its calendar moves one. Null when nothing is left.';
revoke all on function private.next_due_time from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/next_moved_time.sql sha256:3770f554ec0c9cc99a3b3aa1fac10f0edc818da77645b4471965c707016638ed
-- What runs on a working day is what is planned for its hours, and what is moved there: from the closed days before it (next)
-- or after it (previous) at the same time of day, and from hours in between, to the opening. So a working day is looked at with
-- those closed days, one look at each stretch of time, however many times are planned in it; then the next day with something.
create or replace function private.next_moved_time(p_schedule public.schedules, p_after timestamptz)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_zone text := p_schedule.timezone;
    v_is_next boolean := p_schedule.on_closed_day = 'next';
    v_calendar public.calendars := private.find_calendar(p_schedule.tenant_id, p_schedule.calendar_id);
    v_day date := (p_after at time zone v_zone)::date;
    v_other date;               -- the working day on the other side of the closed ones
    v_hours record;
    v_other_hours record;
    v_from timestamp;
    v_until timestamp;
    v_opens timestamp;
    v_closes timestamp;
    v_planned timestamptz;
    v_best timestamptz;
    v_closed date;
begin
    if (private.read_calendar_day(v_calendar, v_day)).opens_at is null then
        v_day := private.next_working_day(v_calendar, v_day, 1);
    end if;
    while v_day is not null loop
        v_until := null;
        v_hours := private.read_calendar_day(v_calendar, v_day);
        v_opens := v_day + v_hours.opens_at;
        v_closes := v_day + v_hours.closes_at;
        -- In its own hours.
        v_best := private.planned_between(p_schedule, v_opens, v_closes, p_after);
        v_other := private.next_working_day(v_calendar, v_day, case when v_is_next then -1 else 1 end);
        if v_other is not null then
            v_other_hours := private.read_calendar_day(v_calendar, v_other);
            v_from := case when v_is_next then v_other + v_other_hours.closes_at else v_closes end;
            v_until := case when v_is_next then v_opens else v_other + v_other_hours.opens_at end;
            for v_closed in select g::date from generate_series(v_from::date, v_until::date, interval '1 day') as g loop
                -- At the same time of day, if that lies in the hours.
                if v_closed <> v_day and v_closed <> v_other then
                    v_planned := private.planned_between(
                        p_schedule, v_closed + v_hours.opens_at, v_closed + v_hours.closes_at,
                        case
                            when v_day = (p_after at time zone v_zone)::date
                                then (v_closed + (p_after at time zone v_zone)::time) at time zone v_zone
                        end
                    );
                    v_best := least(
                        v_best, private.first_instant(v_day + (v_planned at time zone v_zone)::time, v_zone)
                    );
                end if;
                -- Before the hours, or after them: at the opening.
                if v_best is null or v_best > private.first_instant(v_opens, v_zone) then
                    if coalesce(
                        private.planned_between(
                            p_schedule, greatest(v_closed, v_from),
                            least(case when v_closed in (v_day, v_other) then v_until else v_closed + v_hours.opens_at end, v_until, v_closed + 1),
                            null
                        ),
                        case when v_closed not in (v_day, v_other) then private.planned_between(
                            p_schedule, greatest(v_closed + v_hours.closes_at, v_from), least(v_until, v_closed + 1), null
                        ) end
                    ) is not null and private.first_instant(v_opens, v_zone) > p_after then
                        v_best := private.first_instant(v_opens, v_zone);
                    end if;
                end if;
            end loop;
        end if;
        if v_best > p_after then
            return v_best;
        end if;
        -- Nothing: on with the day that the next planned time comes to.
        v_planned := private.next_planned_time(
            p_schedule, private.first_instant(greatest(v_closes, v_until), v_zone) - interval '1 microsecond'
        );
        if v_planned is null then
            return null;
        end if;
        v_closed := (v_planned at time zone v_zone)::date;
        v_hours := private.read_calendar_day(v_calendar, v_closed);
        if v_hours.opens_at is null
            or not v_is_next and v_planned at time zone v_zone < v_closed + v_hours.opens_at
        then
            v_closed := private.next_working_day(v_calendar, v_closed, case when v_is_next then 1 else -1 end);
        end if;
        v_other := private.next_working_day(v_calendar, v_day, 1);
        v_day := case when v_other is not null then greatest(v_other, v_closed) end;
    end loop;
    return null;
end
$$;
comment on function private.next_moved_time is
    'The first time after p_after at which a schedule runs that its calendar moves from closed days to the next working day, or to the one before.';
revoke all on function private.next_moved_time from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/next_planned_time.sql sha256:4f1b080543b25d2e8ded03d2b6e4d507d4c4f6a939d34592e0d695093bb4b7ea
create or replace function private.next_planned_time(p_schedule public.schedules, p_after timestamptz)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_after timestamptz := greatest(p_after, p_schedule.starts_at - interval '1 microsecond');
    v_from timestamptz;
    v_due timestamptz;
begin
    if p_schedule.frequency = 'once' then
        v_due := case when p_schedule.run_at > v_after then p_schedule.run_at end;
    elsif p_schedule.frequency = 'interval' then
        -- The first is starts_at itself, or an interval after the schedule was made.
        v_from := coalesce(p_schedule.starts_at, date_trunc('second', p_schedule.created_at));
        v_due := v_from + make_interval(
            secs => greatest(
                floor(extract(epoch from v_after - v_from) / p_schedule.interval_seconds) + 1,
                (p_schedule.starts_at is null)::integer
            ) * p_schedule.interval_seconds
        );
    else
        v_due := private.next_cron_time(p_schedule.cron_expression, p_schedule.timezone, v_after);
    end if;
    return case when p_schedule.ends_at is null or v_due <= p_schedule.ends_at then v_due end;
end
$$;
comment on function private.next_planned_time is
    'The first time after p_after that a schedule means, within its start and end; its calendar may have something to say about it. Null when nothing is left.';
revoke all on function private.next_planned_time from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/next_run_time.sql sha256:ddf24b0075dae20586cc6afb5997b09a5c3507a22ccabeba72be641d31c54d8f
create or replace function private.next_run_time(p_schedule public.schedules, p_now timestamptz)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_jitter interval := private.jitter_of(p_schedule.schedule_id, p_schedule.jitter_seconds);
begin
    if not p_schedule.is_enabled then
        return null;
    end if;
    return v_jitter + private.next_due_time(
        p_schedule, greatest(p_now - v_jitter, p_schedule.paused_until - interval '1 microsecond')
    );
end
$$;
comment on function private.next_run_time is
    'When a schedule runs next after p_now: the jitter after its first due time that no pause covers; null when it is not enabled or nothing is left.';
revoke all on function private.next_run_time from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/note_end_of_scheduled_job.sql sha256:afbe3596e804298e06cd06b897344b9bc6cb6317978d47bb9f2db25d8031f5db
create or replace function private.note_end_of_scheduled_job()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
    with followed as (
        delete from private.schedule_jobs as g where g.job_id = new.job_id returning g.tenant_id, g.schedule_id
    )
    insert into private.schedule_news (tenant_id, schedule_id, job_id, status)
    select f.tenant_id, f.schedule_id, new.job_id, new.status
    from followed as f;
    return null;
end
$$;
comment on function private.note_end_of_scheduled_job is
    'Writes down how a job ended whose schedule wants to know, in the transaction that ends it; waits for nobody.';
revoke all on function private.note_end_of_scheduled_job from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/planned_between.sql sha256:ba156a0ed523186d6160b55c83539741f9cacea5fed3cedd27ba2ac87e922e23
create or replace function private.planned_between(
    p_schedule public.schedules,
    p_from timestamp,           -- on the schedule's clocks
    p_until timestamp,
    p_after timestamptz         -- if that is later than p_from
)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_planned timestamptz;
begin
    if p_from >= p_until then
        return null;
    end if;
    v_planned := private.next_planned_time(
        p_schedule, greatest(private.first_instant(p_from, p_schedule.timezone) - interval '1 microsecond', p_after)
    );
    return case when v_planned < private.first_instant(p_until, p_schedule.timezone) then v_planned end;
end
$$;
comment on function private.planned_between is
    'The first planned time of a schedule from p_from on, before p_until and after p_after; null when there is none.';
revoke all on function private.planned_between from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/read_cron_field.sql sha256:57f95a9c35004b8fb1c9b70ef5729449cdaab664dbb3e5f0fc709429b3e2b2e2
create or replace function private.read_cron_field(
    p_field text,
    p_position integer,
    out numbers integer[],
    out problem text
)
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    v_low integer := (array[0, 0, 1, 1, 0])[p_position];
    v_high integer := (array[59, 23, 31, 12, 6])[p_position];
    v_names text[] := case p_position
        when 4 then array['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
        when 5 then array['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']
    end;
    v_item text;
    v_part text[];
    v_first integer;
    v_last integer;
    v_step integer;
begin
    if coalesce(p_field, '') = '' then
        problem := 'it is missing';
        return;
    elsif p_field = '*' then
        numbers := (array[
            0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30,
            31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59
        ])[v_low + 1:v_high + 1];
        return;
    elsif p_field ~ '^[0-9]{1,2}$' and p_field::integer between v_low and v_high then   -- as most are
        numbers := array[p_field::integer];
        return;
    end if;
    foreach v_item in array string_to_array(p_field, ',') loop
        v_part := regexp_match(v_item, '^(?:\*|([0-9]{1,2}|[A-Z]{3})(?:-([0-9]{1,2}|[A-Z]{3}))?)(?:/([0-9]{1,3}))?$');
        if v_part is null then
            problem := format('%L is no number, range, list or step', v_item);
            return;
        end if;
        -- A name is the place that it has in the list, from the field's lowest value on.
        v_first := case
            when v_part[1] ~ '^[0-9]' then v_part[1]::integer
            when v_part[1] is not null then array_position(v_names, v_part[1]) - 1 + v_low
            else v_low
        end;
        v_last := case
            when v_part[2] ~ '^[0-9]' then v_part[2]::integer
            when v_part[2] = 'SUN' and p_position = 5 then 7     -- as the end of a range: SAT-SUN
            when v_part[2] is not null then array_position(v_names, v_part[2]) - 1 + v_low
            when v_part[1] is null or v_part[3] is not null then v_high
            else v_first
        end;
        if p_position = 5 and v_first = 7 then      -- Sunday has two numbers
            v_first := 0;
            v_last := case when v_last = 7 then 0 else v_last end;
        end if;
        v_step := coalesce(v_part[3]::integer, 1);
        if v_first is null or v_last is null then
            problem := case
                when v_names is null then format('%L has a name, and this field knows numbers only', v_item)
                else format('%L has a name that is none of %s', v_item, array_to_string(v_names, ', '))
            end;
        elsif v_first not between v_low and v_high or v_last not between v_low and v_high + (p_position = 5)::integer then
            problem := format(
                '%L must lie between %s and %s', v_item, v_low, v_high + (p_position = 5)::integer
            );
        elsif v_last < v_first then
            problem := format('%L ends before it begins', v_item);
        elsif v_step not between 1 and v_high - v_low + 1 then
            problem := format('%L must have a step between 1 and %s', v_item, v_high - v_low + 1);
        end if;
        if problem is not null then
            numbers := null;
            return;
        end if;
        numbers := numbers || array(
            select case when p_position = 5 then n % 7 else n end from generate_series(v_first, v_last, v_step) as n
        );
    end loop;
    if v_last = 7 or p_field like '%,%' then     -- else they are in order, each once
        numbers := array(select distinct v from unnest(numbers) as v order by v);
    end if;
end
$$;
comment on function private.read_cron_field is
    'The values that a field of a cron expression (1: minute … 5: day of week, Sunday is 0) stands for, in order; or what is wrong with it.';
revoke all on function private.read_cron_field from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/read_schedule_changes.sql sha256:0e9c2788b3d21763b812df93070116154bcda4f409c7768eb6956ebc84aaf24f
-- A null leaves a field as it is, and an empty text takes away what need not be there.
create or replace function private.read_schedule_changes(p_old public.schedules, p_changes jsonb)
returns public.schedules
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_settable constant text[] := array[
        'workflow_id', 'name', 'frequency', 'cron_expression', 'run_at', 'interval_seconds', 'timezone', 'starts_at', 'ends_at',
        'paused_until', 'calendar_id', 'on_closed_day', 'jitter_seconds', 'misfire_policy', 'misfire_cap', 'overlap_policy', 'max_consecutive_failures',
        'is_enabled', 'priority', 'execution_mode', 'environment', 'required_capabilities', 'required_tags', 'robot_id', 'pool',
        'dedupe_key', 'input', 'metadata'
    ];
    v_removable constant text[] := array['starts_at', 'ends_at', 'paused_until', 'calendar_id', 'robot_id', 'pool', 'dedupe_key'];
    v_new public.schedules := p_old;
    v_field text;
    v_value jsonb;
begin
    if jsonb_typeof(p_changes) is distinct from 'object' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'A schedule must be an object.');
    end if;
    for v_field, v_value in select c.key, c.value from jsonb_each(p_changes) as c loop
        if v_field <> all (v_settable) then
            perform private.raise_error(400, 'INVALID_ARGUMENT', format('%s is no field of a schedule that can be set.', v_field));
        end if;
        continue when jsonb_typeof(v_value) = 'null' or v_field in ('pool', 'robot_id') and v_value <> '""';
        if v_value = '""' and v_field = any (v_removable) then
            v_value := 'null';
            v_field := case v_field when 'pool' then 'pool_id' else v_field end;
        end if;
        begin
            v_new := jsonb_populate_record(v_new, jsonb_build_object(v_field, v_value));
        exception
            when data_exception then
                perform private.raise_error(
                    400, 'INVALID_ARGUMENT',
                    case
                        when v_field = 'frequency' then 'frequency must be once, interval, hourly, daily, weekly, monthly or cron.'
                        when v_field = 'misfire_policy' then 'misfire_policy must be skip, once or all.'
                        when v_field = 'overlap_policy' then 'overlap_policy must be allow, skip, queue or cancel_previous.'
                        when v_field = 'on_closed_day' then 'on_closed_day must be skip, next or previous.'
                        when v_field = 'execution_mode' then 'execution_mode must be lan or internet.'
                        else format('%s has a value of the wrong type: %s.', v_field, sqlerrm)
                    end
                );
        end;
    end loop;
    if v_new.calendar_id is null and p_old.calendar_id is not null and p_changes ->> 'on_closed_day' is null then
        v_new.on_closed_day := 'skip';
    end if;
    v_new.name := private.nfc(v_new.name);
    v_new.environment := private.nfc(v_new.environment);
    v_new.required_capabilities := private.nfc_words(v_new.required_capabilities);
    v_new.required_tags := private.nfc_words(v_new.required_tags);
    v_new.dedupe_key := private.nfc(v_new.dedupe_key);
    return v_new;
end
$$;
comment on function private.read_schedule_changes is
    'A schedule with what somebody says of it in the fields, read and not yet judged; robot and pool are left to the caller. Raises 400 INVALID_ARGUMENT, which names the field that is unknown or has a value of a wrong type.';
revoke all on function private.read_schedule_changes from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/release_waiting_fires.sql sha256:214f443c0f9e759c0907f22d99fa5966b54153feb9c93d06d151bfa5a575679e
create or replace function private.release_waiting_fires(p_schedule public.schedules)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_fire_time timestamptz;
    v_outcome public.schedule_outcome;
    v_released integer := 0;
begin
    loop
        perform from private.schedule_jobs as g
        where g.tenant_id = p_schedule.tenant_id and g.schedule_id = p_schedule.schedule_id;
        exit when found and p_schedule.overlap_policy <> 'allow';
        select min(f.fire_time) into v_fire_time
        from public.schedule_fires as f
        where f.tenant_id = p_schedule.tenant_id and f.schedule_id = p_schedule.schedule_id and f.outcome = 'waiting';
        exit when v_fire_time is null;
        v_outcome := private.serve_due_time(p_schedule, v_fire_time, false, true);
        v_released := v_released + 1;
        update public.schedules as s
        set last_run_at = case when v_outcome = 'enqueued' then private.clock() else s.last_run_at end,
            run_count = s.run_count + (v_outcome = 'enqueued')::integer,
            failure_count = s.failure_count + (v_outcome = 'failed')::integer
        where s.schedule_id = p_schedule.schedule_id;
        if v_outcome = 'failed' then
            perform private.count_schedule_failures(p_schedule.schedule_id, 1);
        end if;
    end loop;
    return v_released;
end
$$;
comment on function private.release_waiting_fires is
    'Serves the due times that wait, of a schedule that the caller has locked, the oldest first, until one has a job again; returns how many it served.';
revoke all on function private.release_waiting_fires from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/replan_schedules.sql sha256:a97a43ae985434db84c3ca8d7dfa64fdaa8abcbb451b25526b0a287af41dd9d4
create or replace function private.replan_schedules(p_tenant_id uuid, p_calendar_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := private.clock();
    v_schedule public.schedules;
begin
    for v_schedule in
        select s.*
        from public.schedules as s
        where s.tenant_id = p_tenant_id and s.calendar_id = p_calendar_id and s.on_closed_day <> 'skip' and s.next_run_at > v_now
        order by s.next_run_at, s.schedule_id
        limit 1000
        for update
    loop
        update public.schedules as s
        set next_run_at = private.next_run_time(v_schedule, v_now)
        where s.schedule_id = v_schedule.schedule_id;
    end loop;
end
$$;
comment on function private.replan_schedules is
    'Sets the next run of the schedules that a changed calendar moves; of more than a thousand the soonest, and the others when they come due.';
revoke all on function private.replan_schedules from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/require_schedulable_workflow.sql sha256:235b064c283c6ca9013004d60bd7fa55dce7316ed52afcfcbf2e06736f9a5e1b
create or replace function private.require_schedulable_workflow(p_tenant_id uuid, p_workflow_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    -- Shared, so that deleting the workflow waits for the schedule that is being made and takes it along.
    perform from public.workflows as w
    where w.workflow_id = p_workflow_id and w.tenant_id = p_tenant_id and w.deleted_at is null
    for share;
    if not found then
        perform private.raise_error(404, 'WORKFLOW_NOT_FOUND', 'There is no such workflow.');
    end if;
end
$$;
comment on function private.require_schedulable_workflow is
    'Returns when the tenant has the workflow, and keeps it from being deleted until the transaction ends. Raises 404 WORKFLOW_NOT_FOUND.';
revoke all on function private.require_schedulable_workflow from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/serve_due_time.sql sha256:97d7770a64dfd3a00b69c965e82360b9144e2231b201b535612b72c776a3f1c3
create or replace function private.serve_due_time(
    p_schedule public.schedules,
    p_fire_time timestamptz,
    p_is_late boolean,
    p_is_waiting boolean default false  -- it has its row, and its turn has come
)
returns public.schedule_outcome
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_now timestamptz := private.clock();
    v_outcome public.schedule_outcome;
    v_reason text;
    v_job_id uuid;
    v_key text := coalesce(p_schedule.dedupe_key, 'schedule:' || p_schedule.schedule_id || ':' || private.to_iso(p_fire_time));
begin
    if not p_is_waiting then
        -- Not there a second time: clocks of the server that go back, or a schedule that somebody set back by hand.
        perform from public.schedule_fires as f
        where f.tenant_id = p_schedule.tenant_id and f.schedule_id = p_schedule.schedule_id and f.fire_time = p_fire_time;
        if found then
            return null;
        end if;
        if p_schedule.calendar_id is not null then
            select 'skipped_' || c.verdict, c.reason
            into v_outcome, v_reason
            from private.find_closure(
                private.find_calendar(p_schedule.tenant_id, p_schedule.calendar_id), p_schedule.timezone, p_fire_time
            ) as c;
        end if;
        if v_outcome is null then
            select o.outcome, o.reason into v_outcome, v_reason from private.find_overlap(p_schedule) as o;
        end if;
    end if;
    if v_outcome is null and p_schedule.dedupe_key is not null then
        select 'skipped_overlap', format('The job %s with the same dedupe_key was not finished.', d.job_id)
        into v_outcome, v_reason
        from private.dedupe_keys as d
        where d.tenant_id = p_schedule.tenant_id and d.dedupe_key = v_key;
    end if;
    if v_outcome is null then
        begin
            v_job_id := private.enqueue_job_of_schedule(p_schedule, 'scheduled', p_schedule.created_by, v_key);
            v_outcome := case when p_is_late then 'caught_up' else 'enqueued' end;
            v_reason := case when p_is_late then 'Nobody served the due time in time; it was made up for.' end;
        exception
            when others then
                if sqlstate not like 'PT%' then
                    raise;
                end if;
                v_outcome := 'failed';
                v_reason := sqlerrm;    -- a refusal
        end;
    end if;
    insert into public.schedule_fires as f (tenant_id, schedule_id, fire_time, outcome, reason, job_id, fired_at)
    values (p_schedule.tenant_id, p_schedule.schedule_id, p_fire_time, v_outcome, v_reason, v_job_id, v_now)
    on conflict (tenant_id, schedule_id, fire_time) do update
    set outcome = v_outcome, reason = v_reason, job_id = v_job_id, fired_at = v_now;
    if v_outcome <> 'waiting' then
        perform private.announce_fire(
            p_schedule,
            case when v_job_id is not null then 'fired' when v_outcome = 'failed' then 'failed' else 'skipped' end,
            p_fire_time, v_job_id, jsonb_build_object('outcome', v_outcome, 'reason', v_reason)
        );
    end if;
    return v_outcome;
end
$$;
comment on function private.serve_due_time is
    'Serves a due time of a schedule that the caller has locked, and writes down the outcome that it returns: the job, or why there is none. Null: that time had its turn.';
revoke all on function private.serve_due_time from public, anon, authenticated, service_role;

-- from sql/50_schedules/functions/simulate_schedule.sql sha256:c562e67dbbdfe8819c21d368d3b2da3a1ab21291c2cb6f9d95c9df9c07a825e1
create or replace function public.simulate_schedule(
    p_schedule jsonb,
    p_count integer default 10,
    p_after timestamptz default null,
    p_expected_seconds double precision default null
)
returns setof public.simulated_run
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('schedules.read');
    v_schedule public.schedules := private.draft_schedule(v_caller);
    v_seconds double precision;
    v_at timestamptz := coalesce(p_after, private.clock());
    v_busy_until timestamptz;
    v_run public.simulated_run;
    v_problem text;
begin
    v_problem := case
        when p_count not between 1 and 100 or p_count is null then 'count must be between 1 and 100.'
        when p_after not between '1970-01-01T00:00:00Z' and '2200-01-01T00:00:00Z' then 'after must lie between 1970 and 2200.'
        when p_expected_seconds not between 0 and 604800 then 'expected_seconds must be between 0 and 604800.'
    end;
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    end if;
    v_schedule.name := 'simulated';
    v_schedule.created_at := v_at;
    v_schedule := private.change_schedule(v_schedule, p_schedule, true);
    v_seconds := coalesce(p_expected_seconds, private.expected_seconds(v_schedule.tenant_id, v_schedule.workflow_id));
    v_at := greatest(v_at, v_schedule.paused_until - interval '1 microsecond');
    for i in 1..p_count loop
        v_at := private.next_due_time(v_schedule, v_at);
        exit when v_at is null;
        v_run := private.judge_due_time(v_schedule, v_at);
        if v_run.verdict in ('run', 'moved') then
            if v_schedule.overlap_policy = 'skip' and v_at < v_busy_until then
                v_run.verdict := 'overlap';
                v_run.reason := format(
                    'A job takes %s seconds, so the one before is not finished, and the overlap policy is skip.', round(v_seconds)
                );
            else
                v_busy_until := v_at + make_interval(secs => v_seconds);
            end if;
        end if;
        return next v_run;
    end loop;
end
$$;
comment on function public.simulate_schedule is
    'The next 1 to 100 due times of a schedule that is described as for create_schedule, after p_after or now, each with a verdict (run, moved by the clocks or the calendar, overlap, holiday, blackout) and its reason; nothing is made. For overlap a job takes p_expected_seconds, or what jobs of its workflow took in the last 30 days. Raises 400 INVALID_ARGUMENT, 404 CALENDAR_NOT_FOUND, ROBOT_NOT_FOUND or POOL_NOT_FOUND. Needs schedules.read.';
revoke all on function public.simulate_schedule from public, anon, authenticated, service_role;
grant execute on function public.simulate_schedule to authenticated;

-- from sql/50_schedules/functions/trigger_schedule.sql sha256:21e1809a616e8b097c9eb5b7bd0509be0bf9391040fad075b23ddbb1beeb392e
create or replace function public.trigger_schedule(p_schedule_id uuid)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('schedules.write');
    v_schedule public.schedules := private.lock_schedule(v_caller.tenant_id, p_schedule_id);
    v_now timestamptz := private.clock();
    v_fire_time timestamptz := v_now;
    v_job_id uuid;
begin
    v_job_id := private.enqueue_job_of_schedule(
        v_schedule, 'manual', coalesce(v_caller.user_id, v_caller.api_key_id), null
    );
    loop
        insert into public.schedule_fires (tenant_id, schedule_id, fire_time, is_manual, outcome, job_id, fired_at)
        values (v_schedule.tenant_id, p_schedule_id, v_fire_time, true, 'enqueued', v_job_id, v_now)
        on conflict do nothing;
        exit when found;
        v_fire_time := v_fire_time + interval '1 microsecond';      -- a due time, or another run by hand, has this one
    end loop;
    update public.schedules as s
    set run_count = s.run_count + 1, last_run_at = v_now
    where s.schedule_id = p_schedule_id;
    perform private.announce_fire(v_schedule, 'triggered', v_fire_time, v_job_id);
    return jsonb_build_object('schedule_id', p_schedule_id, 'job_id', v_job_id);
end
$$;
comment on function public.trigger_schedule is
    'Enqueues a job of a schedule now, enabled or not, and leaves its next run as it is: {schedule_id, job_id}. Raises 404 SCHEDULE_NOT_FOUND, ROBOT_NOT_FOUND or POOL_NOT_FOUND, 409 WORKFLOW_NOT_RUNNABLE. Needs schedules.write.';
revoke all on function public.trigger_schedule from public, anon, authenticated, service_role;
grant execute on function public.trigger_schedule to authenticated;

-- from sql/50_schedules/functions/update_schedule.sql sha256:863c9967490779ec4ed295274896b4a5f8ec1a99858b99d6f8d6d4bba96f7637
create or replace function public.update_schedule(p_schedule_id uuid, p_changes jsonb)
returns public.schedules
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('schedules.write');
    v_old public.schedules := private.lock_schedule(v_caller.tenant_id, p_schedule_id);
    v_new public.schedules := private.change_schedule(v_old, p_changes, false);
begin
    if v_new.workflow_id <> v_old.workflow_id then
        perform private.require_schedulable_workflow(v_caller.tenant_id, v_new.workflow_id);
    end if;
    update public.schedules as s
    set workflow_id = v_new.workflow_id,
        name = v_new.name,
        frequency = v_new.frequency,
        cron_expression = v_new.cron_expression,
        run_at = v_new.run_at,
        interval_seconds = v_new.interval_seconds,
        timezone = v_new.timezone,
        starts_at = v_new.starts_at,
        ends_at = v_new.ends_at,
        paused_until = v_new.paused_until,
        calendar_id = v_new.calendar_id,
        on_closed_day = v_new.on_closed_day,
        jitter_seconds = v_new.jitter_seconds,
        misfire_policy = v_new.misfire_policy,
        misfire_cap = v_new.misfire_cap,
        overlap_policy = v_new.overlap_policy,
        max_consecutive_failures = v_new.max_consecutive_failures,
        is_enabled = v_new.is_enabled,
        priority = v_new.priority,
        execution_mode = v_new.execution_mode,
        environment = v_new.environment,
        required_capabilities = v_new.required_capabilities,
        required_tags = v_new.required_tags,
        robot_id = v_new.robot_id,
        pool_id = v_new.pool_id,
        dedupe_key = v_new.dedupe_key,
        input = v_new.input,
        metadata = v_new.metadata,
        next_run_at = v_new.next_run_at,
        consecutive_failures = v_new.consecutive_failures,
        updated_at = v_new.updated_at
    where s.schedule_id = p_schedule_id;
    if not v_new.is_enabled then
        perform private.drop_waiting_fires(v_new.tenant_id, array[p_schedule_id], 'The schedule was disabled while this run waited.');
    end if;
    if private.is_followed(v_new) and not private.is_followed(v_old) then
        insert into private.schedule_jobs (job_id, tenant_id, schedule_id)
        select f.job_id, f.tenant_id, f.schedule_id
        from public.schedule_fires as f
        join public.jobs as j on j.job_id = f.job_id and j.finished_at is null
        where f.tenant_id = v_new.tenant_id and f.schedule_id = p_schedule_id
        on conflict do nothing;
    end if;
    return v_new;
end
$$;
comment on function public.update_schedule is
    'Changes the named fields of a schedule and returns it; a null leaves a field as it is, and an empty text takes away starts_at, ends_at, paused_until, calendar_id, robot_id, pool or dedupe_key. Disabled it has no next run; enabled, or with other times, it has a new one. Raises 404 SCHEDULE_NOT_FOUND, WORKFLOW_NOT_FOUND, CALENDAR_NOT_FOUND, ROBOT_NOT_FOUND or POOL_NOT_FOUND, 409 POOL_AMBIGUOUS, 400 INVALID_ARGUMENT. Needs schedules.write.';
revoke all on function public.update_schedule from public, anon, authenticated, service_role;
grant execute on function public.update_schedule to authenticated;

-- from sql/80_realtime/functions/broadcast.sql sha256:37559be8717c3f83091609ebb8639e77f3ccb0a3b40fbb0da1643c9d361170f6
create or replace function private.broadcast(p_topic text, p_event text, p_payload jsonb)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform realtime.send(p_payload, p_event, p_topic, true);
exception
    when others then
        raise warning 'broadcast of % failed: %', p_event, sqlerrm;
end
$$;
comment on function private.broadcast is
    'Rings a doorbell on a private topic. It may be lost and never fails the caller: every push has a row behind it.';
revoke all on function private.broadcast from public, anon, authenticated, service_role;

-- from sql/80_realtime/functions/can_receive_topic.sql sha256:ea39cd5fc2923f155820ec170c5f364354eb770ae3b393af17e4e65cf4392ae3
create or replace function private.can_receive_topic(p_topic text)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
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
comment on function private.can_receive_topic is
    'Whether the caller may join a private topic: members by permission, a robot its own topic, its tenant''s robots and the jobs that it holds.';
revoke all on function private.can_receive_topic from public, anon, authenticated, service_role;
grant execute on function private.can_receive_topic to authenticated;

-- from sql/80_realtime/functions/can_send_to_topic.sql sha256:3b5e3218c669cbf02fc1deae2a0abe5ca4caacc9fc56ddb334da45def1d30390
create or replace function private.can_send_to_topic(p_topic text, p_extension text)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
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
comment on function private.can_send_to_topic is
    'Whether the caller may send on a private topic: presence among the tenant''s robots, and broadcasts about a job by the robot that holds it.';
revoke all on function private.can_send_to_topic from public, anon, authenticated, service_role;
grant execute on function private.can_send_to_topic to authenticated;

-- from sql/80_realtime/functions/holds_live_lease.sql sha256:2a783be69ddb2d983c34ea8a013701aa96ff71d7e14619965524a06b8be786bb
create or replace function private.holds_live_lease(p_caller private.caller, p_job_id uuid)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return exists (
        select from private.leases as l
        where l.job_id = p_job_id
            and l.robot_id = p_caller.robot_id
            and l.lease_expires_at > private.clock()
    );
end
$$;
comment on function private.holds_live_lease is 'Whether the caller is the robot that holds a job now.';
revoke all on function private.holds_live_lease from public, anon, authenticated, service_role;

-- from sql/80_realtime/functions/push_queue_depths.sql sha256:b1fa2842ea971b878ee1b61995d129778a6b5aea39d24f66e63be465370066be
-- Nobody can know whether somebody listens, so it must be cheap for all: it looks at tenants that have unfinished work, or
-- had some when it last looked, and counts each of the three to 1,000 at most, along an index. See docs/queue.md.
create or replace function private.push_queue_depths(p_limit integer default 1000, p_most_jobs integer default 1000)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_after integer := coalesce(
        (select (d.position ->> 'tenant_no')::integer from private.duty_runs as d where d.name = 'push_queue_depths'), 0
    );
    v_zero uuid := '00000000-0000-0000-0000-000000000000';
    v_tenant record;
    v_seen integer := 0;
    v_pushed integer := 0;
begin
    for v_tenant in
        -- From tenant to tenant along each index, however many rows each has.
        with recursive ready (tenant_no) as (
            (select r.tenant_no from private.ready as r where r.tenant_no > v_after order by r.tenant_no limit 1)
            union all
            select (select r.tenant_no from private.ready as r where r.tenant_no > b.tenant_no order by r.tenant_no limit 1)
            from ready as b
            where b.tenant_no is not null
        ),
        scheduled (tenant_id) as (
            (select s.tenant_id from private.scheduled as s where s.tenant_id > v_zero order by s.tenant_id limit 1)
            union all
            select (select s.tenant_id from private.scheduled as s where s.tenant_id > b.tenant_id order by s.tenant_id limit 1)
            from scheduled as b
            where b.tenant_id is not null
        ),
        leased (tenant_id) as (
            (select l.tenant_id from private.leases as l where l.tenant_id > v_zero order by l.tenant_id limit 1)
            union all
            select (select l.tenant_id from private.leases as l where l.tenant_id > b.tenant_id order by l.tenant_id limit 1)
            from leased as b
            where b.tenant_id is not null
        ),
        busy as (
            select b.tenant_no from ready as b
            union
            select q.tenant_no
            from (select s.tenant_id from scheduled as s union select l.tenant_id from leased as l) as u
            cross join lateral (
                select q.tenant_no from private.queue_tenants as q where q.tenant_id = u.tenant_id offset 0
            ) as q
            union
            select d.tenant_no from private.queue_depths as d where d.waiting + d.scheduled + d.running > 0
        )
        select
            q.tenant_id, b.tenant_no, n.waiting, n.scheduled, n.running,
            (t.settings #> '{realtime,queue}' = 'false') is not true as is_pushed,
            (d.waiting, d.scheduled, d.running) is distinct from (n.waiting, n.scheduled, n.running) as is_new
        from busy as b
        cross join lateral (    -- offset 0: looked up one by one, not joined with all tenants there are
            select q.tenant_id from private.queue_tenants as q where q.tenant_no = b.tenant_no offset 0
        ) as q
        join public.tenants as t on t.tenant_id = q.tenant_id
        left join private.queue_depths as d on d.tenant_no = b.tenant_no
        cross join lateral (
            select
                (
                    select count(*)
                    from (select from private.ready as r where r.tenant_no = b.tenant_no limit p_most_jobs) as c
                )::integer as waiting,
                (
                    select count(*)
                    from (select from private.scheduled as s where s.tenant_id = q.tenant_id limit p_most_jobs) as c
                )::integer as scheduled,
                (
                    select count(*)
                    from (select from private.leases as l where l.tenant_id = q.tenant_id limit p_most_jobs) as c
                )::integer as running
            offset 0    -- counted once, not for each mention
        ) as n
        where b.tenant_no > v_after
        order by b.tenant_no
        limit p_limit
    loop
        v_seen := v_seen + 1;
        v_after := v_tenant.tenant_no;
        continue when not v_tenant.is_new or not v_tenant.is_pushed;
        insert into private.queue_depths as d (tenant_no, waiting, scheduled, running, pushed_at)
        values (v_tenant.tenant_no, v_tenant.waiting, v_tenant.scheduled, v_tenant.running, private.clock())
        on conflict (tenant_no) do update set
            waiting = excluded.waiting,
            scheduled = excluded.scheduled,
            running = excluded.running,
            pushed_at = excluded.pushed_at;
        perform private.broadcast(
            'tenant:' || v_tenant.tenant_id || ':queue',
            'queue.depth',
            jsonb_build_object(
                'waiting', v_tenant.waiting,
                'scheduled', v_tenant.scheduled,
                'running', v_tenant.running,
                'is_capped', greatest(v_tenant.waiting, v_tenant.scheduled, v_tenant.running) >= p_most_jobs,
                'oldest_created_at', (
                    select private.to_iso(min(private.uuid_v7_time(f.job_id)))
                    from private.lanes as l
                    cross join lateral (
                        select r.job_id
                        from private.ready as r
                        where r.tenant_no = l.tenant_no and r.lane_id = l.lane_id
                        order by r.job_id
                        limit 1
                    ) as f
                    where l.tenant_no = v_tenant.tenant_no
                ),
                'timestamp', private.to_iso(private.clock())
            )
        );
        v_pushed := v_pushed + 1;
    end loop;
    update private.duty_runs as d
    set position = case when v_seen = p_limit then jsonb_build_object('tenant_no', v_after) end
    where d.name = 'push_queue_depths';
    return v_pushed;
end
$$;
comment on function private.push_queue_depths is
    'Duty: pushes queue.depth on tenant:<id>:queue for tenants whose counts of waiting, scheduled and running jobs, each to p_most_jobs at most, are not what was last pushed; returns how many. The next run goes on after p_limit tenants.';
revoke all on function private.push_queue_depths from public, anon, authenticated, service_role;

-- from sql/90_audit/functions/audit_change.sql sha256:6cc5d63fac878c920f69e2d925aeecaae91a27fc214d350edcf8e9b7b4f869ac
-- Arguments: the columns that name the resource, and the columns that are never written down, each as an array literal.
create or replace function private.audit_change()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
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
    if tg_table_name = 'limits' and v_row ->> 'scope' = 'pool' then
        return null;    -- a limit of a pool's member: pool_members has it
    elsif tg_table_name = 'pool_members' then
        -- Two tenants change these rows: each finds its own people's acts in its log, and nothing of the other's.
        v_tenant_id := (private.caller()).tenant_id;
    elsif v_tenant_id is null and tg_table_name = 'role_permissions' then
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
        private.client_ip(),
        private.clock()
    );
    return null;
end
$$;
comment on function private.audit_change is
    'Writes down who created, changed or deleted a row, from where, and what changed; in the transaction of the change.';
revoke all on function private.audit_change from public, anon, authenticated, service_role;

-- from sql/90_audit/functions/client_ip.sql sha256:aa05aaf53d2626b010d2394479f7995da64b269898c99e2efdacdd02acee2ae5
create or replace function private.client_ip()
returns inet
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return nullif(current_setting('casare.client_ip', true), '')::inet;
exception
    when invalid_text_representation then
        return null;    -- what is written down beside a change must not undo it
end
$$;
comment on function private.client_ip is 'The address that the request came from, as far as the function that took it could tell.';
revoke all on function private.client_ip from public, anon, authenticated, service_role;

-- from sql/92_retention/functions/drop_job_partitions.sql sha256:ae87dc13c0365015f46c058ae53c63499423597e17ef305fef44f2fecc279e82
-- The jobs that stay (live ones, dead letters, such as finished late) are looked up before anything is locked: none can
-- join them, because a job of an old week that is neither live nor a dead letter never changes again. They move to the
-- default partition in the transaction that drops theirs, so nobody ever misses one.
create or replace function private.drop_job_partitions(p_most_kept integer default 10000)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_week record;
    v_horizon timestamptz := private.longest_retention_horizon();
    v_kept uuid[];
    v_must_export boolean;
begin
    for v_week in
        select c.relname as name, c.oid
        from pg_catalog.pg_inherits as i
        join pg_catalog.pg_class as c on c.oid = i.inhrelid
        where i.inhparent = 'public.jobs'::regclass
            and c.relname ~ '^jobs_[0-9]{4}w[0-9]{2}$'
            and (to_date(right(c.relname, 7), 'IYYY"w"IW') + 7)::timestamp at time zone 'UTC' <= v_horizon
        order by c.relname
    loop
        execute format(
            'with horizons as materialized ('
            '    select t.tenant_id, private.retention_horizon(''jobs'', t.tenant_id) as horizon, '
            '        private.must_export(t.tenant_id) as must_export from public.tenants as t'
            ') '
            'select array('
            '    select j.job_id from private.%1$I as j '
            '    left join horizons as h on h.tenant_id = j.tenant_id '
            '    where j.finished_at is null or j.finished_at >= coalesce(h.horizon, ''infinity'') '
            '        or exists (select from public.dead_letters as l where l.job_id = j.job_id) '
            '    limit $1'
            '), exists ('
            '    select from private.%1$I as j '
            '    join horizons as h on h.tenant_id = j.tenant_id and h.must_export '
            '    where j.finished_at < h.horizon and j.finished_at >= private.exported_until($2) '
            '        and not exists (select from public.dead_letters as l where l.job_id = j.job_id)'
            ')',
            v_week.name
        ) into v_kept, v_must_export using p_most_kept + 1, v_week.oid;
        if v_must_export then
            raise warning '% is not dropped before it was exported: casare-cloud db export % FILE', v_week.name, v_week.name;
            continue;
        elsif cardinality(v_kept) > p_most_kept then
            raise warning '% is not dropped: more than % of its jobs are live or dead letters.', v_week.name, p_most_kept;
            continue;
        end if;
        perform set_config('lock_timeout', '2s', true);     -- whoever wants jobs waits behind us meanwhile
        execute format('alter table public.jobs detach partition private.%I', v_week.name);
        execute format('insert into public.jobs select * from private.%I where job_id = any ($1)', v_week.name) using v_kept;
        execute format('drop table private.%I', v_week.name);
        delete from private.exports as e where e.partition_name = v_week.name;
        return 1;   -- one in a transaction; the others have time
    end loop;
    return 0;
end
$$;
comment on function private.drop_job_partitions is
    'Drops the oldest partition of jobs that nobody''s retention holds any more and returns how many (0 or 1). Jobs of it that are live or dead letters move to the default partition first.';
revoke all on function private.drop_job_partitions from public, anon, authenticated, service_role;

-- from sql/92_retention/functions/exported_until.sql sha256:4026ca9642f0e27664e0477fc90e2bcd1c351a3fa8f872b19582b4fc585cd936
create or replace function private.exported_until(p_partition oid)
returns timestamptz
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(
        (
            select e.finished_before
            from private.exports as e
            join pg_catalog.pg_class as c on c.relname = e.partition_name
            where c.oid = p_partition
        ),
        '-infinity'
    )
$$;
comment on function private.exported_until is 'Jobs of a partition that finished before this time are in a file.';
revoke all on function private.exported_until from public, anon, authenticated, service_role;

-- from sql/92_retention/functions/get_retention.sql sha256:f1ec5111652c19ac559ad1fb6fb9aab24cda264123297021a66050ce05c036f0
create or replace function public.get_retention()
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('settings.read');
begin
    return (
        select jsonb_build_object(
            'days', jsonb_object_agg(
                r.kind, extract(day from private.clock() - private.retention_horizon(r.kind, v_caller.tenant_id))::integer
            ),
            'most_days', jsonb_object_agg(r.kind, r.days),
            'export_before_drop', private.must_export(v_caller.tenant_id)
        )
        from private.retentions as r
        join public.tenants as t on t.plan = r.plan
        where t.tenant_id = v_caller.tenant_id
    );
end
$$;
comment on function public.get_retention is
    'How many days the caller''s tenant keeps jobs, job_logs, job_node_executions, late_results, dead_letters, events and audit_log, and how many its plan allows. Needs settings.read.';
revoke all on function public.get_retention from public, anon, authenticated, service_role;
grant execute on function public.get_retention to authenticated;

-- from sql/92_retention/functions/longest_retention_horizon.sql sha256:09d7c2ae7013c3ffcd3752b74ffcad8ae78fe2d9782680be5f4a64b45be78e91
create or replace function private.longest_retention_horizon()
returns timestamptz
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(min(private.retention_horizon('jobs', t.tenant_id)), private.clock()) from public.tenants as t
$$;
comment on function private.longest_retention_horizon is 'The time before which no tenant''s jobs are kept any more, but for those that are live or dead letters.';
revoke all on function private.longest_retention_horizon from public, anon, authenticated, service_role;

-- from sql/92_retention/functions/mark_exported.sql sha256:081d44f1a15813575408f81d91a5f97978ac3c05e8d8a43598d8c9bb9873d303
create or replace function private.mark_exported(p_partition text, p_finished_before timestamptz)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (
        select
        from pg_catalog.pg_inherits as i
        join pg_catalog.pg_class as c on c.oid = i.inhrelid
        where i.inhparent = 'public.jobs'::regclass and c.relname = p_partition
    ) then
        perform private.raise_error(404, 'PARTITION_NOT_FOUND', format('jobs has no partition %s.', p_partition));
    elsif p_finished_before > clock_timestamp() and p_finished_before > private.clock() then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'finished_before must not lie in the future.');
    end if;
    insert into private.exports as e (partition_name, finished_before, marked_at)
    values (p_partition, p_finished_before, private.clock())
    on conflict (partition_name) do update set
        finished_before = greatest(e.finished_before, excluded.finished_before),
        marked_at = excluded.marked_at;
end
$$;
comment on function private.mark_exported is
    'Says that every job of a partition that finished before a time is safe in a file: those of tenants with export_before_drop may leave now.';
revoke all on function private.mark_exported from public, anon, authenticated, service_role;

-- from sql/92_retention/functions/must_export.sql sha256:4889cbc2f7a232d0d73236cb679ad5abe25025a4f69da584c8d7312dc76c1f5e
create or replace function private.must_export(p_tenant_id uuid)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(
        (select t.settings #> '{retention,export_before_drop}' = 'true' from public.tenants as t where t.tenant_id = p_tenant_id),
        false
    )
$$;
comment on function private.must_export is 'Whether a tenant wants its jobs in a file before they leave (settings.retention.export_before_drop).';
revoke all on function private.must_export from public, anon, authenticated, service_role;

-- from sql/92_retention/functions/place_default_jobs.sql sha256:d508f1b98793368afe329ff41b5eff15c3788456936225f76c4b03fa76675cc6
create or replace function private.place_default_jobs()
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    -- Older weeks were dropped: what is kept of them stays in the default partition.
    v_from uuid := private.uuid_v7_floor(date_trunc('week', private.longest_retention_horizon(), 'UTC'));
    v_job_id uuid;
    v_placed integer := 0;
begin
    perform set_config('lock_timeout', '2s', true);
    loop
        select d.job_id into v_job_id from private.jobs_default as d where d.job_id >= v_from order by d.job_id limit 1;
        exit when not found;
        if private.make_job_partition(private.uuid_v7_time(v_job_id)) then
            v_placed := v_placed + 1;
            raise warning 'The partition of jobs for the week of % was missing.', private.uuid_v7_time(v_job_id)::date;
        end if;
        v_from := private.uuid_v7_floor(date_trunc('week', private.uuid_v7_time(v_job_id), 'UTC') + interval '7 days');
    end loop;
    return v_placed;
end
$$;
comment on function private.place_default_jobs is
    'Makes the partitions that were missing when jobs came and moves the jobs there from the default partition; returns how many weeks.';
revoke all on function private.place_default_jobs from public, anon, authenticated, service_role;

-- from sql/92_retention/functions/purge_expired_audit_log.sql sha256:ecb77a6f46b3e4795d25b36ae37d284fcceeead27350438033f055efe373f7e0
create or replace function private.purge_expired_audit_log(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language sql
set search_path = pg_catalog, pg_temp
as $$
    select private.purge_expired_rows('audit_log', p_tenant_id, p_limit)
$$;
comment on function private.purge_expired_audit_log is
    'Duty, a tenant''s turn: see private.purge_expired_rows() and private.retentions.';
revoke all on function private.purge_expired_audit_log from public, anon, authenticated, service_role;

-- from sql/92_retention/functions/purge_expired_dead_letters.sql sha256:95470f96c44be8806f95417aea75382ba87a72d387363169ed7100f127abccc4
create or replace function private.purge_expired_dead_letters(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language sql
set search_path = pg_catalog, pg_temp
as $$
    select private.purge_expired_rows('dead_letters', p_tenant_id, p_limit)
$$;
comment on function private.purge_expired_dead_letters is
    'Duty, a tenant''s turn: see private.purge_expired_rows() and private.retentions.';
revoke all on function private.purge_expired_dead_letters from public, anon, authenticated, service_role;

-- from sql/92_retention/functions/purge_expired_events.sql sha256:b41551e147645ac52a90541c8d6940393245f4acc508dd2a8900ee142ea2c160
create or replace function private.purge_expired_events(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language sql
set search_path = pg_catalog, pg_temp
as $$
    select private.purge_expired_rows('events', p_tenant_id, p_limit)
$$;
comment on function private.purge_expired_events is
    'Duty, a tenant''s turn: see private.purge_expired_rows() and private.retentions.';
revoke all on function private.purge_expired_events from public, anon, authenticated, service_role;

-- from sql/92_retention/functions/purge_expired_job_logs.sql sha256:2f65debff8de66617f36766a4666fc8d7483743a4e4830cf8deb12ab22cd8368
create or replace function private.purge_expired_job_logs(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language sql
set search_path = pg_catalog, pg_temp
as $$
    select private.purge_expired_rows('job_logs', p_tenant_id, p_limit)
$$;
comment on function private.purge_expired_job_logs is
    'Duty, a tenant''s turn: see private.purge_expired_rows() and private.retentions.';
revoke all on function private.purge_expired_job_logs from public, anon, authenticated, service_role;

-- from sql/92_retention/functions/purge_expired_jobs.sql sha256:774b708a822a8a6b5a4dbab0fdb06a074f7e24dd819ef8d6457cf89c3b99f1dd
-- From old to young. The next turn goes on where this one ended, so that jobs which are kept (live ones, dead letters) are not
-- read again and again.
create or replace function private.purge_expired_jobs(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_horizon timestamptz := private.retention_horizon('jobs', p_tenant_id);
    v_must_export boolean := private.must_export(p_tenant_id);
    v_page uuid[];
    v_count integer;
begin
    -- Those who keep longest leave with their partition, a week later at most; only what did not is deleted here.
    v_page := array(
        select j.job_id
        from public.jobs as j
        where j.tenant_id = p_tenant_id
            and j.job_id > coalesce(p_after::uuid, '00000000-0000-0000-0000-000000000000')
            and j.job_id < private.uuid_v7_floor(
                v_horizon - case
                    when v_horizon <= private.longest_retention_horizon() then interval '8 days'
                    else interval '0'
                end
            )
        order by j.job_id
        limit p_limit
    );
    delete from public.jobs as j
    where j.job_id = any (v_page)
        and j.finished_at < v_horizon   -- a live job has not finished
        and not exists (select from public.dead_letters as l where l.job_id = j.job_id)
        and (not v_must_export or j.finished_at < private.exported_until(j.tableoid));
    get diagnostics v_count = row_count;
    -- A tenant costs a look into every partition.
    return (
        v_count, cardinality(v_page) + greatest(p_limit / 20, 1), case when cardinality(v_page) = p_limit then v_page[cardinality(v_page)]::text end
    )::private.turn;
end
$$;
comment on function private.purge_expired_jobs is
    'Duty, a tenant''s turn: deletes finished jobs that it keeps no longer, reading at most p_limit rows, and counts them. Live jobs, jobs of dead letters and those that must be exported first stay.';
revoke all on function private.purge_expired_jobs from public, anon, authenticated, service_role;

-- from sql/92_retention/functions/purge_expired_late_results.sql sha256:f9a8b6340fd16b25988709b0030462a2168188fdb649d5cee07d1d99e0185c5a
create or replace function private.purge_expired_late_results(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language sql
set search_path = pg_catalog, pg_temp
as $$
    select private.purge_expired_rows('late_results', p_tenant_id, p_limit)
$$;
comment on function private.purge_expired_late_results is
    'Duty, a tenant''s turn: see private.purge_expired_rows() and private.retentions.';
revoke all on function private.purge_expired_late_results from public, anon, authenticated, service_role;

-- from sql/92_retention/functions/purge_expired_robot_commands.sql sha256:a6c2185e6805ab8c1421c035397b7e5acb7fa4b109c25929a5e72ee7e759bad7
create or replace function private.purge_expired_robot_commands(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language sql
set search_path = pg_catalog, pg_temp
as $$
    select private.purge_expired_rows('robot_commands', p_tenant_id, p_limit)
$$;
comment on function private.purge_expired_robot_commands is
    'Duty, a tenant''s turn: see private.purge_expired_rows() and private.retentions.';
revoke all on function private.purge_expired_robot_commands from public, anon, authenticated, service_role;

-- from sql/92_retention/functions/purge_expired_rows.sql sha256:3ca0ba260ff97bbc410a01d64b12174cb1b0251ae8e57ee2c6719ed222518183
create or replace function private.purge_expired_rows(p_kind text, p_tenant_id uuid, p_limit integer)
returns private.turn
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
as $$
declare
    -- The id is the tables' own clock; each condition follows an index that begins with the tenant.
    v_expired constant text := case p_kind
        when 'dead_letters' then 't.job_id < $2 and t.dead_lettered_at < $3'
        when 'late_results' then 't.job_id < $2 and t.late_result_id < $2'
        when 'job_logs' then 't.job_id < $2 and t.job_log_id < $2'
        when 'robot_commands' then 't.command_id < $2'
        when 'job_node_executions' then 't.job_id < $2'
        when 'schedule_fires' then 't.fire_time < $3'
        when 'audit_log' then 't.audit_id < $2'
        when 'events' then
            't.occurred_at < $3 and t.seq <= '
            '(select max(o.seq) from (select e.seq from public.events as e where e.tenant_id = $1 order by e.seq limit $4) as o)'
    end;
    v_horizon timestamptz := private.retention_horizon(p_kind, p_tenant_id);
    v_count integer;
begin
    execute format(
        'delete from public.%1$I as x where x.ctid = any (array('
        'select t.ctid from public.%1$I as t where t.tenant_id = $1 and %2$s limit $4))',
        p_kind, v_expired
    )
    using p_tenant_id, private.uuid_v7_floor(v_horizon), v_horizon, p_limit;
    get diagnostics v_count = row_count;
    return (v_count, v_count, case when v_count = p_limit then 'more' end)::private.turn;
end
$$;
comment on function private.purge_expired_rows is
    'Deletes rows of dead_letters, late_results, job_logs, robot_commands, job_node_executions, schedule_fires, events or audit_log that their tenant keeps no longer, at most p_limit, and counts them.';
revoke all on function private.purge_expired_rows from public, anon, authenticated, service_role;

-- from sql/92_retention/functions/purge_expired_schedule_fires.sql sha256:c353f83b0e1052a58961dcbc2fc889d118a4fc69d95d33bc21c55b95afb38406
create or replace function private.purge_expired_schedule_fires(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language sql
set search_path = pg_catalog, pg_temp
as $$
    select private.purge_expired_rows('schedule_fires', p_tenant_id, p_limit)
$$;
comment on function private.purge_expired_schedule_fires is
    'Duty, a tenant''s turn: see private.purge_expired_rows() and private.retentions.';
revoke all on function private.purge_expired_schedule_fires from public, anon, authenticated, service_role;

-- from sql/92_retention/functions/purge_jobs.sql sha256:28d212044fb319f7f0029abaf640357e036c45862d3571f9a615b62b02fb2fcf
create or replace function public.purge_jobs(
    p_status text[] default '{completed,cancelled}',    -- failed and timeout: with their dead letters
    p_finished_before timestamptz default null,         -- null: now
    p_workflow_id uuid default null,                    -- null: of any workflow
    p_limit integer default 1000,
    p_after uuid default null                           -- next_after of the call before
)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize('jobs.purge');
    v_before timestamptz := coalesce(p_finished_before, private.clock());
    v_after uuid := coalesce(p_after, '00000000-0000-0000-0000-000000000000');
    v_seen integer;
    v_purged uuid[];
    v_dead_letters integer;
    v_logs integer;
begin
    if p_limit not between 1 and 5000 or p_limit is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'limit must be between 1 and 5000.');
    elsif p_status is null or p_status = '{}' or not p_status <@ '{completed,failed,cancelled,timeout}'::text[] then
        perform private.raise_error(
            400, 'INVALID_ARGUMENT', 'status must name some of completed, failed, cancelled and timeout.'
        );
    end if;

    -- A page of the tenant's jobs, oldest first, whatever their state: so one call costs the same whatever it finds.
    with page as materialized (
        select j.job_id
        from public.jobs as j
        where j.tenant_id = v_caller.tenant_id and j.job_id > v_after
        order by j.job_id
        limit p_limit
    ), purged as (
        delete from public.jobs as j
        where j.job_id = any (array(select p.job_id from page as p))
            and j.tenant_id = v_caller.tenant_id
            and j.finished_at < v_before    -- null while the job is live
            and j.status = any (p_status::public.job_status[])
            and (p_workflow_id is null or j.workflow_id = p_workflow_id)
        returning j.job_id
    )
    select
        (select count(*) from page),
        (select p.job_id from page as p order by p.job_id desc limit 1),
        array(select p.job_id from purged as p)
    into v_seen, v_after, v_purged;
    delete from public.dead_letters as l where l.job_id = any (v_purged);
    get diagnostics v_dead_letters = row_count;
    delete from public.job_logs as l where l.tenant_id = v_caller.tenant_id and l.job_id = any (v_purged);
    get diagnostics v_logs = row_count;
    delete from public.job_node_executions as n where n.tenant_id = v_caller.tenant_id and n.job_id = any (v_purged);
    delete from public.late_results as l where l.tenant_id = v_caller.tenant_id and l.job_id = any (v_purged);

    if v_purged <> '{}' then
        perform private.emit_event(
            v_caller.tenant_id, 'jobs.purged', null, null, p_workflow_id,
            jsonb_build_object('jobs', cardinality(v_purged), 'status', p_status, 'finished_before', private.to_iso(v_before))
        );
    end if;
    return jsonb_build_object(
        'purged', cardinality(v_purged),
        'dead_letters', v_dead_letters,
        'log_entries', v_logs,
        'seen', v_seen,
        'next_after', case when v_seen = p_limit then v_after end   -- null: there are no more
    );
end
$$;
comment on function public.purge_jobs is
    'Deletes finished jobs of the caller''s tenant with their logs, node executions, late results and dead letters: looks at p_limit jobs from p_after on, oldest first, and says how many it deleted and where to go on. Never a live job. Needs jobs.purge, which of the built-in roles only admin has.';
revoke all on function public.purge_jobs from public, anon, authenticated, service_role;
grant execute on function public.purge_jobs to authenticated;

-- from sql/92_retention/functions/purge_tenant.sql sha256:daa95e3b4f13ea8af612df339d0a1ddc4582949ad38e1d7fe0739d11e81bf2e0
-- Called again until it says that the tenant is gone. The first call closes it, so that nothing new comes in; what the
-- foreign keys take with the tenant's own row in the end are its settings, people and robots, not what grows.
create or replace function private.purge_tenant(p_tenant text, p_limit integer default 10000)
returns table (purged bigint, is_gone boolean)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant_id uuid := private.get_abandoned_tenant(p_tenant);
    v_tenant_no integer;
    v_table text;
    v_count bigint;
begin
    purged := 0;
    update public.tenants as t
    set deleted_at = private.clock()
    where t.tenant_id = v_tenant_id and t.deleted_at is null;
    select q.tenant_no into v_tenant_no from private.queue_tenants as q where q.tenant_id = v_tenant_id;

    delete from private.ready as d
    where d.tenant_no = v_tenant_no
        and d.job_id = any (array(select r.job_id from private.ready as r where r.tenant_no = v_tenant_no limit p_limit));
    get diagnostics v_count = row_count;
    purged := purged + v_count;
    foreach v_table in array array[
        'private.leases', 'private.scheduled', 'private.dedupe_keys', 'public.dead_letters', 'public.late_results',
        'public.job_logs', 'public.job_node_executions', 'private.schedule_news', 'public.schedule_fires', 'private.event_inbox', 'public.events'
    ] loop
        exit when purged >= p_limit;
        execute format(
            'delete from %1$s where ctid = any (array(select d.ctid from %1$s as d where d.tenant_id = $1 limit $2))', v_table
        )
        using v_tenant_id, p_limit - purged;
        get diagnostics v_count = row_count;
        purged := purged + v_count;
    end loop;
    if purged < p_limit then
        delete from public.jobs as d
        where d.tenant_id = v_tenant_id
            and d.job_id = any (
                array(
                    select j.job_id
                    from public.jobs as j
                    where j.tenant_id = v_tenant_id
                    order by j.job_id
                    limit p_limit - purged
                )
            );
        get diagnostics v_count = row_count;
        purged := purged + v_count;
    end if;

    is_gone := purged < p_limit;
    if is_gone then
        delete from private.waiting_robots as w where w.tenant_no = v_tenant_no;
        delete from private.pool_turns as t
        where t.robot_id = any (array(select r.robot_id from public.robots as r where r.tenant_id = v_tenant_id));
        delete from public.tenants as t where t.tenant_id = v_tenant_id;
    end if;
    return next;
end
$$;
comment on function private.purge_tenant is
    'Deletes a tenant whose last member is gone and everything of it but its audit trail, at most p_limit rows of what grows in a call: how many they were, and whether the tenant is gone. Raises 404 TENANT_NOT_FOUND, 409 TENANT_HAS_MEMBERS.';
revoke all on function private.purge_tenant from public, anon, authenticated, service_role;

-- from sql/92_retention/functions/queue_health.sql sha256:25d8fc4bb250f6df7585f798dfc8883a0ffc28e2f884aec270f1e1ba3ba7b746
-- Only the owner may ask: the figures are about all tenants, and about the sessions of the server.
create or replace function private.queue_health()
returns table (figure text, value numeric, most numeric, is_ok boolean, advice text)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := private.clock();
    v_kept uuid := private.uuid_v7_floor(date_trunc('week', private.longest_retention_horizon(), 'UTC'));
begin
    return query
    with figures (figure, value, most, advice) as (
        select
            'oldest_snapshot_seconds',
            (
                select max(extract(epoch from clock_timestamp() - a.xact_start))
                from pg_catalog.pg_stat_activity as a
                where a.backend_xmin is not null and a.backend_type <> 'autovacuum worker' and a.pid <> pg_backend_pid()
            ),
            60,
            'A transaction keeps dead rows alive. End it: select pg_terminate_backend(pid) from pg_stat_activity order by xact_start limit 1. Run reports on a replica.'
        union all
        select
            'oldest_xmin_transactions',
            greatest(
                (select max(age(a.backend_xmin)) from pg_catalog.pg_stat_activity as a),
                (select max(greatest(age(s.xmin), age(s.catalog_xmin))) from pg_catalog.pg_replication_slots as s),
                (select max(age(p.transaction)) from pg_catalog.pg_prepared_xacts as p)
            ),
            1000000,
            'A session, a replication slot or a prepared transaction keeps dead rows alive: see pg_replication_slots and pg_prepared_xacts.'
        union all
        select
            d.relname || '_dead_rows', pg_stat_get_dead_tuples(d.oid), 20000,
            'Vacuum does not keep up or cannot: see oldest_snapshot_seconds, and casare_vacuum_hot_tables in cron.job_run_details.'
        from pg_catalog.pg_class as d
        where d.oid in ('private.ready'::regclass, 'private.leases'::regclass)
        union all
        select
            'oldest_ready_seconds',
            (
                select extract(epoch from clock_timestamp() - min(private.uuid_v7_time(f.job_id)))
                from private.lanes as l
                cross join lateral (
                    select r.job_id
                    from private.ready as r
                    where r.tenant_no = l.tenant_no and r.lane_id = l.lane_id
                    order by r.job_id
                    limit 1
                ) as f
            ),
            null,
            'The oldest job that waits for a robot: its age says whether there are enough robots.'
        union all
        select
            'late_scheduled_seconds',
            (select extract(epoch from v_now - min(s.run_at)) from private.scheduled as s where s.run_at <= v_now),
            90,
            'Delayed jobs and retries are not promoted: does cron run? See cron.job_run_details.'
        union all
        select
            'late_rescue_seconds',
            (
                select extract(epoch from v_now - min(private.lease_over_at(l)))
                from private.leases as l
                where private.lease_over_at(l) <= v_now
            ),
            90,
            'Leases that are over are not taken back: does cron run? See cron.job_run_details.'
        union all
        select
            'late_event_seconds',
            (
                select extract(epoch from v_now - i.occurred_at)
                from private.event_inbox as i
                order by i.inbox_id
                limit 1
            ),
            180,
            'Events wait for their number: does cron run sequence_events?'
        union all
        select
            'missing_partition_rows',
            (select count(*) from (select from private.jobs_default as d where d.job_id >= v_kept limit 10000) as x),
            0,
            'Jobs whose partition was missing lie in jobs_default. place_default_jobs moves them; see its last error.'
        union all
        select
            'kept_rows',
            (select count(*) from (select from private.jobs_default as d where d.job_id < v_kept limit 10000) as x),
            9999,
            'Live jobs and dead letters of weeks that were dropped. Requeue, purge or cancel them.'
        union all
        select
            'weeks_without_partition',
            4 - (
                select count(*)
                from generate_series(0, 3) as w (n)
                where to_regclass(
                    'private.jobs_' || to_char((v_now + make_interval(days => 7 * w.n)) at time zone 'UTC', 'IYYY"w"IW')
                ) is not null
            ),
            0,
            'Run select private.ensure_job_partitions().'
        union all
        select
            'partitions_not_dropped',
            (
                select count(*)
                from pg_catalog.pg_inherits as i
                join pg_catalog.pg_class as c on c.oid = i.inhrelid
                where i.inhparent = 'public.jobs'::regclass
                    and c.relname ~ '^jobs_[0-9]{4}w[0-9]{2}$'
                    and private.uuid_v7_floor(
                        (to_date(right(c.relname, 7), 'IYYY"w"IW') + 14)::timestamp at time zone 'UTC'
                    ) <= v_kept
            ),
            0,
            'Partitions that nobody''s retention holds are still there: export them (casare-cloud db export), or see the last error of drop_job_partitions.'
        union all
        select
            'tenants_without_members',
            (select count(*) from private.list_abandoned_tenants()),
            0,
            'Nobody can sign in to them, and their robots go on: casare-cloud db tenants list, then give or purge.'
        union all
        select
            'behind_duty_seconds',
            (select max(extract(epoch from v_now - r.behind_since)) from private.duty_runs as r),
            900,
            coalesce(
                'More comes than is done of ' || (
                    select string_agg(r.name, ', ' order by r.behind_since)
                    from private.duty_runs as r
                    where r.behind_since is not null
                ) || '. Tenants have their turns all the same.',
                'No duty has anything left to do.'
            )
        union all
        select
            'duty_' || r.name || '_seconds',
            extract(epoch from v_now - r.last_run_at),
            extract(epoch from 3 * greatest(d.every, interval '1 minute')) + 60,
            coalesce('Its last run failed: ' || r.last_error, 'Does cron run? See cron.job_run_details.')
        from private.duty_runs as r
        join private.duties as d on d.name = r.name
    )
    select
        f.figure::text, round(greatest(coalesce(f.value, 0), 0)::numeric, 3), f.most::numeric,
        coalesce(f.value, 0) <= coalesce(f.most, 'infinity') and (
            f.figure not like 'duty\_%' or not exists (
                select from private.duty_runs as d where f.figure = 'duty_' || d.name || '_seconds' and d.last_error is not null
            )
        ),
        f.advice::text
    from figures as f;
end
$$;
comment on function private.queue_health is
    'What an operator should look at, each figure with the most that is normal (null: there is no such number) and what to do beyond it. No figure names a tenant.';
revoke all on function private.queue_health from public, anon, authenticated, service_role;

-- from sql/92_retention/functions/retention_horizon.sql sha256:8c5e48a2a911303776601778a9523a30c2643988358bf7512e6c46dad4b9d16c
create or replace function private.retention_horizon(p_kind text, p_tenant_id uuid)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_days integer;
begin
    select case
        when r.may_be_shortened and t.settings #>> array['retention', p_kind || '_days'] ~ '^[1-9][0-9]{0,4}$'
            then least(r.days, (t.settings #>> array['retention', p_kind || '_days'])::integer)
        else r.days
    end
    into v_days
    from public.tenants as t
    join private.retentions as r on r.kind = p_kind and r.plan = t.plan
    where t.tenant_id = p_tenant_id;
    return private.clock() - make_interval(days => coalesce(v_days, 0));
end
$$;
comment on function private.retention_horizon is
    'What a tenant has of a kind from before this time is kept no longer: by its plan, or sooner by settings.retention.<kind>_days. The present for a tenant that is gone.';
revoke all on function private.retention_horizon from public, anon, authenticated, service_role;

-- from sql/92_retention/functions/set_retention.sql sha256:ce6bd2890a71cbfa16b7d39eddd4fdcf742107477f8d5f72a2692dc75db73764
create or replace function public.set_retention(p_days jsonb default '{}', p_export_before_drop boolean default null)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('settings.write');
    v_kind text;
    v_days jsonb;
    v_most record;
    v_retention jsonb;
begin
    select coalesce(t.settings -> 'retention', '{}') into v_retention
    from public.tenants as t
    where t.tenant_id = v_caller.tenant_id
    for update;
    if jsonb_typeof(p_days) is distinct from 'object' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'days must be an object such as {"jobs": 3}.');
    end if;
    for v_kind, v_days in select d.key, d.value from jsonb_each(p_days) as d loop
        select r.days into v_most
        from private.retentions as r
        join public.tenants as t on t.plan = r.plan
        where t.tenant_id = v_caller.tenant_id and r.kind = v_kind and r.may_be_shortened;
        if not found then
            perform private.raise_error(400, 'INVALID_ARGUMENT', format('days.%s cannot be set.', v_kind));
        elsif v_days = 'null' then
            v_retention := v_retention - (v_kind || '_days');
        elsif v_days::text !~ '^[1-9][0-9]{0,4}$' or v_days::text::integer > v_most.days then
            perform private.raise_error(
                400, 'INVALID_ARGUMENT', format('days.%s must be a whole number from 1 to %s, the plan''s.', v_kind, v_most.days)
            );
        else
            v_retention := v_retention || jsonb_build_object(v_kind || '_days', v_days);
        end if;
    end loop;
    if p_export_before_drop is not null then
        v_retention := v_retention || jsonb_build_object('export_before_drop', p_export_before_drop);
    end if;
    update public.tenants as t
    set settings = jsonb_set(t.settings, '{retention}', v_retention), updated_at = private.clock()
    where t.tenant_id = v_caller.tenant_id;
    return public.get_retention();
end
$$;
comment on function public.set_retention is
    'Shortens how many days the caller''s tenant keeps jobs, job_logs, job_node_executions, late_results, dead_letters and events (null: as long as the plan says again), or asks that jobs are exported before they are dropped. Needs settings.write.';
revoke all on function public.set_retention from public, anon, authenticated, service_role;
grant execute on function public.set_retention to authenticated;

-- from sql/92_retention/functions/uuid_v7_time.sql sha256:25401372801422efa34cd341eaea95b177e6bae5d2795448cf443912706f9b1c
create or replace function private.uuid_v7_time(p_id uuid)
returns timestamptz
language sql
immutable
strict
set search_path = pg_catalog, pg_temp
as $$
    select to_timestamp(('x' || left(replace(p_id::text, '-', ''), 12))::bit(48)::bigint / 1000.0)
$$;
comment on function private.uuid_v7_time is 'When a UUID of version 7 was made, to the millisecond.';
revoke all on function private.uuid_v7_time from public, anon, authenticated, service_role;

-- from sql/95_analytics/functions/add_counts.sql sha256:ec39362b74b2636c77c964c7f02f96f070a0b4a34c43cca02de35d1d5b0bf16a
-- Error types are whatever robots say. Without a limit one robot could make a row grow for ever.
create or replace function private.add_counts(p_counts jsonb, p_more jsonb, p_most integer default null)
returns jsonb
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    with added as (
        select c.key, sum(c.value::bigint) as times, row_number() over (order by sum(c.value::bigint) desc, c.key) as place
        from (select * from jsonb_each_text(p_counts) union all select * from jsonb_each_text(p_more)) as c
        group by c.key
    ),
    kept as (
        select case when a.place > p_most then '(other)' else a.key end as key, sum(a.times) as times
        from added as a
        group by 1
    )
    select coalesce(jsonb_object_agg(k.key, k.times), '{}') from kept as k
$$;
comment on function private.add_counts is
    'Two objects of counts in one. With p_most, the keys beyond that many, the rarest, are counted together as (other).';
revoke all on function private.add_counts from public, anon, authenticated, service_role;

-- from sql/95_analytics/functions/add_job_ends.sql sha256:ea7c8376900266f7b268b5a117635901e537f7655cef4cd6b3675e91728dae56
-- The caller holds the row of the tenant's event counter, so that there is one writer for each tenant.
create or replace function private.add_job_ends(p_tenant_id uuid, p_ends private.job_end[])
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into public.job_rollups as r (
        tenant_id, level, starts_at, subject_id, completed, failed, timed_out, cancelled, duration_ms_sum, durations,
        error_types, healed, not_healed
    )
    select
        p_tenant_id,
        s.level,
        s.starts_at,
        s.subject_id,
        count(*) filter (where e.status = 'completed'),
        count(*) filter (where e.status = 'failed'),
        count(*) filter (where e.status = 'timeout'),
        count(*) filter (where e.status = 'cancelled'),
        coalesce(sum(greatest(e.duration_ms, 0)) filter (where e.status = 'completed'), 0),  -- a sum that never falls
        private.count_words(
            array_agg(e.bucket) filter (where e.status = 'completed')
        ),
        private.count_words(
            array_agg(coalesce(nullif(e.error_type, ''), 'UNKNOWN')) filter (where e.status in ('failed', 'timeout'))
        ),
        coalesce(sum(e.healed), 0),
        coalesce(sum(e.not_healed), 0)
    from (
        select u.*, private.duration_bucket(u.duration_ms)::text as bucket
        from unnest(p_ends) as u
        offset 0    -- once for each end, not for each of its rollups
    ) as e
    cross join lateral (
        values
            ('tenant', 'epoch', p_tenant_id),
            ('tenant_day', date_trunc('day', e.ended_at, 'UTC'), p_tenant_id),
            ('tenant_hour', date_trunc('hour', e.ended_at, 'UTC'), p_tenant_id),
            ('workflow_day', date_trunc('day', e.ended_at, 'UTC'), e.workflow_id),
            ('workflow_hour', date_trunc('hour', e.ended_at, 'UTC'), e.workflow_id),
            ('robot_hour', date_trunc('hour', e.ended_at, 'UTC'), e.robot_id)
    ) as w (level, starts_at, subject_id)
    cross join lateral (select w.level::public.rollup_level, w.starts_at, w.subject_id) as s
    where s.subject_id is not null
    group by s.level, s.starts_at, s.subject_id
    on conflict (tenant_id, level, starts_at, subject_id) do update set
        completed = r.completed + excluded.completed,
        failed = r.failed + excluded.failed,
        timed_out = r.timed_out + excluded.timed_out,
        cancelled = r.cancelled + excluded.cancelled,
        duration_ms_sum = r.duration_ms_sum + excluded.duration_ms_sum,
        durations = private.add_counts(r.durations, excluded.durations),
        error_types = private.add_counts(r.error_types, excluded.error_types, 200),
        healed = r.healed + excluded.healed,
        not_healed = r.not_healed + excluded.not_healed
$$;
comment on function private.add_job_ends is
    'Counts the ends of a tenant''s jobs in the rollups of their hours, days, workflows and robots.';
revoke all on function private.add_job_ends from public, anon, authenticated, service_role;

-- from sql/95_analytics/functions/bucket_duration_ms.sql sha256:e998395ef65b91637ed5b47407f97e1fac90d969fb96934472111d155bd93dba
create or replace function private.bucket_duration_ms(p_bucket integer)
returns double precision
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select case when p_bucket = 0 then 0 else 2 * power(1.08::double precision, p_bucket - 1) / 2.08 end
$$;
comment on function private.bucket_duration_ms is
    'The duration that stands for a bucket: no duration in it differs from that by more than 4 percent.';
revoke all on function private.bucket_duration_ms from public, anon, authenticated, service_role;

-- from sql/95_analytics/functions/count_words.sql sha256:da42402f0e46494464fff177b1246fcb399236918c89c5d53b9f7da9e14747d8
create or replace function private.count_words(p_words text[])
returns jsonb
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(jsonb_object_agg(c.word, c.times), '{}')
    from (select w.word, count(*) as times from unnest(p_words) as w (word) where w.word is not null group by w.word) as c
$$;
comment on function private.count_words is 'How often each word is there, as an object; nulls do not count.';
revoke all on function private.count_words from public, anon, authenticated, service_role;

-- from sql/95_analytics/functions/duration_bucket.sql sha256:36cb77197732f7dd3996c7864aec1e6233c06b1dcd56a48d09b84cf00ab8b552
create or replace function private.duration_bucket(p_duration_ms bigint)
returns integer
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select case when p_duration_ms < 1 then 0 else 1 + ceil(ln(p_duration_ms::double precision) / ln(1.08::double precision))::integer end
$$;
comment on function private.duration_bucket is
    'The bucket of a duration: 0 for less than a millisecond, else 1 + n for up to 1.08 to the n milliseconds. Its inverse is private.bucket_duration_ms().';
revoke all on function private.duration_bucket from public, anon, authenticated, service_role;

-- from sql/95_analytics/functions/duration_percentile.sql sha256:4edb733b48bbc547cdcd0ebbd97a8ee6ceba593f5e1f9a642a6b5d9ac9951c79
create or replace function private.duration_percentile(p_durations jsonb, p_fraction numeric)
returns bigint
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select round(private.bucket_duration_ms(c.bucket))::bigint
    from (
        select
            d.key::integer as bucket,
            sum(d.value::bigint) over (order by d.key::integer) as up_to_here,
            sum(d.value::bigint) over () as total
        from jsonb_each_text(p_durations) as d
    ) as c
    where c.up_to_here >= ceil(p_fraction * c.total)
    order by c.bucket
    limit 1
$$;
comment on function private.duration_percentile is
    'The duration in milliseconds that this fraction of a histogram does not exceed (nearest rank), within 4 percent and rounding; null for an empty one.';
revoke all on function private.duration_percentile from public, anon, authenticated, service_role;

-- from sql/95_analytics/functions/fold_job_ends.sql sha256:3c06d44cb37a452d56c65a0358bafc187d9ab9c0db7508144819c2f9b8800997
-- Everything comes from the event, so it makes no difference what has become of the job. Only healings stand elsewhere.
create or replace function private.fold_job_ends(p_tenant_id uuid, p_after bigint, p_last bigint)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_ends private.job_end[];
begin
    select array_agg(row(
        e.occurred_at, substr(e.event_type, 5), e.workflow_id, e.robot_id, (e.data ->> 'duration_ms')::bigint,
        e.data ->> 'error_type', n.healed, n.not_healed
    )::private.job_end)
    into v_ends
    from public.events as e
    cross join lateral (
        select sum(x.healed) as healed, sum(x.not_healed) as not_healed
        from public.job_node_executions as x
        where x.job_id = e.job_id
    ) as n
    where e.tenant_id = p_tenant_id
        and e.seq > p_after
        and e.seq <= p_last
        and e.event_type in ('job.completed', 'job.failed', 'job.timeout', 'job.cancelled');
    if v_ends is not null then
        perform private.add_job_ends(p_tenant_id, v_ends);
    end if;
end
$$;
comment on function private.fold_job_ends is
    'Counts the jobs that ended by the events with these numbers. Called once for each number, by whoever gave it.';
revoke all on function private.fold_job_ends from public, anon, authenticated, service_role;

-- from sql/95_analytics/functions/get_fleet_metrics.sql sha256:a63c9c0ccd64b01cc966fea56dc66bd2af30dcdf00bdcff8eb3d186572338d05
create or replace function public.get_fleet_metrics()
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize('analytics.read');
    v_today timestamptz;
begin
    perform private.sequence_tenant_events(v_caller.tenant_id);
    v_today := private.tenant_day_began_at(v_caller.tenant_id);
    return jsonb_build_object(
        'robots', (
            select coalesce(jsonb_agg(to_jsonb(states)), '[]')
            from (
                select r.is_online, r.is_active, r.is_healthy, r.is_busy, count(*) as robots
                from public.live_robots as r
                where r.tenant_id = v_caller.tenant_id
                group by r.is_online, r.is_active, r.is_healthy, r.is_busy
            ) as states
        ),
        'active_jobs', (select count(*) from private.leases as l where l.tenant_id = v_caller.tenant_id),
        'queue_depth', (
            select count(*)
            from private.ready as r
            where r.tenant_no = (select q.tenant_no from private.queue_tenants as q where q.tenant_id = v_caller.tenant_id)
        ),
        'scheduled_jobs', (select count(*) from private.scheduled as s where s.tenant_id = v_caller.tenant_id),
        'today', (
            select jsonb_build_object(
                'completed', coalesce(sum(r.completed), 0),
                'failed', coalesce(sum(r.failed), 0),
                'timed_out', coalesce(sum(r.timed_out), 0),
                'cancelled', coalesce(sum(r.cancelled), 0),
                'duration_ms_sum', coalesce(sum(r.duration_ms_sum), 0)
            )
            from public.job_rollups as r
            where r.tenant_id = v_caller.tenant_id and r.level = 'tenant_hour' and r.starts_at >= v_today
        ),
        'total', (
            select jsonb_build_object(
                'completed', r.completed,
                'failed', r.failed,
                'timed_out', r.timed_out,
                'cancelled', r.cancelled,
                'duration_ms_sum', r.duration_ms_sum,
                'durations', (
                    select coalesce(jsonb_agg(
                        jsonb_build_array(private.bucket_duration_ms(d.key::integer), d.value::bigint) order by d.key::integer
                    ), '[]')
                    from jsonb_each_text(r.durations) as d
                )
            )
            from public.job_rollups as r
            where r.tenant_id = v_caller.tenant_id and r.level = 'tenant'
        )
    );
end
$$;
comment on function public.get_fleet_metrics is
    'How many of the tenant''s robots are in which state (online, active, healthy, busy), jobs in hand and waiting, and how jobs ended today (in the tenant''s timezone) and ever. Needs analytics.read.';
revoke all on function public.get_fleet_metrics from public, anon, authenticated, service_role;
grant execute on function public.get_fleet_metrics to authenticated;

-- from sql/95_analytics/functions/get_job_analytics.sql sha256:1f56095d9c0e6781802136de6aeba6a1f6eafbaf170c5e45ba5fa7aa3510880b
-- Whole days from the rows of days, and the hours of the first day, which the period cuts, from the rows of hours: at most
-- 90 + 24 rows for the tenant and for each workflow, however many jobs there were.
create or replace function public.get_job_analytics(p_days integer default 7)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize('analytics.read');
    v_since timestamptz := date_trunc('hour', private.clock(), 'UTC') - make_interval(hours => 24 * p_days);
    v_midnight timestamptz := date_trunc('day', v_since + interval '1 day' - interval '1 microsecond', 'UTC');
    v_answer jsonb;
begin
    if p_days is null or p_days not between 1 and 90 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'days must lie between 1 and 90.');
    end if;
    perform private.sequence_tenant_events(v_caller.tenant_id);

    with mine as materialized (
        select r.*
        from public.job_rollups as r
        where r.tenant_id = v_caller.tenant_id and r.level = 'tenant_day' and r.starts_at >= v_midnight
        union all
        select r.*
        from public.job_rollups as r
        where r.tenant_id = v_caller.tenant_id and r.level = 'tenant_hour'
            and r.starts_at >= v_since and r.starts_at < v_midnight
    ),
    by_workflow as (
        select w.subject_id, sum(w.completed) as completed, sum(w.duration_ms_sum) / sum(w.completed) as average_duration_ms
        from (
            select r.subject_id, r.completed, r.duration_ms_sum
            from public.job_rollups as r
            where r.tenant_id = v_caller.tenant_id and r.level = 'workflow_day' and r.starts_at >= v_midnight
            union all
            select r.subject_id, r.completed, r.duration_ms_sum
            from public.job_rollups as r
            where r.tenant_id = v_caller.tenant_id and r.level = 'workflow_hour'
                and r.starts_at >= v_since and r.starts_at < v_midnight
        ) as w
        group by w.subject_id
        having sum(w.completed) > 0
    ),
    slowest as (
        select b.subject_id, f.name, b.completed, b.average_duration_ms
        from by_workflow as b
        join public.workflows as f on f.workflow_id = b.subject_id and f.deleted_at is null
        order by b.average_duration_ms desc, b.subject_id
        limit 10
    ),
    errors as (
        select e.key as error_type, sum(e.value::bigint)::bigint as times
        from mine as m
        cross join lateral jsonb_each_text(m.error_types) as e
        group by e.key
        order by times desc, e.key
        limit 100
    ),
    histogram as (
        select coalesce(jsonb_object_agg(d.bucket, d.times), '{}') as durations
        from (
            select h.key as bucket, sum(h.value::bigint) as times
            from mine as m
            cross join lateral jsonb_each_text(m.durations) as h
            group by h.key
        ) as d
    )
    select jsonb_build_object(
        'since', private.to_iso(v_since),
        'completed', coalesce(sum(m.completed), 0),
        'failed', coalesce(sum(m.failed), 0),
        'timed_out', coalesce(sum(m.timed_out), 0),
        'cancelled', coalesce(sum(m.cancelled), 0),
        'duration_ms_sum', coalesce(sum(m.duration_ms_sum), 0),
        'healed', coalesce(sum(m.healed), 0),
        'not_healed', coalesce(sum(m.not_healed), 0),
        'percentiles', (
            select jsonb_build_object(
                'p50', private.duration_percentile(h.durations, 0.5),
                'p90', private.duration_percentile(h.durations, 0.9),
                'p99', private.duration_percentile(h.durations, 0.99)
            )
            from histogram as h
        ),
        'slowest_workflows', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'workflow_id', s.subject_id,
                'workflow_name', s.name,
                'completed', s.completed,
                'average_duration_ms', round(s.average_duration_ms)
            ) order by s.average_duration_ms desc, s.subject_id), '[]')
            from slowest as s
        ),
        'error_counts', (
            select coalesce(jsonb_agg(
                jsonb_build_object('error_type', e.error_type, 'count', e.times) order by e.times desc, e.error_type
            ), '[]')
            from errors as e
        )
    )
    into v_answer
    from mine as m;
    return v_answer;
end
$$;
comment on function public.get_job_analytics is
    'How the tenant''s jobs of the last p_days times 24 hours, from a full hour on, ended: counts, durations of completed jobs, error types, the slowest workflows. Read from rollups only. Needs analytics.read.';
revoke all on function public.get_job_analytics from public, anon, authenticated, service_role;
grant execute on function public.get_job_analytics to authenticated;

-- from sql/95_analytics/functions/get_robot_metrics.sql sha256:d9c36906d2b3059464c03cf42846fcedeb8416f417f699be5e5ee3cf48ec320b
create or replace function public.get_robot_metrics(p_robot_id uuid)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize('analytics.read');
begin
    perform private.sequence_tenant_events(v_caller.tenant_id);
    return (
        select jsonb_build_object(
            'completed', coalesce(sum(r.completed), 0),
            'failed', coalesce(sum(r.failed), 0),
            'timed_out', coalesce(sum(r.timed_out), 0),
            'cancelled', coalesce(sum(r.cancelled), 0),
            'duration_ms_sum', coalesce(sum(r.duration_ms_sum), 0)
        )
        from public.job_rollups as r
        where r.tenant_id = v_caller.tenant_id
            and r.level = 'robot_hour'
            and r.starts_at >= private.tenant_day_began_at(v_caller.tenant_id)
            and r.subject_id = p_robot_id
    );
end
$$;
comment on function public.get_robot_metrics is
    'How the jobs ended today (in the tenant''s timezone) that a robot had; zeros for a robot that is not there. Needs analytics.read.';
revoke all on function public.get_robot_metrics from public, anon, authenticated, service_role;
grant execute on function public.get_robot_metrics to authenticated;

-- from sql/95_analytics/functions/keep_node_executions.sql sha256:4851c8af99edb04819b2fff4d403ed90e51812953c5e2d5062d5f04f2bee7d6c
create or replace function private.keep_node_executions(p_lease private.leases, p_node_executions jsonb)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tidy jsonb := private.tidy_node_executions(p_node_executions);
begin
    if v_tidy is null then
        return;
    end if;
    insert into public.job_node_executions as x (
        tenant_id, job_id, attempt, node_executions, healed, not_healed, reported_at
    )
    values (
        p_lease.tenant_id, p_lease.job_id, p_lease.attempt, v_tidy,
        jsonb_array_length(jsonb_path_query_array(v_tidy, '$[*] ? (@.healing.healed == true)')),
        jsonb_array_length(jsonb_path_query_array(v_tidy, '$[*] ? (@.healing.healed == false)')),
        private.clock()
    )
    on conflict (job_id, attempt) do update set
        node_executions = excluded.node_executions,
        healed = excluded.healed,
        not_healed = excluded.not_healed,
        reported_at = excluded.reported_at;
end
$$;
comment on function private.keep_node_executions is
    'Keeps what a robot said of the nodes of an attempt; the last report counts. One insert, or nothing at all.';
revoke all on function private.keep_node_executions from public, anon, authenticated, service_role;

-- from sql/95_analytics/functions/purge_expired_job_node_executions.sql sha256:41dde648e0029c23d8ab60d732836e6aad1609abc8fcf1f26eeda829239ef5d5
create or replace function private.purge_expired_job_node_executions(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language sql
set search_path = pg_catalog, pg_temp
as $$
    select private.purge_expired_rows('job_node_executions', p_tenant_id, p_limit)
$$;
comment on function private.purge_expired_job_node_executions is
    'Duty, a tenant''s turn: see private.purge_expired_rows() and private.retentions.';
revoke all on function private.purge_expired_job_node_executions from public, anon, authenticated, service_role;

-- from sql/95_analytics/functions/purge_job_rollups.sql sha256:6f15711b346e9227f4eb51431900c2fdba60559c479232fa73ae131149dedf33
create or replace function private.purge_job_rollups(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_count integer;
begin
    delete from public.job_rollups as r
    where r.ctid = any (array(
        select o.ctid
        from public.job_rollups as o
        where o.tenant_id = p_tenant_id
            and (
                o.level in ('tenant_hour', 'workflow_hour', 'robot_hour') and o.starts_at < private.clock() - interval '100 days'
                or o.level in ('tenant_day', 'workflow_day') and o.starts_at < private.clock() - interval '800 days'
            )
        limit p_limit
    ));
    get diagnostics v_count = row_count;
    return (v_count, v_count, case when v_count = p_limit then 'more' end)::private.turn;
end
$$;
comment on function private.purge_job_rollups is
    'Duty, a tenant''s turn: removes p_limit rollups, of hours after 100 days and of days after 800, and counts them. A tenant''s total stays.';
revoke all on function private.purge_job_rollups from public, anon, authenticated, service_role;

-- from sql/95_analytics/functions/rebuild_job_rollups.sql sha256:b90830ed2c8292b89c0abe9ac4e1f575ff59edc2d2749cf3bfb312a97da8df4b
-- Jobs that end meanwhile are told by events that cannot get their number before this commits; those are left to them.
create or replace function private.rebuild_job_rollups(p_tenant_id uuid)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_last_job_id uuid := '00000000-0000-0000-0000-000000000000';
    v_page record;
    v_count bigint := 0;
begin
    perform from private.event_counters as c where c.tenant_id = p_tenant_id for update;
    while private.sequence_tenant_events(p_tenant_id) > 0 loop
        null;
    end loop;
    delete from public.job_rollups as r where r.tenant_id = p_tenant_id;
    loop
        select
            (array_agg(p.job_id order by p.job_id desc))[1] as last_job_id,
            array_agg(row(
                p.finished_at, p.status::text, p.workflow_id, p.robot_id, p.duration_ms, p.error_type, n.healed, n.not_healed
            )::private.job_end) filter (where p.is_counted) as ends
        into v_page
        from (
            select
                j.*,
                round(extract(epoch from j.finished_at - coalesce(j.started_at, j.claimed_at)) * 1000)::bigint as duration_ms,
                j.finished_at is not null and not exists (
                    select
                    from private.event_inbox as i
                    where i.tenant_id = p_tenant_id and i.job_id = j.job_id and i.event_type = 'job.' || j.status
                ) as is_counted
            from public.jobs as j
            where j.tenant_id = p_tenant_id and j.job_id > v_last_job_id
            order by j.job_id
            limit 50000
        ) as p
        cross join lateral (
            select sum(x.healed) as healed, sum(x.not_healed) as not_healed
            from public.job_node_executions as x
            where x.job_id = p.job_id
        ) as n;
        exit when v_page.last_job_id is null;
        if v_page.ends is not null then
            perform private.add_job_ends(p_tenant_id, v_page.ends);
            v_count := v_count + cardinality(v_page.ends);
        end if;
        v_last_job_id := v_page.last_job_id;
    end loop;
    return v_count;
end
$$;
comment on function private.rebuild_job_rollups is
    'Makes a tenant''s rollups anew from the jobs that are still there, and returns how many ended jobs it counted. For history that was loaded, and for repair: what retention removed is lost.';
revoke all on function private.rebuild_job_rollups from public, anon, authenticated, service_role;

-- from sql/95_analytics/functions/tenant_day_began_at.sql sha256:99cd5923b5ff32dbe39600a622b61fc07575d572f9ac871b16d3acbd45c39e0b
create or replace function private.tenant_day_began_at(p_tenant_id uuid)
returns timestamptz
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select date_trunc('hour', date_trunc('day', private.clock(), t.timezone), 'UTC')
    from public.tenants as t
    where t.tenant_id = p_tenant_id
$$;
comment on function private.tenant_day_began_at is
    'The UTC hour in which today began in the tenant''s timezone: the first hour whose rollups count as today''s.';
revoke all on function private.tenant_day_began_at from public, anon, authenticated, service_role;

-- from sql/95_analytics/functions/tidy_node_executions.sql sha256:7e8808bc1591f8f05c02aafbf4f55aae36188c7cfc6371c40f2e91a6b20ba61a
-- Lenient: a job's outcome must never be refused because of its statistics. JSON has numbers of any size, readers have
-- not: they end at 2^31 - 1. In PL/pgSQL, which keeps the plan.
create or replace function private.tidy_node_executions(p_node_executions jsonb)
returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select jsonb_agg(
            jsonb_strip_nulls(jsonb_build_object(
                'node_id', left(n.item ->> 'node_id', 255),
                'node_type', left(n.item ->> 'node_type', 255),
                'status', left(n.item ->> 'status', 32),
                'duration_ms', case
                    when jsonb_typeof(n.item -> 'duration_ms') = 'number'
                        then least(greatest(round((n.item ->> 'duration_ms')::numeric), 0), 2147483647)
                end,
                'runs', case
                    when jsonb_typeof(n.item -> 'runs') = 'number'
                        then least(greatest(round((n.item ->> 'runs')::numeric), 0), 2147483647)
                end,
                'healing', case
                    when jsonb_typeof(n.item #> '{healing,healed}') = 'boolean' then jsonb_build_object(
                        'healed', n.item #> '{healing,healed}',
                        'attempts', case
                            when jsonb_typeof(n.item #> '{healing,attempts}') = 'number'
                                then least(greatest(round((n.item #>> '{healing,attempts}')::numeric), 0), 2147483647)
                        end
                    )
                end
            ))
            order by n.place
        )
        from jsonb_array_elements(
            case when jsonb_typeof(p_node_executions) = 'array' then p_node_executions else '[]' end
        ) with ordinality as n (item, place)
        where n.place <= 1000 and jsonb_typeof(n.item) = 'object' and n.item ->> 'node_id' <> ''
    );
end
$$;
comment on function private.tidy_node_executions is
    'The known keys of up to 1,000 node executions; what is no object with a node_id is left out. Null when nothing is left.';
revoke all on function private.tidy_node_executions from public, anon, authenticated, service_role;

-- from sql/97_duties/functions/next_duty.sql sha256:86c2e9c311dfd8030076375f818b19e9b5c009e7fd307b2df167b7eb7e0f885f
-- That it was tried is committed before it runs: a duty at which a session ends is not the first of the next session again.
create or replace function private.next_duty()
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := private.clock();
    v_name text;
begin
    select r.name
    into v_name
    from private.duty_runs as r
    join private.duties as d on d.name = r.name
    where r.behind_since is not null
        or r.last_run_at > v_now    -- the clock was set back
        or r.last_run_at + greatest(d.every, d.rest * r.last_took) <= v_now
    order by r.tried_at, r.name
    limit 1
    for update of r skip locked;
    if found then
        update private.duty_runs as r set tried_at = clock_timestamp() where r.name = v_name;
        perform set_config('synchronous_commit', 'off', true);  -- worth no wait for the disk
    end if;
    return v_name;
end
$$;
comment on function private.next_duty is
    'Of the duties that are due or behind, and that nobody runs now, the one that was tried the longest ago; null when there is none.';
revoke all on function private.next_duty from public, anon, authenticated, service_role;

-- from sql/97_duties/functions/purge_cron_details.sql sha256:6769f6b3a74294bdd222535a66df5a141eef764f8b8083feab5ad08d1b715179
create or replace function private.purge_cron_details(p_limit integer default 10000)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_count integer;
begin
    delete from cron.job_run_details as d
    where d.runid = any (array(
        select o.runid from cron.job_run_details as o where o.end_time < now() - interval '1 day' limit p_limit
    ));
    get diagnostics v_count = row_count;
    return v_count;
end
$$;
comment on function private.purge_cron_details is
    'Duty: deletes what cron wrote down of its runs a day ago, which it never does itself, and returns how many.';
revoke all on function private.purge_cron_details from public, anon, authenticated, service_role;

-- from sql/97_duties/functions/run_due_duties.sql sha256:d89ea9b95533e4da8d6cb4fd05f95a6c2664c3e82cc1cd78dead6ecb6c4a6f77
-- A claim of any tenant's robot may do this: who asks is put aside, so that nobody's name stands in another's events and audit log.
create or replace function private.run_due_duties()
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := private.clock();
    v_duty record;
    v_done integer := 0;
    v_count integer;
    v_claims text := current_setting('request.jwt.claims', true);
    v_request_id text := current_setting('casare.request_id', true);
    v_client_ip text := current_setting('casare.client_ip', true);
begin
    perform
        set_config('request.jwt.claims', '', true),
        set_config('casare.request_id', '', true),
        set_config('casare.client_ip', '', true);
    for v_duty in
        select d.name, d.claims_bound as bound
        from private.duties as d
        where d.claims_every is not null and (d.claimed_at <= v_now - d.claims_every or d.claimed_at > v_now)
        -- Schedules first: firing waits for the deletion of a workflow, which may wait for what promotion takes.
        -- raise_low_water last: nothing after it waits for a lane. Promotion next: it may wait for leases, which nobody
        -- may do who holds limits, and rescue does.
        order by d.name = 'raise_low_water', d.name <> 'fire_due_schedules', d.name
        for update skip locked
    loop
        v_count := 0;
        update private.duties as d set claimed_at = v_now where d.name = v_duty.name;
        begin
            case v_duty.name
                when 'promote_scheduled_jobs' then
                    v_count := private.promote_scheduled_jobs(v_duty.bound);
                    v_done := v_done + v_count;
                when 'rescue_expired_leases' then
                    v_done := v_done + private.lengthen_leases();
                    v_count := private.rescue_expired_leases(v_duty.bound);
                    v_done := v_done + v_count;
                when 'raise_low_water' then
                    v_done := v_done + private.raise_low_water(p_limit => v_duty.bound);
                when 'recheck_low_water' then
                    v_done := v_done + private.recheck_low_water(v_duty.bound);
                when 'fold_share_usage' then
                    perform private.fold_share_usage(v_duty.bound);
                when 'fire_due_schedules' then
                    perform private.fire_due_schedules(v_duty.bound);
            end case;
        exception
            when others then    -- a duty that cannot be done must not keep robots from their work
                raise warning '% failed: %', v_duty.name, sqlerrm;
        end;
        if v_count = v_duty.bound then      -- more is due than one claim shall do: the next claim goes on
            update private.duties as d set claimed_at = v_now - d.claims_every where d.name = v_duty.name;
        end if;
    end loop;
    perform
        set_config('request.jwt.claims', coalesce(v_claims, ''), true),
        set_config('casare.request_id', coalesce(v_request_id, ''), true),
        set_config('casare.client_ip', coalesce(v_client_ip, ''), true);
    perform setval(
        'private.next_duty_at',
        (
            select floor(extract(epoch from greatest(min(d.claimed_at + d.claims_every), 'epoch')) * 1000)::bigint
            from private.duties as d
            where d.claims_every is not null
        )
    );
    return v_done;
end
$$;
comment on function private.run_due_duties is
    'Does a bounded part of what is due of the duties that cron is too coarse for. Claims call it when there is some, and it never fails them. Returns how much there was to do: after nothing, it holds no lock that anybody waits for.';
revoke all on function private.run_due_duties from public, anon, authenticated, service_role;

-- from sql/97_duties/functions/run_duties.sql sha256:2de5983402a6df0b5ba93d32c3260ce52a2aa6a76ceb33dd07b5cfd5669068d5
-- A procedure, because it commits after each run: no transaction is longer than one bounded part of one duty. Such a procedure
-- cannot have a SET clause. It runs as its caller, who must be the owner, and names every schema.
create or replace procedure private.run_duties(p_for interval default '50 seconds')
language plpgsql
as $$
declare
    -- The time limit of a statement is that of the whole call.
    v_limit pg_catalog.interval := pg_catalog.current_setting('statement_timeout');
    v_until pg_catalog.timestamptz := pg_catalog.clock_timestamp()
        + least(p_for, case when v_limit > '0' then v_limit / 2 end);
    v_name pg_catalog.text;
begin
    loop
        v_name := private.next_duty();
        commit;
        exit when v_name is null;
        perform private.run_duty(v_name);
        commit;
        exit when pg_catalog.clock_timestamp() >= v_until;
    end loop;
end
$$;
comment on procedure private.run_duties is
    'The dispatcher that cron calls: runs what is due, one bounded part after another and each in its own transaction, and goes on for p_for at most while a duty is behind. Those that are due take turns. Several may run at once: each duty is one''s.';
revoke all on procedure private.run_duties from public, anon, authenticated, service_role;

-- from sql/97_duties/functions/run_duty.sql sha256:807eae0811f37abc495db040a86405b8334862e14f5a1fa2513942b8421f027b
create or replace function private.run_duty(p_name text)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_began_at timestamptz := clock_timestamp();
    v_now timestamptz := private.clock();
    v_duty private.duties;
    v_count integer;
    v_error text;
begin
    perform from private.duty_runs as r where r.name = p_name for update skip locked;
    if not found then
        return null;    -- another session is at it
    end if;
    select d.* into v_duty from private.duties as d where d.name = p_name;
    begin
        -- All others wait behind one that waits.
        perform set_config('lock_timeout', '5s', true);
        if v_duty.tenants_of is not null then
            select t.done, t.problem into v_count, v_error from private.take_turns(p_name, v_duty.tenants_of, v_duty.bound) as t;
        elsif v_duty.bound is not null then
            execute format('select private.%I(p_limit => $1)', p_name) into v_count using v_duty.bound;
        else
            execute format('select private.%I()', p_name) into v_count;
        end if;
    exception
        when others then    -- kept where private.queue_health() finds it; tried again after its period
            v_count := null;
            v_error := sqlerrm;
            raise warning 'The duty % failed: %', p_name, sqlerrm;
    end;
    update private.duty_runs as r
    set last_run_at = v_now,
        last_took = clock_timestamp() - v_began_at,
        last_count = v_count,
        last_error = v_error,
        -- Something is left: its position says so, or of one that keeps none that it did much; half, as claims may do a part.
        behind_since = case
            when v_count is not null and (
                r.position is not null
                or (v_duty.claims_every is not null or v_duty.without_turns is not null) and v_count * 2 >= v_duty.bound
            )
                then coalesce(r.behind_since, v_now)
        end
    where r.name = p_name;
    return v_count;
end
$$;
comment on function private.run_duty is
    'Runs a bounded part of one of private.duties, writes down how it went and whether something is left, and returns its count. Never two of one name at once.';
revoke all on function private.run_duty from public, anon, authenticated, service_role;

-- from sql/97_duties/functions/share_out.sql sha256:ef74b9ec6f45184eb491c56ebf06ad67c44637103ffec70219201d151b5fadfc
-- For duties that claims do too: several sessions are at them at once, so nobody remembers whose turn it is. Each tenant that has
-- something due gets the same part, and what they do not need goes to the oldest. From tenant to tenant along the index, from any
-- one on: where more have rows than are looked at, it is others each time.
create or replace function private.share_out(p_table text, p_id text, p_due_at text, p_limit integer, p_oldest uuid[])
returns uuid[]
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    v_walk constant text := format(
        'with recursive walk (tenant_id, looks) as ('
        '    (select t.tenant_id, 1 from %1$s as t where t.%2$I is not null and t.tenant_id > $1 order by t.tenant_id limit 1)'
        '    union all'
        '    select ('
        '        select t.tenant_id from %1$s as t'
        '        where t.%2$I is not null and t.tenant_id > w.tenant_id order by t.tenant_id limit 1'
        '    ), w.looks + 1'
        '    from walk as w where w.tenant_id < $2 and w.looks < $3'
        ') '
        'select array('
        '    select w.tenant_id from walk as w'
        '    where w.tenant_id <= $2 and exists ('
        '        select from %1$s as t where t.tenant_id = w.tenant_id and t.%2$I <= private.clock()'
        '    )'
        ')',
        p_table, p_due_at
    );
    v_from uuid := gen_random_uuid();
    v_tenants uuid[];
    v_others uuid[];
    v_chosen uuid[];
begin
    execute v_walk into v_tenants using v_from, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid, p_limit;
    execute v_walk into v_others using '00000000-0000-0000-0000-000000000000'::uuid, v_from, p_limit;
    v_tenants := v_tenants || v_others;
    execute format(
        'select array('
        '    select x.id from ('
        '        select d.id, 1 as rank from unnest($1) as u (tenant_id) cross join lateral ('
        '            select t.%2$I as id from %1$s as t'
        '            where t.tenant_id = u.tenant_id and t.%3$I <= private.clock() order by t.%3$I limit $2'
        '        ) as d '
        '        union all select o.id, 2 from unnest($3) as o (id)'
        '    ) as x '
        '    group by x.id order by min(x.rank) limit $4'
        ')',
        p_table, p_id, p_due_at
    )
    into v_chosen
    using v_tenants, greatest(p_limit / greatest(cardinality(v_tenants), 1), 1), p_oldest, p_limit;
    return v_chosen;
end
$$;
comment on function private.share_out is
    'When more is due than p_limit: the ids of p_limit rows, shared out among the tenants that have some, the rest from p_oldest.';
revoke all on function private.share_out from public, anon, authenticated, service_role;

-- from sql/97_duties/functions/take_turns.sql sha256:068e394477005673037b12c448d95b65d4b6c3d739f8c36d951dd12933c79d72
-- First every tenant of the table has one turn, along the index, whatever the others have; those for whom that was not enough
-- then go round until nothing is left. When that takes longer than the duty's period, all have a turn again in between: what
-- came meanwhile does not wait for it. A turn that fails is undone alone, and its tenant's next is in the next period.
create or replace function private.take_turns(
    p_duty text,
    p_table text,
    p_limit integer,
    out done integer,
    out problem text    -- what went wrong for a tenant since all began to have their turns
)
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    v_zero constant uuid := '00000000-0000-0000-0000-000000000000';
    v_now timestamptz := private.clock();
    v_position jsonb;
    v_every interval;
    v_began_at timestamptz;
    v_after uuid;               -- who had a turn last; null: all had
    v_waiting jsonb;            -- who needs another: [[tenant_id, where it goes on], ...]
    v_tenant_id uuid;
    v_turn private.turn;
    v_left integer := p_limit;
begin
    select r.position, d.every
    into v_position, v_every
    from private.duty_runs as r
    join private.duties as d on d.name = r.name
    where r.name = p_duty;
    v_began_at := coalesce((v_position ->> 'began_at')::timestamptz, v_now);
    v_after := case when v_position is null then v_zero else (v_position ->> 'after')::uuid end;
    v_waiting := coalesce(v_position -> 'waiting', '[]');
    problem := v_position ->> 'problem';
    if v_after is null and v_now not between v_began_at and v_began_at + v_every then
        v_after := v_zero;
        v_began_at := v_now;
        problem := null;
    end if;
    done := 0;
    while v_left > 0 loop
        v_turn := null;
        if v_after is not null then
            execute format('select t.tenant_id from %s as t where t.tenant_id > $1 order by t.tenant_id limit 1', p_table)
            into v_after
            using v_after;
            continue when v_after is null;
            v_tenant_id := v_after;
            if v_waiting @> jsonb_build_array(jsonb_build_array(v_tenant_id)) then
                v_left := v_left - 1;
                continue;
            end if;
        else
            v_tenant_id := v_waiting #>> '{0,0}';
            exit when v_tenant_id is null;
            v_turn.after := v_waiting #>> '{0,1}';
            v_waiting := v_waiting - 0;
        end if;
        begin
            execute format('select t.* from private.%I($1, $2, $3) as t', p_duty)
            into v_turn
            using v_tenant_id, least(greatest(p_limit / 10, 1), v_left), v_turn.after;
            done := done + v_turn.done;
            v_left := v_left - greatest(v_turn.used, 1);
            if v_turn.after is not null then
                v_waiting := v_waiting || jsonb_build_array(jsonb_build_array(v_tenant_id, v_turn.after));
            end if;
        exception
            when others then
                v_left := v_left - 1;
                problem := coalesce(problem, sqlerrm);
                raise warning 'The duty % failed for the tenant %: %', p_duty, v_tenant_id, sqlerrm;
        end;
    end loop;
    update private.duty_runs as r
    set position = case
        when v_after is not null or v_waiting <> '[]' then jsonb_build_object(
            'began_at', v_began_at, 'after', v_after, 'waiting', v_waiting, 'problem', problem
        )
    end
    where r.name = p_duty;
end
$$;
comment on function private.take_turns is
    'Runs a duty for the tenants that have rows in a table, a tenth of p_limit for each in its turn, until p_limit is used, and leaves where to go on in duty_runs.position; returns what was done, and the first error of a tenant.';
revoke all on function private.take_turns from public, anon, authenticated, service_role;

-- from sql/10_tenancy/policies.sql sha256:58b008c69b7288d5bdbea420b5198ebeb17b6fad1f044599c149d8e5cf0db836
-- Row-level security is enabled and forced on every table; a table without a policy is closed to clients. Clients may read
-- what is granted here, under the policies, and write through functions only.
do $$
declare
    v_table text;
begin
    foreach v_table in array array[
        'public.tenants', 'public.profiles', 'public.permissions', 'public.roles', 'public.role_permissions',
        'public.memberships', 'public.member_roles', 'public.api_keys', 'public.invitations',
        'private.session_tenants', 'private.login_attempts', 'private.idempotency_keys'
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

grant select (tenant_id, name, slug, plan, timezone, robot_offline_after_seconds, quarantine_after_failures, created_at, updated_at)
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
    api_key_id, tenant_id, kind, name, prefix, robot_id, robot_external_id, scopes, created_by, created_at, expires_at,
    last_used_at, revoked_at
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

-- from sql/15_rate_limits/policies.sql sha256:02f19c88c0e14ad6d223a52e0e7f1c7a7c156e5c555c3646080aa0ba2dc8e771
alter table private.request_counts enable row level security, force row level security;
revoke all on private.request_counts from anon, authenticated, service_role;

-- from sql/20_workflows/policies.sql sha256:beb0a85eb90d375a5406d7067cf93a41c14c7309e4b88e7caee4c0d65063e81c
alter table public.workflows enable row level security, force row level security;
alter table public.workflow_versions enable row level security, force row level security;
alter table private.workflow_removals enable row level security, force row level security;
alter table public.workflow_backups enable row level security, force row level security;

revoke all on public.workflows, public.workflow_versions, public.workflow_backups from anon, authenticated, service_role;
grant select on public.workflows, public.workflow_versions, public.workflow_backups to authenticated;

drop policy if exists workflows_select_members on public.workflows;
create policy workflows_select_members on public.workflows
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('workflows.read')));

drop policy if exists workflow_versions_select_members on public.workflow_versions;
create policy workflow_versions_select_members on public.workflow_versions
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('workflows.read')));

drop policy if exists workflow_backups_select_members on public.workflow_backups;
create policy workflow_backups_select_members on public.workflow_backups
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('workflows.read')));

-- from sql/25_pools/policies.sql sha256:960468f7954e408d2f1248641ee0193c2caba61f87175aecc6057dde34699dc0
alter table public.pools enable row level security, force row level security;
alter table public.pool_members enable row level security, force row level security;
alter table private.pool_turns enable row level security, force row level security;

revoke all on public.pools, public.pool_members from public, anon, authenticated, service_role;
grant select on public.pools to authenticated;
-- Without tenant_id, which tells whether an invitee exists, and without the people of the other side.
grant select (pool_id, invitee, weight, max_running, invited_at, accepted_at) on public.pool_members to authenticated;

drop policy if exists pools_select_owner_and_members on public.pools;
create policy pools_select_owner_and_members on public.pools
    for select to authenticated
    using (
        tenant_id = (select private.permitted_tenant_id('robots.read'))
        or pool_id = any (array(select private.joined_pool_ids()))
    );

drop policy if exists pool_members_select_owner_and_self on public.pool_members;
create policy pool_members_select_owner_and_self on public.pool_members
    for select to authenticated
    using (
        tenant_id = (select private.permitted_tenant_id('robots.read'))
        or pool_id in (
            select p.pool_id from public.pools as p where p.tenant_id = (select private.permitted_tenant_id('robots.read'))
        )
    );

-- from sql/30_robots/policies.sql sha256:8bc1646d4cd3a4c2d20f4856ce698052f11b158f221e4206aa1308a5922bb6ab
alter table public.robots enable row level security, force row level security;
alter table public.robot_heartbeats enable row level security, force row level security;
alter table public.robot_commands enable row level security, force row level security;
alter table private.robot_failures enable row level security, force row level security;

revoke all on public.robots, public.live_robots, public.robot_heartbeats, public.robot_commands from anon, authenticated, service_role;
grant select on public.robots, public.live_robots, public.robot_heartbeats, public.robot_commands to authenticated;

drop policy if exists robots_select_members on public.robots;
create policy robots_select_members on public.robots
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('robots.read')));

drop policy if exists robots_select_self on public.robots;
create policy robots_select_self on public.robots
    for select to authenticated
    using (robot_id = (select private.calling_robot_id()));

drop policy if exists robot_heartbeats_select_members on public.robot_heartbeats;
create policy robot_heartbeats_select_members on public.robot_heartbeats
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('robots.read')));

drop policy if exists robot_heartbeats_select_self on public.robot_heartbeats;
create policy robot_heartbeats_select_self on public.robot_heartbeats
    for select to authenticated
    using (robot_id = (select private.calling_robot_id()));

drop policy if exists robot_commands_select_members on public.robot_commands;
create policy robot_commands_select_members on public.robot_commands
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('robots.read')));

drop policy if exists robot_commands_select_self on public.robot_commands;
create policy robot_commands_select_self on public.robot_commands
    for select to authenticated
    using (robot_id = (select private.calling_robot_id()));

-- from sql/32_limits/policies.sql sha256:9e2b2d0537c0801fe6ebc7e38c843b0821bf278b222d1d8445ccc2d311145653
alter table private.limits enable row level security, force row level security;
alter table private.limit_counters enable row level security, force row level security;

-- from sql/34_fair_share/policies.sql sha256:12747451d2ca79ff23af3de3d8382986683ed13a17a9e35728bab08b184a3544
alter table private.shares enable row level security, force row level security;
alter table private.share_usage enable row level security, force row level security;

-- from sql/40_queue/policies.sql sha256:aa78851bb2278fdb9d2d387f70053f0480c98a60dd8ebd5e9e2044a1cf93d817
alter table private.queue_tenants enable row level security, force row level security;
alter table private.lanes enable row level security, force row level security;
alter table public.jobs enable row level security, force row level security;
alter table private.jobs_default enable row level security, force row level security;
alter table private.ready enable row level security, force row level security;
alter table private.scheduled enable row level security, force row level security;
alter table private.dedupe_keys enable row level security, force row level security;

revoke all on public.jobs, public.live_jobs from anon, authenticated, service_role;
grant select on public.jobs, public.live_jobs to authenticated;
-- What the view reads in the name of the caller. private is not exposed, and the policies below hold.
grant select on private.scheduled to authenticated;
grant execute on function private.clock to authenticated;

-- One policy, so that its first clause alone decides which index serves a list: two policies would be joined by "or".
drop policy if exists jobs_select_members_and_holder on public.jobs;
create policy jobs_select_members_and_holder on public.jobs
    for select to authenticated
    using (
        tenant_id = (select private.job_reader_tenant_id())
        and (
            (select private.permitted_tenant_id('jobs.read')) is not null
            or job_id = any (array(select private.held_job_ids()))
        )
    );

drop policy if exists scheduled_select_members on private.scheduled;
create policy scheduled_select_members on private.scheduled
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('jobs.read')));

-- from sql/41_claims/policies.sql sha256:2155cc1d1deed41895644ef94eb7ab501d8496eb4ecb45d961b1cc7e6fb01dfd
alter table private.waiting_robots enable row level security, force row level security;
alter table private.low_water enable row level security, force row level security;

-- from sql/42_leases/policies.sql sha256:bc412d26d3c13ce0bc3840cd8edc8d15e9a2b410cf2927048a13ec21273f5f18
alter table private.leases enable row level security, force row level security;
alter table public.job_logs enable row level security, force row level security;
alter table private.outages enable row level security, force row level security;

revoke all on public.job_logs from anon, authenticated, service_role;
grant select on public.job_logs to authenticated;
-- The views live_jobs and live_robots read it in the name of the caller. private is not exposed, and the policies below hold.
grant select on private.leases to authenticated;

drop policy if exists leases_select_members on private.leases;
create policy leases_select_members on private.leases
    for select to authenticated
    using (
        tenant_id = (select private.permitted_tenant_id('jobs.read'))
        or tenant_id = (select private.permitted_tenant_id('robots.read'))
    );

drop policy if exists leases_select_holder on private.leases;
create policy leases_select_holder on private.leases
    for select to authenticated
    using (robot_id = (select private.calling_robot_id()));

drop policy if exists job_logs_select_members on public.job_logs;
create policy job_logs_select_members on public.job_logs
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('logs.read')));

-- from sql/43_endings/policies.sql sha256:c86f7c6ef90b7061d7847de1f8c2191f1a48ebd879111a4d83f20a6e9a6a7d0a
alter table public.dead_letters enable row level security, force row level security;
alter table public.late_results enable row level security, force row level security;

revoke all on public.dead_letters, public.late_results from anon, authenticated, service_role;
grant select on public.dead_letters, public.late_results to authenticated;

drop policy if exists dead_letters_select_members on public.dead_letters;
create policy dead_letters_select_members on public.dead_letters
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('jobs.read')));

drop policy if exists late_results_select_members on public.late_results;
create policy late_results_select_members on public.late_results
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('jobs.read')));

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

-- from sql/48_calendars/policies.sql sha256:fd54947592bf3c103af722966f967511ce1dcda7c8219844c9eeb2a7b1d02bd6
alter table public.calendars enable row level security, force row level security;
alter table public.calendar_days enable row level security, force row level security;
alter table public.calendar_blackouts enable row level security, force row level security;
alter table private.calendar_quotas enable row level security, force row level security;

revoke all on public.calendars, public.calendar_days, public.calendar_blackouts from anon, authenticated, service_role;
revoke all on private.calendar_quotas from anon, authenticated, service_role;
grant select on public.calendars, public.calendar_days, public.calendar_blackouts to authenticated;

drop policy if exists calendars_select_members on public.calendars;
create policy calendars_select_members on public.calendars
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('schedules.read')));

drop policy if exists calendar_days_select_members on public.calendar_days;
create policy calendar_days_select_members on public.calendar_days
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('schedules.read')));

drop policy if exists calendar_blackouts_select_members on public.calendar_blackouts;
create policy calendar_blackouts_select_members on public.calendar_blackouts
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('schedules.read')));

-- from sql/50_schedules/policies.sql sha256:e5e2071aff9a2e7a7366228c8f518ec07d972213b90439b665fde22d84b026a8
alter table public.schedules enable row level security, force row level security;
alter table public.schedule_fires enable row level security, force row level security;
alter table private.schedule_quotas enable row level security, force row level security;
alter table private.schedule_jobs enable row level security, force row level security;
alter table private.schedule_news enable row level security, force row level security;

revoke all on public.schedules, public.schedule_fires from anon, authenticated, service_role;
revoke all on private.schedule_quotas, private.schedule_jobs, private.schedule_news from anon, authenticated, service_role;
grant select on public.schedules, public.schedule_fires to authenticated;

drop policy if exists schedules_select_members on public.schedules;
create policy schedules_select_members on public.schedules
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('schedules.read')) and deleted_at is null);

drop policy if exists schedule_fires_select_members on public.schedule_fires;
create policy schedule_fires_select_members on public.schedule_fires
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('schedules.read')));

-- from sql/80_realtime/policies.sql sha256:f8dbf610c255fa9768018e63a94c54a8cb7f59c9a67f017260301fda8ac292d0
alter table private.queue_depths enable row level security, force row level security;
revoke all on private.queue_depths from public, anon, authenticated, service_role;

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

-- from sql/92_retention/policies.sql sha256:39acca19e3c4b453640bd0753c61db3a8df6dc92d296f95af9125a06f9e14189
alter table private.retentions enable row level security, force row level security;
alter table private.exports enable row level security, force row level security;

-- from sql/95_analytics/policies.sql sha256:f6dd6af2c11bd4fff33ac4e5a59ef99d1fd5c7497127f5e752e03c71709d4313
alter table public.job_rollups enable row level security, force row level security;
alter table public.job_node_executions enable row level security, force row level security;

revoke all on public.job_rollups, public.job_node_executions from public, anon, authenticated, service_role;
grant select on public.job_rollups, public.job_node_executions to authenticated;

drop policy if exists job_rollups_select_members on public.job_rollups;
create policy job_rollups_select_members on public.job_rollups
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('analytics.read')));

drop policy if exists job_node_executions_select_members on public.job_node_executions;
create policy job_node_executions_select_members on public.job_node_executions
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('jobs.read')));

-- from sql/97_duties/policies.sql sha256:d8c1e8f51b1f3e305172c15a5fb836d0bd54da2bf8760dcd82d2f6001ac17737
alter table private.duties enable row level security, force row level security;
alter table private.duty_runs enable row level security, force row level security;

-- from sql/10_tenancy/triggers.sql sha256:f166e9d5a0753669c967cccb1bf8dfc07f7a8df0ed2e99b86cbefbd305054521
-- raw_app_meta_data can be written by the admin API only; raw_user_meta_data, which users write, is never looked at.
-- "or replace" needs no ownership of auth.users, which postgres does not have; dropping would.
create or replace trigger casare_register_user
after insert or update of raw_app_meta_data, deleted_at on auth.users
for each row
execute function private.register_user();

-- from sql/32_limits/triggers.sql sha256:4d51c3cef4a47a7820ac6528303e9392a52221919e6c09181af375e64e4ddc9a
drop trigger if exists limits_drop_counters on private.limits;
create trigger limits_drop_counters
    after delete on private.limits
    for each row
    execute function private.drop_counters();

-- from sql/34_fair_share/triggers.sql sha256:dda1af2d3c0d802450a1dc2d4568ebbe8e26c1586a4346feab80178d022cb1ee
-- On every way in which a lease ends. The condition is looked at without a call, so those who share nothing pay nothing.
drop trigger if exists leases_record_share_usage on private.leases;
create trigger leases_record_share_usage
    after delete on private.leases
    for each row
    when (old.share_id is not null or old.pool_share_id is not null)
    execute function private.record_share_usage();

-- from sql/40_queue/triggers.sql sha256:e1ef86cd94aff3e6099bf933409ed3c6bdab5bd2b376a15bc44d2c2cd1c0b11d
drop trigger if exists tenants_update_queue_tenant on public.tenants;
create trigger tenants_update_queue_tenant
    after update of settings on public.tenants
    for each row
    when (old.settings is distinct from new.settings)
    execute function private.update_queue_tenant();

-- from sql/45_events/triggers.sql sha256:0008d022a4861538a354c1b614ed528952e6bb3916e6f35a0ee3bf0a47e1ae5c
drop trigger if exists create_event_counter on public.tenants;
create trigger create_event_counter
after insert on public.tenants
for each row
execute function private.create_event_counter();

-- from sql/50_schedules/triggers.sql sha256:2a3d91221765df6bc5521c39a5ffb46cd9265b15c6a6e72a98764d6e5f0aa7c6
-- Jobs of schedules name theirs; of others the condition alone is looked at.
drop trigger if exists note_end_of_scheduled_job on public.jobs;
create trigger note_end_of_scheduled_job
    after update of finished_at on public.jobs
    for each row
    when (new.finished_at is not null and new.metadata ? 'schedule_id')
    execute function private.note_end_of_scheduled_job();

-- from sql/90_audit/triggers.sql sha256:18a694ceed22aacb3919281a92a6b19ee1e0e70e637f063526c2db02bac6cc8b
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
                ('public.tenants', 'insert or update or delete', '{tenant_id}', '{updated_at}'),
                ('public.memberships', 'insert or update or delete', '{user_id}', '{}'),
                ('public.member_roles', 'insert or update or delete', '{user_id,role_id}', '{}'),
                ('public.roles', 'insert or update or delete', '{role_id}', '{}'),
                ('public.role_permissions', 'insert or update or delete', '{role_id,permission}', '{}'),
                ('public.api_keys', 'insert or update or delete', '{api_key_id}', '{key_hash,last_used_at}'),
                ('public.invitations', 'insert or update or delete', '{invitation_id}', '{token_hash}'),
                ('public.workflows', 'insert or update or delete', '{workflow_id}', '{updated_at}'),
                ('public.workflow_versions', 'insert', '{workflow_id,version}', '{definition}'),
                ('public.schedules', 'insert or delete or update of workflow_id, name, frequency, cron_expression, run_at, interval_seconds, timezone, starts_at, ends_at, paused_until, calendar_id, on_closed_day, jitter_seconds, misfire_policy, misfire_cap, overlap_policy, max_consecutive_failures, is_enabled, priority, execution_mode, environment, required_capabilities, required_tags, robot_id, pool_id, dedupe_key, metadata, auto_disabled_at, deleted_at', '{schedule_id}', '{updated_at,next_run_at,last_run_at,run_count,failure_count,consecutive_failures,input}'),
                ('public.calendars', 'insert or update or delete', '{calendar_id}', '{updated_at,rules_until,warned_until}'),
                ('public.calendar_blackouts', 'insert or update or delete', '{calendar_id,starts_at}', '{}'),
                ('public.robots', 'insert or update or delete', '{robot_id}', '{updated_at}'),
                ('public.pools', 'insert or update or delete', '{pool_id}', '{}'),
                ('public.pool_members', 'insert or update or delete', '{pool_id,invitee}', '{tenant_id,invited_by,accepted_by}'),
                ('private.limits', 'insert or update or delete', '{scope,workflow_id,concurrency_key}', '{limit_id,counter_ids,updated_at}'),
                ('private.shares', 'update of weight', '{workflow_id}', '{}')
        ) as audited (table_name, operations, keys, hidden)
    loop
        execute format('drop trigger if exists audit_change on %s', v_audited.table_name);
        execute format(
            'create trigger audit_change after %s on %s for each row execute function private.audit_change(%L, %L)',
            v_audited.operations, v_audited.table_name, v_audited.keys, v_audited.hidden
        );
    end loop;
end
$$;

-- from sql/40_queue/cron.sql sha256:b104c5463db9860f759c913cd325747d7a82f77dddee567f2fd918a71ac6b215
select private.ensure_job_partitions();

-- from sql/97_duties/cron.sql sha256:d25a8669ce0fa3d3fd98d7f42734ab76d42cf803bcb4239d4e72ee81b356d69c
-- One job for all duties, so that cron opens one connection and not one for each: private.run_duties(). VACUUM alone cannot run in
-- a procedure. What earlier versions scheduled goes.
select cron.unschedule(j.jobid)
from cron.job as j
where j.jobname like 'casare\_%' and j.jobname not in ('casare_run_duties', 'casare_vacuum_hot_tables');

do $$
begin
    perform cron.schedule('casare_run_duties', '5 seconds', 'call private.run_duties()');
exception
    when others then
        raise notice 'cron knows no seconds here (%): duties run once a minute, and claims do what must be sooner.', sqlerrm;
        perform cron.schedule('casare_run_duties', '* * * * *', 'call private.run_duties()');
end
$$;
-- Autovacuum wakes once a minute and may be busy elsewhere; dead rows here cost every claim.
select cron.schedule(
    'casare_vacuum_hot_tables', '* * * * *',
    'vacuum (skip_locked, truncate false) private.ready, private.leases, private.scheduled, private.duties, private.duty_runs, private.low_water, private.lanes, private.limit_counters, private.pool_turns, private.event_inbox, private.event_counters'
);
