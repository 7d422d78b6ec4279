-- On the path of every transition, so it is two statements for any number of jobs. The pushes are what realtime.send makes,
-- with the columns that the platform documents; should it take this insert no more, its own function does it.
create or replace function private.announce_jobs(
    p_event text,
    p_status text,
    p_notices private.job_notice[],
    p_is_pushed boolean default true,
    p_is_new boolean default false
)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    v_now timestamptz := private.clock();
    v_timestamp text := private.to_iso(v_now);
    v_actor_id uuid := (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
    v_notice private.job_notice;
    v_data jsonb[] := '{}';         -- one for each notice
    v_tenant_id uuid;
    v_is_pushed boolean;
    v_topics text[] := '{}';
    v_payloads jsonb[] := '{}';     -- one for each topic
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
        continue when not p_is_pushed;
        if v_tenant_id is distinct from v_notice.tenant_id then
            v_tenant_id := v_notice.tenant_id;
            select q.pushes_jobs into v_is_pushed from private.queue_tenants as q where q.tenant_id = v_tenant_id;
        end if;
        continue when v_is_pushed is not true;
        v_topics := array_append(v_topics, 'tenant:' || v_tenant_id || ':jobs');
        v_payloads := array_append(v_payloads, v_data[i]);
        if not p_is_new then     -- nobody can have joined the topic of a job that is not there yet
            v_topics := array_append(v_topics, 'job:' || v_notice.job_id);
            v_payloads := array_append(v_payloads, v_data[i]);
        end if;
    end loop;
    if p_event <> 'job.progress' then   -- as private.emit_event() does it
        insert into private.event_inbox (tenant_id, event_type, occurred_at, job_id, robot_id, workflow_id, actor_id, data)
        select n.tenant_id, p_event, v_now, n.job_id, n.robot_id, n.workflow_id, v_actor_id, n.data
        from unnest(p_notices, v_data) as n (
            tenant_id, job_id, workflow_id, workflow_name, robot_id, attempt, details, data
        );
    end if;
    if v_topics = '{}' then
        return;
    end if;
    begin
        insert into realtime.messages (id, topic, event, payload, extension, private)
        select m.id, m.topic, p_event, m.data || jsonb_build_object('id', m.id), 'broadcast', true
        from (
            select gen_random_uuid() as id, t.topic, t.data from unnest(v_topics, v_payloads) as t (topic, data) offset 0
        ) as m;
    exception
        when check_violation then   -- no partition for today: nobody has listened for days
            raise warning 'pushing % failed: %', p_event, sqlerrm;
        when others then
            perform private.broadcast(t.topic, p_event, t.data) from unnest(v_topics, v_payloads) as t (topic, data);
    end;
end
$$;
comment on function private.announce_jobs is
    'Tells what happened to jobs: events for those who resume, pushes for those who watch. Progress is pushed only. A push may be lost and never fails the caller: it has a row behind it.';
revoke all on function private.announce_jobs from public, anon, authenticated, service_role;
