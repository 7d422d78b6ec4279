create table public.schedules (
    schedule_id uuid not null default private.uuid_v7(),
    tenant_id uuid not null,
    workflow_id uuid not null,
    name text not null,
    cron_expression text not null,
    timezone text not null,
    is_enabled boolean not null default true,
    priority smallint not null default 10,
    execution_mode public.execution_mode not null default 'lan',
    environment text not null default '*',
    pool_id uuid,                       -- the pool whose robots are to run its jobs
    input jsonb not null default '{}',
    metadata jsonb not null default '{}',
    next_run_at timestamptz,            -- null: not enabled
    last_run_at timestamptz,
    run_count integer not null default 0,       -- jobs that it put in the queue, by time and by hand
    failure_count integer not null default 0,   -- due times at which it could not
    created_by uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    constraint schedules_pkey primary key (schedule_id),
    constraint schedules_tenant_id_schedule_id_key unique (tenant_id, schedule_id),
    constraint schedules_tenant_id_workflow_id_fkey foreign key (tenant_id, workflow_id)
        references public.workflows (tenant_id, workflow_id) on delete cascade,
    constraint schedules_name_check check (length(name) between 1 and 255),
    constraint schedules_priority_check check (priority between 0 and 20),
    constraint schedules_next_run_at_check check (next_run_at is null or (is_enabled and deleted_at is null))
) with (fillfactor = 80);
create index schedules_tenant_id_workflow_id_idx on public.schedules (tenant_id, workflow_id);
create index schedules_next_run_at_idx on public.schedules (next_run_at) where next_run_at is not null;
create index schedules_tenant_id_next_run_at_idx on public.schedules (tenant_id, next_run_at) where next_run_at is not null;
comment on table public.schedules is 'A rule that enqueues jobs of a workflow: a cron expression, read on the clocks of a time zone.';

create table public.schedule_fires (
    tenant_id uuid not null,
    schedule_id uuid not null,
    fire_time timestamptz not null,     -- the due time; of a run by hand, when that was
    is_manual boolean not null default false,
    outcome public.schedule_outcome not null,
    reason text,
    job_id uuid,
    fired_at timestamptz not null,
    constraint schedule_fires_pkey primary key (tenant_id, schedule_id, fire_time),
    constraint schedule_fires_tenant_id_schedule_id_fkey foreign key (tenant_id, schedule_id)
        references public.schedules (tenant_id, schedule_id) on delete cascade,
    constraint schedule_fires_job_id_check check ((job_id is not null) = (outcome = 'enqueued')),
    constraint schedule_fires_reason_check check ((reason is null) = (outcome = 'enqueued'))
);
create index schedule_fires_tenant_id_fire_time_idx on public.schedule_fires (tenant_id, fire_time);
comment on table public.schedule_fires is
    'What a schedule did at each due time, at most once: the row stands in the same transaction as the job.';
