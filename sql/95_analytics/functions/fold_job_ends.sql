-- Everything comes from the event, so it makes no difference what has become of the job. Only healings stand elsewhere. The
-- event of a job that is put back is job.queued as well, and has a message that says why.
create or replace function private.fold_job_ends(p_tenant_id uuid, p_after bigint, p_last bigint)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_ends private.job_end[];
begin
    select array_agg(c.job_end)
    into v_ends
    from (
        select row(
            e.occurred_at, substr(e.event_type, 5), e.workflow_id, e.robot_id, (e.data ->> 'duration_ms')::bigint,
            e.data ->> 'error_type', n.healed, n.not_healed
        )::private.job_end as job_end
        from public.events as e
        cross join lateral (
            select sum(x.healed) as healed, sum(x.not_healed) as not_healed
            from public.job_node_executions as x
            where x.job_id = e.job_id
        ) as n
        where e.tenant_id = p_tenant_id
            and e.seq > p_after
            and e.seq <= p_last
            and e.event_type in ('job.completed', 'job.failed', 'job.timeout', 'job.cancelled')
        union all
        select row(e.occurred_at, 'created', null, null, null, null, null, null)::private.job_end
        from public.events as e
        where e.tenant_id = p_tenant_id
            and e.seq > p_after
            and e.seq <= p_last
            and e.event_type = 'job.queued'
            and not e.data ? 'message'
    ) as c;
    if v_ends is not null then
        perform private.add_job_ends(p_tenant_id, v_ends);
    end if;
end
$$;
comment on function private.fold_job_ends is
    'Counts the jobs that began or ended by the events with these numbers. Called once for each number, by the transaction that gave it.';
revoke all on function private.fold_job_ends from public, anon, authenticated, service_role;
