-- The next times of all, merged: whoever comes first is told, and its own next time takes its place.
create or replace function public.list_upcoming_runs(p_limit integer default 20, p_workflow_id uuid default null)
returns table (schedule_id uuid, run_at timestamptz)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('schedules.read');
    v_schedules public.schedules[];
    v_next timestamptz[];
    v_first integer;
    v_verdict text;
    v_looks integer := 0;
begin
    if p_limit not between 1 and 100 or p_limit is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'limit must be between 1 and 100.');
    end if;
    -- Of more than p_limit schedules, only those can be in it that come first.
    select array_agg(x order by x.next_run_at, x.schedule_id), array_agg(x.next_run_at order by x.next_run_at, x.schedule_id)
    into v_schedules, v_next
    from (
        select s.*
        from public.schedules as s
        where s.tenant_id = v_caller.tenant_id and s.next_run_at is not null
            and (p_workflow_id is null or s.workflow_id = p_workflow_id)
        order by s.next_run_at, s.schedule_id
        limit p_limit
    ) as x;
    while p_limit > 0 and v_looks < 2000 loop
        v_looks := v_looks + 1;
        select u.i into v_first from unnest(v_next) with ordinality as u (at, i) where u.at is not null order by u.at, u.i limit 1;
        exit when not found;
        schedule_id := v_schedules[v_first].schedule_id;
        run_at := v_next[v_first];
        v_verdict := (private.judge_due_time(
            v_schedules[v_first], run_at - private.jitter_of(schedule_id, v_schedules[v_first].jitter_seconds)
        )).verdict;
        if v_verdict in ('run', 'moved') then
            return next;
            p_limit := p_limit - 1;
        end if;
        v_next[v_first] := private.next_run_time(v_schedules[v_first], run_at);
    end loop;
end
$$;
comment on function public.list_upcoming_runs is
    'The next 1 to 100 runs of all enabled schedules of the tenant, or of a workflow, the soonest first; without those that a calendar skips. Raises 400 INVALID_ARGUMENT. Needs schedules.read.';
revoke all on function public.list_upcoming_runs from public, anon, authenticated, service_role;
grant execute on function public.list_upcoming_runs to authenticated;
