-- Writers append to the inbox without waiting for one another. The first reader gives the committed rows their number
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
    robot_external_id text,             -- of a robot of the tenant itself, as it was called then
    workflow_id uuid,
    actor_id uuid,
    data jsonb not null default '{}',
    constraint events_pkey primary key (tenant_id, seq),
    constraint events_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade
);
create index events_tenant_id_job_id_idx on public.events (tenant_id, job_id, seq) where job_id is not null;
comment on table public.events is 'What happened, in a gapless sequence per tenant that a client can resume from.';

create table private.notification_marks (
    tenant_id uuid not null,
    user_id uuid not null,
    read_through bigint not null default 0,     -- every event up to this number was read
    read_seqs bigint[] not null default '{}',   -- and these behind it; the newest 1,000
    constraint notification_marks_pkey primary key (tenant_id, user_id),
    constraint notification_marks_tenant_id_user_id_fkey foreign key (tenant_id, user_id)
        references public.memberships (tenant_id, user_id) on delete cascade
);
comment on table private.notification_marks is 'Which notifications a member has read. Notifications themselves are events.';
