create table private.bells (
    tenant_id uuid not null,
    rung_at timestamptz not null default '-infinity',
    constraint bells_pkey primary key (tenant_id),
    constraint bells_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade
) with (fillfactor = 50);
comment on table private.bells is
    'When it was last told that something happened in each tenant: a row of its own, so that no claim passes what bells leave behind.';

create table private.job_watches (
    job_id uuid not null,
    tenant_id uuid not null,
    watched_until timestamptz not null,
    constraint job_watches_pkey primary key (job_id),
    constraint job_watches_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade
) with (fillfactor = 50);
create index job_watches_tenant_id_idx on private.job_watches (tenant_id);
comment on table private.job_watches is
    'Jobs that somebody watches, at most a hundred of a tenant. Those that lapsed go with the tenant''s next watch of a job: see public.watch().';

create table private.overviews (
    tenant_no integer not null,
    waiting integer not null,
    scheduled integer not null,
    running integer not null,
    robots jsonb not null,              -- {robot_id: whether it is online, active, healthy, busy}
    pushed_at timestamptz not null,
    constraint overviews_pkey primary key (tenant_no),
    constraint overviews_tenant_no_fkey foreign key (tenant_no) references private.queue_tenants (tenant_no) on delete cascade
) with (fillfactor = 50);
comment on table private.overviews is 'What was last pushed of each watched tenant''s queue and robots, so that only changes are.';
