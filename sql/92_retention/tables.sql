-- How long what is kept is policy, and stands in a table. Everything is deleted by duties of cron, a bounded part at a time.

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
    ('job_node_executions', 'free', 7, true), ('job_node_executions', 'pro', 30, true),
    ('job_node_executions', 'enterprise', 90, true),
    ('late_results', 'free', 7, true), ('late_results', 'pro', 90, true), ('late_results', 'enterprise', 400, true),
    ('dead_letters', 'free', 30, true), ('dead_letters', 'pro', 180, true), ('dead_letters', 'enterprise', 800, true),
    ('robot_commands', 'free', 7, true), ('robot_commands', 'pro', 30, true), ('robot_commands', 'enterprise', 90, true),
    ('schedule_fires', 'free', 7, true), ('schedule_fires', 'pro', 30, true), ('schedule_fires', 'enterprise', 90, true),
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

create table private.duty_runs (
    name text not null,                 -- of a function of private that takes no arguments and returns a count
    every interval not null,            -- what cron is told, so that its lag can be seen
    last_run_at timestamptz not null default now(),     -- or when it was made
    last_took interval,
    last_count integer,
    last_error text,                    -- null: the last run succeeded
    position jsonb,                     -- where the next run goes on, for duties that do a part at a time
    constraint duty_runs_pkey primary key (name)
);
comment on table private.duty_runs is 'The duties that cron alone does: when each last ran, what it did, and its error. See private.run_duty().';
insert into private.duty_runs (name, every)
values
    ('ensure_job_partitions', interval '1 day'),
    ('place_default_jobs', interval '1 hour'),
    ('drop_job_partitions', interval '1 hour'),
    ('purge_expired_jobs', interval '1 minute'),
    ('purge_expired_dead_letters', interval '10 minutes'),
    ('purge_expired_late_results', interval '10 minutes'),
    ('purge_expired_job_logs', interval '1 minute'),
    ('purge_expired_job_node_executions', interval '10 minutes'),
    ('purge_job_rollups', interval '1 day'),
    ('purge_expired_events', interval '1 minute'),
    ('purge_expired_audit_log', interval '1 hour'),
    ('purge_expired_robot_commands', interval '1 hour'),
    ('purge_expired_schedule_fires', interval '1 hour'),
    ('purge_idempotency_keys', interval '1 hour'),
    ('purge_login_attempts', interval '1 hour'),
    ('purge_request_counts', interval '10 minutes'),
    ('check_waiting_quotas', interval '1 minute'),
    ('age_lanes', interval '1 minute'),
    ('reconcile_limits', interval '5 minutes'),
    ('sequence_events', interval '1 minute'),
    ('push_queue_depths', interval '1 minute'),     -- where cron knows seconds, every five
    ('mark_offline_robots', interval '1 minute'),
    ('notice_deaf_robots', interval '1 minute'),
    ('fire_due_schedules', interval '1 minute');
