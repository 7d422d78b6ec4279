create table public.dead_letters (
    job_id uuid not null,
    tenant_id uuid not null,
    workflow_id uuid not null,
    reason text not null,               -- attempts_exhausted | not_retryable | lease_lost | timeout | no_progress | poison
    attempts smallint not null,
    error_type text,
    error_message text,
    dead_lettered_at timestamptz not null default now(),
    resolved_at timestamptz,            -- when it was queued again
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
comment on table public.late_results is 'Late results: they came with a token that no longer held the job, and are never applied.';
