create or replace function private.fire_due_schedules(p_limit integer default 1000)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_schedule public.schedules;
    v_enqueued integer := 0;
begin
    for v_schedule in
        select s.*
        from public.schedules as s
        where s.next_run_at <= private.clock()
        order by s.next_run_at
        limit p_limit
        for update skip locked
    loop
        begin
            v_enqueued := v_enqueued + (private.fire_schedule(v_schedule) is not distinct from 'enqueued')::integer;
        exception
            when others then    -- it stays due; what is wrong with one must not keep the others
                raise warning 'schedule % did not fire: %', v_schedule.schedule_id, sqlerrm;
        end;
    end loop;
    return v_enqueued;
end
$$;
comment on function private.fire_due_schedules(integer) is
    'Fires what is due, the longest due first, and returns how many jobs came of it. Many may run it at once: each due time is one''s.';
revoke all on function private.fire_due_schedules(integer) from public, anon, authenticated, service_role;
