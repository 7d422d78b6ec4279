create or replace function public.watch(p_job_id uuid default null)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize(case when p_job_id is null then 'events.read' else 'jobs.read' end);
    v_now timestamptz := private.clock();
    v_until timestamptz := v_now + interval '60 seconds';
    v_enough constant interval := '45 seconds';     -- left: who watches beside others writes nothing
    v_pushes text;
    v_robot_id uuid;
begin
    if p_job_id is not null and not exists (
        select from public.jobs as j where j.job_id = p_job_id and j.tenant_id = v_caller.tenant_id
    ) then
        perform private.raise_error(404, 'JOB_NOT_FOUND', 'There is no such job.');
    end if;
    perform private.find_queue_tenant(v_caller.tenant_id);
    perform private.sequence_tenant_events(v_caller.tenant_id);
    select private.pushes_of(t.settings) into v_pushes from public.tenants as t where t.tenant_id = v_caller.tenant_id;
    if v_pushes = 'watched' and p_job_id is null then
        update private.queue_tenants as q
        set watched_until = v_until
        where q.tenant_id = v_caller.tenant_id and q.watched_until < v_now + v_enough;
    elsif v_pushes = 'watched' and not exists (
        select from private.job_watches as w where w.job_id = p_job_id and w.watched_until >= v_now + v_enough
    ) then
        -- The row is the lock under which a tenant's watches are counted.
        update private.queue_tenants as q set jobs_watched_until = v_until where q.tenant_id = v_caller.tenant_id;
        delete from private.job_watches as w where w.tenant_id = v_caller.tenant_id and w.watched_until <= v_now;
        if (
            select count(*) from private.job_watches as w where w.tenant_id = v_caller.tenant_id and w.job_id <> p_job_id
        ) >= 100 then
            perform private.raise_error(
                429, 'TOO_MANY_WATCHES', 'A hundred jobs of this tenant are watched already: watch the tenant instead.', '30'
            );
        end if;
        insert into private.job_watches as w (job_id, tenant_id, watched_until)
        values (p_job_id, v_caller.tenant_id, v_until)
        on conflict (job_id) do update set watched_until = excluded.watched_until;
        -- Its robot has what nobody else knows of its nodes.
        select l.robot_id into v_robot_id from private.leases as l where l.job_id = p_job_id;
        if found then
            perform private.broadcast(
                'robot:' || v_robot_id, 'job_watched',
                jsonb_build_object('job_id', p_job_id)
            );
        end if;
    end if;
    return jsonb_build_object(
        'topic', case when p_job_id is null then 'tenant:' || v_caller.tenant_id || ':changes' else 'job:' || p_job_id end,
        'pushes', v_pushes,
        'renew_after_seconds', 30,
        'after', (select c.last_seq from private.event_counters as c where c.tenant_id = v_caller.tenant_id)
    );
end
$$;
comment on function public.watch is
    'Says that the caller watches the tenant (needs events.read) or one of its jobs (needs jobs.read), for 60 seconds: until then what happens is pushed on the topic in the answer, unless the tenant''s pushes are off. To be said again every 30 seconds. after is the number of the newest event: what happens from now on has a greater one. Raises 404 JOB_NOT_FOUND, 429 TOO_MANY_WATCHES for more than a hundred jobs.';
revoke all on function public.watch from public, anon, authenticated, service_role;
grant execute on function public.watch to authenticated;
