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
    tenant_id uuid,                     -- whom that names; null: no tenant. No client reads it
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
