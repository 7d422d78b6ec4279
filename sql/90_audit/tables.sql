create table public.audit_log (
    audit_id uuid not null default private.uuid_v7(),
    tenant_id uuid not null,
    actor_id uuid,
    principal text not null,            -- user | robot | service | system
    action text not null,               -- create | update | delete | execute
    resource_type text not null,        -- table name
    resource_id text not null,
    old_values jsonb,
    new_values jsonb,
    request_id text,
    ip_address inet,
    created_at timestamptz not null default now(),
    constraint audit_log_pkey primary key (audit_id)
);
create index audit_log_tenant_id_idx on public.audit_log (tenant_id, audit_id desc);
create index audit_log_actor_id_idx on public.audit_log (tenant_id, actor_id, audit_id desc);
create index audit_log_resource_id_idx on public.audit_log (tenant_id, resource_type, resource_id collate "C", audit_id desc);
comment on table public.audit_log is 'Who changed what, written by table triggers. Nobody can change or delete a row through the API.';
