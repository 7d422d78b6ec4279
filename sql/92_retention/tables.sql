-- Retention is a policy, and stands in a table. Everything is deleted by duties of cron, a bounded part at a time.

create table private.retentions (
    kind text not null,                 -- a table of public
    plan public.tenant_plan not null,
    days integer not null,
    may_be_shortened boolean not null default true,     -- by settings of the tenant
    constraint retentions_pkey primary key (kind, plan),
    constraint retentions_days_check check (days > 0)
);
comment on table private.retentions is
    'How many days rows are kept, by plan. Dead letters keep their jobs; the audit log is kept longest, and no tenant can shorten that.';
insert into private.retentions (kind, plan, days, may_be_shortened)
values
    ('jobs', 'free', 7, true), ('jobs', 'pro', 90, true), ('jobs', 'enterprise', 400, true),
    ('job_logs', 'free', 7, true), ('job_logs', 'pro', 30, true), ('job_logs', 'enterprise', 90, true),
    ('robot_logs', 'free', 7, true), ('robot_logs', 'pro', 30, true), ('robot_logs', 'enterprise', 90, true),
    ('job_node_executions', 'free', 7, true), ('job_node_executions', 'pro', 30, true),
    ('job_node_executions', 'enterprise', 90, true),
    ('late_results', 'free', 7, true), ('late_results', 'pro', 90, true), ('late_results', 'enterprise', 400, true),
    ('dead_letters', 'free', 30, true), ('dead_letters', 'pro', 180, true), ('dead_letters', 'enterprise', 800, true),
    ('robot_commands', 'free', 7, true), ('robot_commands', 'pro', 30, true), ('robot_commands', 'enterprise', 90, true),
    ('robot_measurements', 'free', 7, true), ('robot_measurements', 'pro', 30, true),
    ('robot_measurements', 'enterprise', 30, true),
    ('schedule_fires', 'free', 7, true), ('schedule_fires', 'pro', 30, true), ('schedule_fires', 'enterprise', 90, true),
    -- What came is found again for eight days: no tenant can shorten that.
    ('trigger_deliveries', 'free', 8, false), ('trigger_deliveries', 'pro', 30, false),
    ('trigger_deliveries', 'enterprise', 90, false),
    ('trigger_delivery_bodies', 'free', 3, true), ('trigger_delivery_bodies', 'pro', 7, true),
    ('trigger_delivery_bodies', 'enterprise', 30, true),
    ('events', 'free', 7, true), ('events', 'pro', 30, true), ('events', 'enterprise', 90, true),
    ('audit_log', 'free', 365, false), ('audit_log', 'pro', 1095, false), ('audit_log', 'enterprise', 2555, false);

create table private.exports (
    partition_name text not null,       -- of jobs, without its schema
    finished_before timestamptz not null,   -- jobs that finished before this are in the file
    marked_at timestamptz not null,
    constraint exports_pkey primary key (partition_name)
);
comment on table private.exports is
    'Partitions of jobs that were written to a file. Jobs of tenants with the setting export_before_drop leave only when they are in one.';
