create table public.workflows (
    workflow_id uuid not null default private.uuid_v7(),
    tenant_id uuid not null,
    name text not null,
    description text not null default '',
    status public.workflow_status not null default 'draft',
    is_enabled boolean not null default true,
    current_version integer not null default 1,
    metadata jsonb not null default '{}',
    required_capabilities text[] not null default '{}',     -- of the current version: see private.capabilities_of()
    created_by uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    deleted_at timestamptz,
    constraint workflows_pkey primary key (workflow_id),
    constraint workflows_tenant_id_workflow_id_key unique (tenant_id, workflow_id),
    constraint workflows_tenant_id_fkey foreign key (tenant_id) references public.tenants (tenant_id) on delete cascade,
    constraint workflows_name_check check (length(name) between 1 and 255)
);
create index workflows_tenant_id_name_idx on public.workflows (tenant_id, lower(name)) where deleted_at is null;
comment on table public.workflows is 'The definition of an automation, by name; what runs is one of its versions.';

create table public.workflow_versions (
    workflow_id uuid not null,
    version integer not null,
    tenant_id uuid not null,
    definition jsonb not null,
    definition_bytes integer not null generated always as (octet_length(definition::text)) stored,  -- for private.answer_bytes()
    node_count integer not null,
    created_by uuid,
    created_at timestamptz not null default now(),
    constraint workflow_versions_pkey primary key (workflow_id, version),
    constraint workflow_versions_tenant_id_workflow_id_version_key unique (tenant_id, workflow_id, version),
    constraint workflow_versions_tenant_id_workflow_id_fkey foreign key (tenant_id, workflow_id)
        references public.workflows (tenant_id, workflow_id) on delete cascade,
    constraint workflow_versions_node_count_check check (node_count between 0 and 1000)
);
comment on table public.workflow_versions is 'An immutable published form of a workflow.';

create table public.workflow_backups (
    workflow_id uuid not null,
    version integer not null,
    tenant_id uuid not null,
    object_key text not null,
    stored_at timestamptz not null default now(),
    removed_at timestamptz,
    constraint workflow_backups_pkey primary key (workflow_id, version),
    constraint workflow_backups_tenant_id_workflow_id_version_fkey foreign key (tenant_id, workflow_id, version)
        references public.workflow_versions (tenant_id, workflow_id, version) on delete cascade
);
create index workflow_backups_tenant_id_idx on public.workflow_backups (tenant_id, workflow_id, version);
comment on table public.workflow_backups is 'Where the copy of a workflow version outside the database is, or may be: it is written down before the store has it.';

-- A row stands as long as a job of the workflow can still become ready: claims look here (private.leave_lane) and run none.
create table private.workflow_removals (
    tenant_id uuid not null,
    workflow_id uuid not null,
    removed_at timestamptz not null,
    -- Everything that waits for the tenant is looked through, first what is delayed (lane_id is null), then what is ready.
    run_at timestamptz not null default '-infinity',    -- behind which the look goes on, with job_id
    lane_id integer,
    job_id uuid not null default '00000000-0000-0000-0000-000000000000',
    held integer not null,              -- how many of it robots held when the look began: they may come back behind it
    has_found boolean not null default false,
    is_idle boolean not null default false,     -- nothing of it waits, as long as robots hold as many
    constraint workflow_removals_pkey primary key (tenant_id, workflow_id),
    constraint workflow_removals_tenant_id_workflow_id_fkey foreign key (tenant_id, workflow_id)
        references public.workflows (tenant_id, workflow_id) on delete cascade
) with (fillfactor = 50);
comment on table private.workflow_removals is
    'Deleted workflows whose jobs are still to be cancelled, and how far that is. See private.cancel_jobs_of_deleted_workflows().';
