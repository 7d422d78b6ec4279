-- What the database does by itself, for all tenants. One dispatcher runs it (private.run_duties), and claims do the part that
-- must be right with a cron that knows minutes only (private.run_due_duties). Each run does a bounded part, in turns among
-- tenants, and a duty that is behind goes on at once. See docs/operations.md.

create table private.duties (
    name text not null,                 -- of a function of private
    every interval not null,
    bound integer,                      -- most rows of one run, which is one transaction; null: it takes no bound
    -- Whose tenants take turns: the table, in the order of its tenant_id. The function is that of one tenant's turn,
    -- (p_tenant_id, p_limit, p_after) -> private.turn. Null: the function is (p_limit) -> count, and shares out p_limit itself.
    tenants_of text,
    without_turns text,                 -- why tenants play no part in it
    rest integer not null default 0,    -- after a run it rests for so many times what that took, if that is longer than every
    claims_every interval,              -- claims do it too, so often; null: they do not
    claims_bound integer,
    claimed_at timestamptz not null default '-infinity',    -- when a claim last did it
    constraint duties_pkey primary key (name),
    constraint duties_bound_check check (bound > 0 and (bound is not null or without_turns is not null)),
    constraint duties_without_turns_check check (tenants_of is null or without_turns is null)
) with (fillfactor = 50);
comment on table private.duties is
    'Every duty there is: its function, its period, the bound of a run, how tenants take turns in it, and how often claims do it too.';

create table private.duty_runs (
    name text not null,
    last_run_at timestamptz not null default now(),     -- or when it was made
    last_took interval,
    last_count integer,
    last_error text,                    -- null: the last run succeeded, for every tenant
    behind_since timestamptz,           -- the last run left something, so that it goes on at once; since when that is so
    position jsonb,                     -- where the next run goes on, for duties that do a part at a time
    tried_at timestamptz not null default '-infinity',  -- by the clock on the wall: of what is due, what waited longest is next
    constraint duty_runs_pkey primary key (name),
    constraint duty_runs_name_fkey foreign key (name) references private.duties (name) on delete cascade
) with (fillfactor = 50);
comment on table private.duty_runs is
    'How each duty goes: when the dispatcher last ran it, what it did, its error, and whether something is left. See private.run_duty().';

insert into private.duties (name, every, bound, tenants_of, claims_every, claims_bound)
values
    ('fire_due_schedules', '5 seconds', 1000, null, '5 seconds', 20),
    ('promote_scheduled_jobs', '5 seconds', 1000, null, '1 second', 200),
    ('rescue_expired_leases', '5 seconds', 200, null, '5 seconds', 50),
    ('raise_low_water', '5 seconds', 500, null, '1 second', 500),
    ('fold_share_usage', '5 seconds', 5000, null, '1 second', 1000),
    ('recheck_low_water', '1 minute', 2000, null, '150 seconds', 200),  -- claims only when the dispatcher does not
    ('follow_scheduled_jobs', '5 seconds', 1000, 'private.schedule_news', null, null),
    ('fire_chains', '5 seconds', 200, 'private.chain_inbox', null, null),
    ('cancel_jobs_of_deleted_workflows', '5 seconds', 2000, 'private.workflow_removals', null, null),
    ('mark_offline_robots', '1 minute', 1000, 'public.robot_heartbeats', null, null),
    ('notice_deaf_robots', '1 minute', 1000, 'public.robot_heartbeats', null, null),
    ('age_lanes', '1 minute', 2000, 'private.queue_tenants', null, null),
    ('check_waiting_quotas', '1 minute', 10000, 'private.queue_tenants', null, null),
    ('reconcile_limits', '5 minutes', 1000, 'private.limits', null, null),
    ('extend_calendars', '1 day', 1000, 'public.calendars', null, null),
    ('sequence_events', '1 minute', 10000, 'private.event_inbox', null, null),
    ('purge_expired_jobs', '1 minute', 10000, 'public.jobs', null, null),
    ('purge_expired_job_logs', '1 minute', 10000, 'public.job_logs', null, null),
    ('purge_expired_robot_logs', '1 minute', 10000, 'public.robot_logs', null, null),
    ('purge_expired_events', '1 minute', 10000, 'public.events', null, null),
    ('purge_expired_dead_letters', '10 minutes', 10000, 'public.dead_letters', null, null),
    ('purge_expired_late_results', '10 minutes', 10000, 'public.late_results', null, null),
    ('purge_expired_job_node_executions', '10 minutes', 10000, 'public.job_node_executions', null, null),
    ('purge_expired_robot_commands', '1 hour', 10000, 'public.robot_commands', null, null),
    ('purge_expired_robot_measurements', '1 hour', 10000, 'public.robot_measurements', null, null),
    ('purge_expired_schedule_fires', '1 hour', 10000, 'public.schedule_fires', null, null),
    ('purge_expired_trigger_deliveries', '1 hour', 10000, 'public.trigger_deliveries', null, null),
    ('purge_expired_trigger_delivery_bodies', '1 hour', 10000, 'public.trigger_delivery_bodies', null, null),
    ('purge_expired_audit_log', '1 hour', 10000, 'public.audit_log', null, null),
    ('purge_idempotency_keys', '1 hour', 10000, 'private.idempotency_keys', null, null),
    ('purge_job_rollups', '1 day', 10000, 'public.job_rollups', null, null);
insert into private.duties (name, every, bound, rest)
values ('push_overviews', '5 seconds', 1000, 20);
insert into private.duties (name, every, bound, without_turns)
values
    ('purge_login_attempts', '1 hour', 10000, 'A login is tried before anybody knows the tenant.'),
    ('purge_request_counts', '10 minutes', 10000, 'Requests are counted by address and key, most of them of no tenant.'),
    ('purge_cron_details', '1 hour', 10000, 'They are the runs of cron.'),
    ('ensure_job_partitions', '1 day', null, 'A week is of all tenants.'),
    ('place_default_jobs', '1 hour', null, 'It moves whole weeks, which are of all tenants.'),
    ('drop_job_partitions', '1 hour', null, 'A week is of all tenants.');
insert into private.duty_runs (name) select d.name from private.duties as d;

-- What every claim reads is no row: beside a snapshot that is held for long, each run of a duty would leave one more to pass.
create sequence private.next_duty_at as bigint minvalue 0;
comment on sequence private.next_duty_at is
    'When claims have the next duty to do, in milliseconds since 1970, or before: they look at private.duties no earlier. More than a second ahead it means nothing, as the clock was set back. A claim that is undone after duties leaves it ahead: they are done a second later, or by the dispatcher.';
