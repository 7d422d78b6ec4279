-- On the path of every transition, so it is one statement for any number of jobs while nobody watches.
create or replace function private.announce_jobs(p_event text, p_status text, p_notices private.job_notice[])
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_now timestamptz := private.clock();
    v_timestamp text := private.to_iso(v_now);
    v_actor_id uuid := (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
    v_notice private.job_notice;
    v_data jsonb[] := '{}';         -- one for each notice
    v_tenant_ids uuid[] := '{}';
    v_watched uuid[];
    v_are_jobs_watched boolean;
    v_are_awaited boolean;          -- triggers may wait for one of them
begin
    for i in 1..cardinality(p_notices) loop
        v_notice := p_notices[i];
        v_data[i] := jsonb_build_object(
            'job_id', v_notice.job_id,
            'workflow_id', v_notice.workflow_id,
            'workflow_name', v_notice.workflow_name,
            'status', p_status,
            'robot_id', v_notice.robot_id,
            'attempt', v_notice.attempt,
            'timestamp', v_timestamp
        ) || coalesce(v_notice.details, '{}');
        if v_notice.tenant_id <> all (v_tenant_ids) then
            v_tenant_ids := v_tenant_ids || v_notice.tenant_id;
        end if;
    end loop;
    with told as (      -- as private.emit_event() does it
        insert into private.event_inbox (tenant_id, event_type, occurred_at, job_id, robot_id, workflow_id, actor_id, data)
        select n.tenant_id, p_event, v_now, n.job_id, n.robot_id, n.workflow_id, v_actor_id, n.data
        from unnest(p_notices, v_data) as n (
            tenant_id, job_id, workflow_id, workflow_name, robot_id, attempt, details, data
        )
    )
    select array_agg(q.tenant_id) filter (where q.watched_until > v_now), bool_or(q.jobs_watched_until > v_now), bool_or(q.has_chains)
    into v_watched, v_are_jobs_watched, v_are_awaited
    from private.queue_tenants as q
    where q.tenant_id = any (v_tenant_ids) and (q.watched_until > v_now or q.jobs_watched_until > v_now or q.has_chains);
    if v_watched is not null then
        perform private.ring_bell(w.tenant_id) from unnest(v_watched) as w (tenant_id);
    end if;
    if v_are_jobs_watched then
        perform private.push_job(n.tenant_id, n.job_id, p_event, n.robot_id, n.data)
        from unnest(p_notices, v_data) as n (
            tenant_id, job_id, workflow_id, workflow_name, robot_id, attempt, details, data
        );
    end if;
    if v_are_awaited then
        perform private.keep_for_chains(n.tenant_id, p_event, n.job_id, n.robot_id, n.workflow_id, n.data)
        from unnest(p_notices, v_data) as n (
            tenant_id, job_id, workflow_id, workflow_name, robot_id, attempt, details, data
        );
    end if;
end
$$;
comment on function private.announce_jobs is
    'Tells what happened to jobs: events for those who resume, the bell of the tenant while it is watched, and of a job that is watched the details.';
revoke all on function private.announce_jobs from public, anon, authenticated, service_role;
