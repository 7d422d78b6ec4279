create or replace function private.follow_scheduled_jobs(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_turn private.turn := (0, 0, null);
    v_schedule public.schedules;
    v_schedule_id uuid;
    v_news private.schedule_news;
begin
    -- First what is to be cancelled: it may wait for a lease, which nobody may do who has enqueued a job.
    for v_news in
        select n.*
        from private.schedule_news as n
        where n.tenant_id = p_tenant_id and n.status is null
        order by n.job_id
        limit p_limit
        for update skip locked
    loop
        perform private.try_cancel_job(
            p_tenant_id, v_news.job_id, 'The next run of its schedule is due, and its overlap policy is cancel_previous.'
        );
        delete from private.schedule_news as n
        where n.tenant_id = p_tenant_id and n.schedule_id = v_news.schedule_id and n.news_id = v_news.news_id;
        v_turn.used := v_turn.used + 1;
    end loop;

    for v_schedule_id in
        select distinct x.schedule_id
        from (select n.schedule_id from private.schedule_news as n where n.tenant_id = p_tenant_id limit p_limit) as x
    loop
        exit when v_turn.used >= p_limit;
        select s.* into v_schedule
        from public.schedules as s
        where s.schedule_id = v_schedule_id
        for update skip locked;
        continue when not found;    -- it is fired or changed just now: in the next period
        for v_news in
            with gone as (
                delete from private.schedule_news as n
                where n.tenant_id = p_tenant_id and n.schedule_id = v_schedule_id and n.news_id = any (array(
                    select o.news_id
                    from private.schedule_news as o
                    where o.tenant_id = p_tenant_id and o.schedule_id = v_schedule_id and o.status is not null
                    order by o.news_id
                    limit p_limit - v_turn.used
                ))
                returning n.*
            )
            select g.* from gone as g order by g.news_id
        loop
            v_turn.done := v_turn.done + 1;
            v_turn.used := v_turn.used + 1;
            if v_news.status in ('failed', 'timeout') then
                perform private.count_schedule_failures(v_schedule_id, 1);
            elsif v_news.status = 'completed' then
                perform private.forget_schedule_failures(v_schedule_id);
            end if;
        end loop;
        select s.* into v_schedule from public.schedules as s where s.schedule_id = v_schedule_id;
        v_turn.done := v_turn.done + private.release_waiting_fires(v_schedule);
    end loop;
    v_turn.after := case when v_turn.used >= p_limit then '' end;
    return v_turn;
end
$$;
comment on function private.follow_scheduled_jobs is
    'Duty, a tenant''s turn: counts how jobs of schedules ended, cancels those that the next run is to replace, and lets due times go that waited for them.';
revoke all on function private.follow_scheduled_jobs from public, anon, authenticated, service_role;
