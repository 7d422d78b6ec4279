create or replace view public.live_jobs with (security_invoker = true) as
select
    j.job_id,
    j.tenant_id,
    j.workflow_id,
    j.workflow_version,
    j.workflow_name,
    j.trigger_type,
    j.execution_mode,
    j.environment,
    j.required_capabilities,
    j.required_tags,
    j.target_robot_id,
    j.pool_id,
    j.priority,
    j.input,
    j.metadata,
    j.dedupe_key,
    j.concurrency_key,
    j.max_attempts,
    j.timeout_seconds,
    j.progress_timeout_seconds,
    j.retry_policy,
    j.retry_of,
    j.created_by,
    j.created_at,
    case
        when l.job_id is null then j.status
        when l.started_at is null then 'claimed'
        else 'running'
    end::public.job_status as status,
    coalesce(l.attempt, j.attempts) as attempts,
    coalesce(l.robot_id, j.robot_id) as robot_id,
    coalesce(l.claimed_at, j.claimed_at) as claimed_at,
    coalesce(l.started_at, j.started_at) as started_at,
    coalesce(l.first_progress_at, j.first_progress_at) as first_progress_at,
    j.finished_at,
    j.result,
    j.error_message,
    j.error_type,
    j.error_details,
    s.run_at,
    case when j.status = 'completed' then 100 else coalesce(l.progress, 0) end::smallint as progress,
    l.current_node,
    l.progress_message,
    l.lease_expires_at,
    coalesce(l.cancel_requested_at, j.cancel_requested_at) as cancel_requested_at,
    l.cancel_reason
from public.jobs as j
left join private.leases as l on l.job_id = j.job_id
left join private.scheduled as s on s.job_id = j.job_id;
comment on view public.live_jobs is
    'Jobs as they are now: the stored row with the facts of its lease or its delay. run_at is set while a job waits for a time.';
