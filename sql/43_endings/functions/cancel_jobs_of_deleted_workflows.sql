-- No index knows the waiting jobs of a workflow, as none mentions what changes, so a look goes through all that the tenant has
-- waiting, a page at a time, and another one follows after it found some. What others hold locked is passed over and found by the
-- next look: it waits for no other session. Jobs that robots held when the look began may have come back behind it, so only a look
-- during which none did says that nothing waits. Until robots hold none either, claims run none: private.leave_lane().
create or replace function private.cancel_jobs_of_deleted_workflows(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_removal private.workflow_removals;
    v_page record;
    v_job_ids uuid[];
    v_held integer;
    v_turn private.turn := (0, 0, null);
begin
    while v_turn.used < p_limit loop
        select r.*
        into v_removal
        from private.workflow_removals as r
        where r.tenant_id = p_tenant_id
            and not (r.is_idle and r.held = private.count_leases_of_workflow(p_tenant_id, r.workflow_id))
        order by r.removed_at, r.workflow_id
        limit 1
        for update skip locked;
        if not found then
            return v_turn;
        end if;
        select p.* into v_page from private.find_jobs_of_workflow(v_removal, p_limit - v_turn.used) as p;
        if v_removal.lane_id is null then
            with gone as (
                delete from private.scheduled as s
                where s.job_id = any (array(
                    select o.job_id from private.scheduled as o where o.job_id = any (v_page.job_ids) for update skip locked
                ))
                returning s.job_id
            )
            select array(select g.job_id from gone as g) into v_job_ids;
        else
            with gone as (
                delete from private.ready as r
                where r.ctid = any (array(
                    select o.ctid
                    from unnest(v_page.lane_ids, v_page.job_ids) as f (lane_id, job_id)
                    join private.ready as o
                        on o.tenant_no = v_page.tenant_no and o.lane_id = f.lane_id and o.job_id = f.job_id
                    for update of o skip locked
                ))
                returning r.job_id
            )
            select array(select g.job_id from gone as g) into v_job_ids;
        end if;
        perform private.end_unclaimed_jobs(v_job_ids, 'The workflow was deleted.');
        v_turn.done := v_turn.done + cardinality(v_job_ids);
        v_removal.has_found := v_removal.has_found or v_page.job_ids <> '{}';
        if v_removal.is_idle then   -- some ended or came back: a new look
            v_removal.is_idle := false;
            v_removal.held := private.count_leases_of_workflow(p_tenant_id, v_removal.workflow_id);
        end if;
        if v_page.seen = p_limit - v_turn.used then
            v_removal.run_at := v_page.last_run_at;
            v_removal.lane_id := v_page.last_lane_id;
            v_removal.job_id := v_page.last_job_id;
        elsif v_removal.lane_id is null then    -- then what is ready
            v_removal.lane_id := 0;
            v_removal.job_id := '00000000-0000-0000-0000-000000000000';
        else
            v_held := private.count_leases_of_workflow(p_tenant_id, v_removal.workflow_id);
            v_removal.is_idle := v_held = v_removal.held and not v_removal.has_found;
            if v_removal.is_idle and v_held = 0 then
                delete from private.workflow_removals as r
                where r.tenant_id = p_tenant_id and r.workflow_id = v_removal.workflow_id;
            end if;
            v_removal.held := v_held;
            v_removal.has_found := false;
            v_removal.run_at := '-infinity';
            v_removal.lane_id := null;
            v_removal.job_id := '00000000-0000-0000-0000-000000000000';
        end if;
        v_turn.used := v_turn.used + greatest(v_page.seen, 1);
        update private.workflow_removals as r
        set run_at = v_removal.run_at,
            lane_id = v_removal.lane_id,
            job_id = v_removal.job_id,
            held = v_removal.held,
            has_found = v_removal.has_found,
            is_idle = v_removal.is_idle
        where r.tenant_id = p_tenant_id and r.workflow_id = v_removal.workflow_id;
        exit when cardinality(v_job_ids) < cardinality(v_page.job_ids);     -- others are at them: later
    end loop;
    if v_turn.used >= p_limit then
        v_turn.after := 'more';
    end if;
    return v_turn;
end
$$;
comment on function private.cancel_jobs_of_deleted_workflows is
    'Duty, a tenant''s turn: looks at p_limit of its waiting jobs, cancels those whose workflow was deleted, and counts them; those that a robot holds go on.';
revoke all on function private.cancel_jobs_of_deleted_workflows from public, anon, authenticated, service_role;
