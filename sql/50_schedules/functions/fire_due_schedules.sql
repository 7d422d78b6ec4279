create or replace function private.fire_due_schedules(p_limit integer default 1000)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_due uuid[] := array(
        select s.schedule_id
        from public.schedules as s
        where s.next_run_at <= private.clock()
        order by s.next_run_at
        limit p_limit
    );
    v_fired uuid[] := '{}';
    v_schedule_id uuid;
    v_schedule public.schedules;
    v_served integer := 0;
begin
    if v_due = '{}' then
        return 0;
    elsif cardinality(v_due) = p_limit then    -- more may be due, and all of this of one tenant
        v_due := private.share_out('public.schedules', 'schedule_id', 'next_run_at', p_limit, v_due);
    end if;
    begin
        v_fired := private.fire_plain_schedules(v_due);
    exception
        when others then    -- something is wrong with one of them: each is fired alone
            raise warning 'schedules were not fired together: %', sqlerrm;
    end;
    foreach v_schedule_id in array v_due loop
        continue when v_schedule_id = any (v_fired);
        select s.*
        into v_schedule
        from public.schedules as s
        where s.schedule_id = v_schedule_id and s.next_run_at <= private.clock()
        for update skip locked;
        continue when not found;
        begin
            perform private.fire_schedule(v_schedule);
            v_served := v_served + 1;
        exception
            when others then    -- it stays due; what is wrong with one must not keep the others
                raise warning 'schedule % did not fire: %', v_schedule_id, sqlerrm;
        end;
    end loop;
    return v_served + cardinality(v_fired);
end
$$;
comment on function private.fire_due_schedules is
    'Serves at most p_limit schedules that are due, the longest due first or, when there are more, shared out among tenants, and returns how many. Many may run it at once: each due time is one''s.';
revoke all on function private.fire_due_schedules from public, anon, authenticated, service_role;
