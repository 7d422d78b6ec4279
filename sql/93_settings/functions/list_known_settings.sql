-- The list of what a tenant can set. A name is a column of public.tenants, or the place in tenants.settings. What each means
-- is decided where it is read; here stands what may be written.
create or replace function private.list_known_settings(p_tenant_id uuid)
returns table (
    name text,
    type text,                  -- boolean | integer | text | choice
    value jsonb,                -- what counts now
    default_value jsonb,        -- what counts after a reset; null: cannot be reset, or any number
    minimum bigint,             -- of a number; of the characters of a text
    maximum bigint,
    choices text[],
    unit text,
    is_changeable boolean,      -- by the tenant itself
    meaning text
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select s.*
    from public.tenants as t
    cross join lateral (
        values
            (
                'name', 'text', to_jsonb(t.name), null::jsonb, 1::bigint, 255::bigint, null::text[], null, true,
                'What people call the tenant.'
            ),
            (
                'timezone', 'text', to_jsonb(t.timezone), '"UTC"', 1, 64, null, null, true,
                'The zone of schedules without one of their own, and in which a day of figures begins: a name of the IANA database.'
            ),
            (
                'queue.fair_share', 'boolean', to_jsonb(coalesce(t.settings #> '{queue,fair_share}' = 'true', false)), 'false',
                null, null, null, null, true,
                'Whether workflows take turns in the robots by the time that they have had of them, weighed by their shares.'
            ),
            (
                'queue.max_waiting', 'integer', to_jsonb(private.waiting_quota(t.plan, t.settings)),
                to_jsonb(private.waiting_quota(t.plan, '{}')), 0, coalesce(private.waiting_quota(t.plan, '{}'), 1000000000),
                null, 'jobs', true,
                'How many jobs may wait, delayed ones included, before new ones are refused; null: any number.'
            ),
            (
                'queue.ageing_minutes', 'integer', to_jsonb(private.ageing_minutes(t.settings)),
                to_jsonb(private.ageing_minutes('{}')), 0, 100000, null, 'minutes', true,
                'After how long without a claim jobs of one demand rise a step of priority; 0: never.'
            ),
            (
                'queue.cancel_grace_seconds', 'integer', to_jsonb(private.cancel_grace_seconds(t.settings)),
                to_jsonb(private.cancel_grace_seconds('{}')), 0, 86400, null, 'seconds', true,
                'How long a robot may go on with a job that is to be cancelled, before the cancellation may be forced.'
            ),
            (
                'realtime.jobs', 'choice', to_jsonb(private.pushes_of(t.settings)), to_jsonb(private.pushes_of('{}')),
                null, null, '{watched,always,off}', null, true,
                'When changes of jobs are pushed: while somebody says that they watch, always, or never.'
            ),
            (
                'robots.offline_after_seconds', 'integer', to_jsonb(t.robot_offline_after_seconds), '90', 5, 86400, null,
                'seconds', true, 'After how long without a heartbeat a robot counts as offline.'
            ),
            (
                'robots.quarantine_after_failures', 'integer', to_jsonb(t.quarantine_after_failures), '5', 0, 1000, null,
                'attempts', true, 'After how many failed attempts in a row a robot gets no more jobs; 0: never.'
            ),
            (
                'robots.accept_grace_seconds', 'integer',
                to_jsonb(private.robot_patience_seconds(t.settings, 'accept_grace_seconds', 30)), '30', 5, 3000, null,
                'seconds', true, 'How long a robot on a WebSocket may take to accept a job that it was sent.'
            ),
            (
                'robots.reconnect_window_seconds', 'integer',
                to_jsonb(private.robot_patience_seconds(t.settings, 'reconnect_window_seconds', 60)), '60', 5, 3000, null,
                'seconds', true, 'How long a robot whose WebSocket broke keeps its jobs.'
            ),
            (
                'retention.export_before_drop', 'boolean', to_jsonb(private.must_export(t.tenant_id)), 'false', null, null,
                null, null, private.may_export(t.plan), 'Whether jobs are deleted only after an operator exported them to a file.'
            )
    ) as s (name, type, value, default_value, minimum, maximum, choices, unit, is_changeable, meaning)
    where t.tenant_id = p_tenant_id
    union all
    select
        'retention.' || r.kind || '_days',
        'integer',
        to_jsonb(extract(day from private.clock() - private.retention_horizon(r.kind, t.tenant_id))::integer),
        to_jsonb(r.days),
        1,
        r.days,
        null,
        'days',
        r.may_be_shortened,
        format('How long %s are kept.', case r.kind
            when 'jobs' then 'finished jobs'
            when 'audit_log' then 'entries of the audit log'
            when 'job_node_executions' then 'the times of nodes'
            when 'robot_measurements' then 'the figures of robots'' machines'
            when 'schedule_fires' then 'fires of schedules'
            when 'trigger_deliveries' then 'deliveries to triggers'
            when 'trigger_delivery_bodies' then 'bodies of deliveries to triggers'
            else replace(r.kind, '_', ' ')
        end)
    from public.tenants as t
    join private.retentions as r on r.plan = t.plan
    where t.tenant_id = p_tenant_id
    order by 1;
end
$$;
comment on function private.list_known_settings is
    'What a tenant can set, by name: type, value, default, range and meaning; and what only its plan decides.';
revoke all on function private.list_known_settings from public, anon, authenticated, service_role;
