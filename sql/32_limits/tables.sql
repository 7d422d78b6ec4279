-- A row for each limit that is set, and none for the others.
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
