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
