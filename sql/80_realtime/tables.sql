create table private.queue_depths (
    tenant_no integer not null,
    waiting integer not null,
    scheduled integer not null,
    running integer not null,
    pushed_at timestamptz not null,
    constraint queue_depths_pkey primary key (tenant_no),
    constraint queue_depths_tenant_no_fkey foreign key (tenant_no) references private.queue_tenants (tenant_no) on delete cascade
) with (fillfactor = 50);
comment on table private.queue_depths is 'What was last pushed of each tenant''s queue, so that only changes are.';
