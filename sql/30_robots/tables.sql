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
    is_signed_off boolean not null default false,   -- the robot itself said that it leaves: it gets no jobs until it is back
    metrics jsonb not null default '{}',
    constraint robot_heartbeats_pkey primary key (robot_id),
    constraint robot_heartbeats_tenant_id_robot_id_fkey foreign key (tenant_id, robot_id)
        references public.robots (tenant_id, robot_id) on delete cascade
) with (fillfactor = 70);
create index robot_heartbeats_tenant_id_idx on public.robot_heartbeats (tenant_id, robot_id);
comment on table public.robot_heartbeats is 'The last heartbeat of each robot. No index mentions a column that a heartbeat changes.';
