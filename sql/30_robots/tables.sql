create table public.robots (
    robot_id uuid not null default private.uuid_v7(),
    tenant_id uuid not null,
    external_id text not null,          -- the id that people and published clients use, e.g. robot-prod-001
    name text not null,
    hostname text not null default '',
    version text not null default '1.0.0',      -- of its program, as whoever registered it said
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
    constraint robots_version_check check (length(version) between 1 and 64),
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
    is_desktop_open boolean not null default false, -- the session in its metrics is interactive and not locked
    last_claim_at timestamptz,                      -- to the minute
    low_lease_token bigint not null default 0,      -- it holds no lease with a lower one: where claims begin to count, about
    deaf_since timestamptz,                         -- it lives and never asks for the work that waits for it
    session_id uuid,                                -- of the process that registered last, if it named one
    other_session_at timestamptz,                   -- when another process of the robot was last heard of
    idle_at timestamptz,                            -- when it last said that it runs nothing
    measured_since timestamptz,                     -- the five minutes that measured is of
    measured real[],                                -- what its heartbeats in them said, see private.add_measurements()
    constraint robot_heartbeats_pkey primary key (robot_id),
    constraint robot_heartbeats_tenant_id_robot_id_fkey foreign key (tenant_id, robot_id)
        references public.robots (tenant_id, robot_id) on delete cascade
) with (fillfactor = 70);
create index robot_heartbeats_tenant_id_idx on public.robot_heartbeats (tenant_id, robot_id);
comment on table public.robot_heartbeats is 'The last heartbeat of each robot. No index mentions a column that a heartbeat changes.';

-- A heartbeat adds to its robot's row of robot_heartbeats, which it writes anyway; the first one of the next five minutes writes
-- here. Rows grow during their hour, so a page begins less than half full, and updates stay within it.
create table public.robot_measurements (
    tenant_id uuid not null,
    robot_id uuid not null,
    starts_at timestamptz not null,     -- of the UTC hour
    cpu_percent real[] not null,        -- the average of each five minutes, in order; null or missing: no heartbeat said it
    cpu_percent_max real[] not null,    -- the highest that one heartbeat said
    memory_percent real[] not null,
    memory_percent_max real[] not null,
    memory_mb real[] not null,
    memory_mb_max real[] not null,
    disk_percent real[] not null,
    disk_percent_max real[] not null,
    constraint robot_measurements_pkey primary key (tenant_id, starts_at, robot_id),
    constraint robot_measurements_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade
) with (fillfactor = 40);
comment on table public.robot_measurements is
    'What the heartbeats of a robot said of its machine in an hour, one entry for each five minutes. The newest five minutes are still in robot_heartbeats.';

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
        check (command in ('pause', 'resume', 'drain', 'shutdown', 'quarantine', 'release', 'status_request')),
    constraint robot_commands_reason_check check (length(reason) <= 1024)
);
create index robot_commands_tenant_id_idx on public.robot_commands (tenant_id, robot_id, command_id desc);
comment on table public.robot_commands is
    'What robots were told to do. A command waits in the answers to heartbeats until the robot acknowledges it.';

create table public.robot_logs (
    robot_log_id uuid not null default private.uuid_v7(),
    tenant_id uuid not null,
    robot_id uuid not null,
    level text not null default 'info',
    message text not null,
    source text,                        -- the part of the robot that says it
    extra jsonb,
    logged_at timestamptz not null,
    sequence bigint,                    -- of the first line of a batch that has a number: it is known again by that and its time
    constraint robot_logs_pkey primary key (robot_log_id),
    constraint robot_logs_tenant_id_robot_id_fkey foreign key (tenant_id, robot_id)
        references public.robots (tenant_id, robot_id) on delete cascade,
    constraint robot_logs_level_check check (level in ('debug', 'info', 'warning', 'error', 'critical')),
    constraint robot_logs_message_check check (length(message) <= 65536)
);
create index robot_logs_tenant_id_robot_log_id_idx on public.robot_logs (tenant_id, robot_log_id);
create index robot_logs_tenant_id_robot_id_idx on public.robot_logs (tenant_id, robot_id, robot_log_id desc);
create unique index robot_logs_tenant_id_sequence_idx on public.robot_logs (tenant_id, robot_id, sequence, logged_at)
    where sequence is not null;
comment on table public.robot_logs is 'What robots log of themselves, and not of a job.';

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
