-- The events of a tenant's finished jobs that retention has left, numbered in the order in which they happened.
insert into public.events (tenant_id, seq, event_id, event_type, occurred_at, told_at, job_id, robot_id, workflow_id, data)
select
    %(tenant_id)s,
    c.last_seq + row_number() over (order by e.at),
    gen_random_uuid(),
    'job.' || e.word,
    e.at,
    e.at,
    j.job_id,
    j.robot_id,
    j.workflow_id,
    jsonb_build_object(
        'job_id', j.job_id, 'workflow_id', j.workflow_id, 'workflow_name', j.workflow_name, 'status', e.word,
        'robot_id', j.robot_id, 'attempt', j.attempts, 'timestamp', e.at, 'duration_ms', 9000, 'error_type', j.error_type
    )
from public.jobs as j
join private.event_counters as c using (tenant_id)
cross join lateral (
    values
        ('queued', j.created_at),
        ('claimed', j.claimed_at),
        ('started', j.started_at),
        (j.status::text, j.finished_at)
) as e (word, at)
where j.tenant_id = %(tenant_id)s
    and j.finished_at is not null
    and e.at >= %(now)s::timestamptz - make_interval(days => 30)
