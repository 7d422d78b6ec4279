-- Reference data, written by private.ensure_trigger_types(): one schema says what a configuration may hold, is checked where
-- it is stored, and is shown to whoever fills it in.
create table private.trigger_types (
    trigger_type text not null,
    title text not null,
    description text not null,
    fired_by text not null,             -- sender | schedule | event | database | robot | person
    unavailable text,                   -- why none can be made yet; null: it can
    config_schema jsonb not null,       -- JSON Schema, of the keywords that private.find_schema_problem() knows
    constraint trigger_types_pkey primary key (trigger_type),
    constraint trigger_types_fired_by_check check (fired_by in ('sender', 'schedule', 'event', 'database', 'robot', 'person'))
);
comment on table private.trigger_types is 'The kinds of triggers, who fires each, and what its configuration may hold.';

create table public.triggers (
    trigger_id uuid not null default private.uuid_v7(),
    tenant_id uuid not null,
    workflow_id uuid not null,
    name text not null,
    trigger_type text not null,
    config jsonb not null default '{}',     -- never a secret: those are in private.trigger_secrets
    path text,                          -- of webhooks, unique in the installation: their URL names no tenant
    schedule_id uuid,                   -- of type schedule: the schedule that it is another name of
    is_enabled boolean not null default true,
    disabled_reason text,               -- when it was not a person who disabled it
    created_by uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    version integer not null default 1, -- of config, path and secrets together: functions remember them, and say which they mean
    -- What follows changes with each delivery, under the row's lock: deliveries of one trigger take turns.
    trigger_count bigint not null default 0,    -- jobs that it put in the queue
    duplicate_count bigint not null default 0,
    filtered_count bigint not null default 0,
    rejected_count bigint not null default 0,
    limited_count bigint not null default 0,
    last_triggered_at timestamptz,
    error_message text,                 -- of the newest delivery that was rejected since it last put a job in the queue
    window_began_at timestamptz,        -- of the minute in which deliveries are counted
    window_count integer not null default 0,
    window_notes integer not null default 0,    -- deliveries of it that came to no job and were written down
    constraint triggers_pkey primary key (trigger_id),
    constraint triggers_tenant_id_trigger_id_key unique (tenant_id, trigger_id),
    constraint triggers_tenant_id_workflow_id_fkey foreign key (tenant_id, workflow_id)
        references public.workflows (tenant_id, workflow_id) on delete cascade,
    constraint triggers_trigger_type_fkey foreign key (trigger_type) references private.trigger_types (trigger_type),
    constraint triggers_tenant_id_schedule_id_fkey foreign key (tenant_id, schedule_id)
        references public.schedules (tenant_id, schedule_id) on delete cascade,
    constraint triggers_name_check check (length(name) between 1 and 255),
    constraint triggers_path_check check ((path is not null) = (trigger_type = 'webhook')),
    constraint triggers_schedule_id_check check ((schedule_id is not null) = (trigger_type = 'schedule'))
) with (fillfactor = 50);
create unique index triggers_path_key on public.triggers (path) where deleted_at is null;
create index triggers_tenant_id_workflow_id_idx on public.triggers (tenant_id, workflow_id);
create index triggers_tenant_id_schedule_id_idx on public.triggers (tenant_id, schedule_id);
create index triggers_trigger_type_idx on public.triggers (trigger_type, tenant_id);
comment on table public.triggers is 'An outside event that enqueues jobs of a workflow, and what has come of it so far.';

-- HMAC needs the secret itself, which is sealed by a key that the database never sees; a secret that is only compared is hashed.
create table private.trigger_secrets (
    secret_id uuid not null default private.uuid_v7(),
    tenant_id uuid not null,
    trigger_id uuid not null,
    key_hash bytea,                     -- SHA-256
    sealed bytea,                       -- AES-256-GCM, by a key of the functions' ring
    created_at timestamptz not null default now(),
    expires_at timestamptz,             -- null: it is the newest
    constraint trigger_secrets_pkey primary key (secret_id),
    constraint trigger_secrets_tenant_id_trigger_id_fkey foreign key (tenant_id, trigger_id)
        references public.triggers (tenant_id, trigger_id) on delete cascade,
    constraint trigger_secrets_key_hash_check check (
        (key_hash is null) <> (sealed is null) and octet_length(key_hash) = 32 is not false
        and octet_length(sealed) between 30 and 4096 is not false
    )
);
create index trigger_secrets_tenant_id_trigger_id_idx on private.trigger_secrets (tenant_id, trigger_id);
comment on table private.trigger_secrets is 'What senders of a trigger prove themselves with: at most two at a time, the older one until it expires.';

-- The memory of what came: a delivery that was accepted or filtered is found again as long as its row is kept, eight days at least.
create table public.trigger_deliveries (
    delivery_id uuid not null default private.uuid_v7(),
    tenant_id uuid not null,
    trigger_id uuid not null,
    source text not null,
    outcome public.delivery_outcome not null,
    status_code smallint not null,
    reason text,
    message_id text,
    body_hash bytea,
    job_id uuid,
    first_id uuid,                      -- of a duplicate: the delivery whose answer it got
    replay_of uuid,                     -- the delivery that somebody let come again
    request jsonb not null default '{}',
    received_at timestamptz not null,
    constraint trigger_deliveries_pkey primary key (tenant_id, delivery_id),
    constraint trigger_deliveries_tenant_id_trigger_id_fkey foreign key (tenant_id, trigger_id)
        references public.triggers (tenant_id, trigger_id) on delete cascade,
    constraint trigger_deliveries_message_id_check check (length(message_id) between 1 and 255)
);
create index trigger_deliveries_tenant_id_trigger_id_idx on public.trigger_deliveries (tenant_id, trigger_id, delivery_id desc);
create unique index trigger_deliveries_tenant_id_trigger_id_message_id_key
    on public.trigger_deliveries (tenant_id, trigger_id, message_id)
    where message_id is not null and outcome in ('accepted', 'filtered');
create index trigger_deliveries_body_hash_idx on public.trigger_deliveries (trigger_id, body_hash, received_at)
    where body_hash is not null and outcome in ('accepted', 'filtered');
comment on table public.trigger_deliveries is
    'What came to a trigger, and what became of it: the row stands in the same transaction as the job.';

create table public.trigger_delivery_bodies (
    delivery_id uuid not null,
    tenant_id uuid not null,
    payload jsonb not null,
    constraint trigger_delivery_bodies_pkey primary key (tenant_id, delivery_id)
);
comment on table public.trigger_delivery_bodies is 'What deliveries held, for people who look into them or let them come again; kept for a shorter time than the deliveries.';

-- Written in the transaction of the event, as events are, and only for tenants that have triggers which wait for events.
create table private.chain_inbox (
    inbox_id bigint generated always as identity,
    tenant_id uuid not null,
    event_type text not null,
    occurred_at timestamptz not null,
    job_id uuid,
    robot_id uuid,
    workflow_id uuid,
    data jsonb not null,
    constraint chain_inbox_pkey primary key (tenant_id, inbox_id)
);
comment on table private.chain_inbox is 'Events that triggers may wait for, until private.fire_chains() has fired those that do.';
