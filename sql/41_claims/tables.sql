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
