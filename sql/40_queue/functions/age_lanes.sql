-- What counts is how long the same job has been first, as this duty saw it: not how old the job is, because a job may have
-- been delayed for long and be ready only now. Lanes that somebody's limit holds back wait for the limit and do not age.
create or replace function private.age_lanes(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    v_now timestamptz := private.clock();
    v_queue private.queue_tenants;
    v_lane record;
    v_turn private.turn := (0, 0, null);
begin
    select q.* into v_queue from private.queue_tenants as q where q.tenant_id = p_tenant_id;
    if v_queue.ageing_minutes = 0 then
        return v_turn;
    end if;
    for v_lane in
        select l.*, f.job_id as first_job_id
        from (select o.* from private.lanes as o where o.tenant_no = v_queue.tenant_no offset 0) as l
        left join lateral (
            select r.job_id
            from private.ready as r
            where r.tenant_no = l.tenant_no and r.lane_id = l.lane_id and r.job_id >= l.low_job_id
            order by r.job_id
            limit 1
        ) as f on true
        where l.lane_id > coalesce(p_after::integer, 0)
        order by l.lane_id
        limit p_limit
    loop
        v_turn.used := v_turn.used + 1;
        v_turn.after := v_lane.lane_id;
        continue when v_lane.first_job_id is null and v_lane.promotion = 0;
        if v_lane.first_job_id is null or v_lane.head_job_id is distinct from v_lane.first_job_id then
            -- It is being served, or was until it was empty: back by one step a look. A lane without promotion whose first job
            -- is new is not worth a write.
            if v_lane.promotion > 0 or v_lane.first_job_id < private.uuid_v7_floor(v_now - interval '1 minute') then
                update private.lanes as l
                set head_job_id = v_lane.first_job_id, head_since = v_now, promotion = greatest(l.promotion - 1, 0)
                where l.lane_id = v_lane.lane_id;
            end if;
        elsif v_lane.promotion < v_lane.priority
            and v_lane.head_since <= v_now - make_interval(mins => v_queue.ageing_minutes)
            and (private.lane_room(v_lane.workflow_limit_id, v_lane.key_limit_id) > 0) is not false
        then
            update private.lanes as l
            set promotion = l.promotion + 1, head_since = v_now
            where l.lane_id = v_lane.lane_id;
            v_turn.done := v_turn.done + 1;
            perform private.emit_event(
                p_tenant_id, 'lane.promoted', v_lane.first_job_id, v_lane.robot_id, null,
                jsonb_build_object(
                    'job_id', v_lane.first_job_id,
                    'environment', v_lane.environment,
                    'required', v_lane.required,
                    'priority', v_lane.priority,
                    'effective_priority', v_lane.priority - v_lane.promotion - 1,
                    'waiting_since', private.to_iso(v_lane.head_since)
                )
            );
        end if;
    end loop;
    if v_turn.used < p_limit then
        v_turn.after := null;
    end if;
    return v_turn;
end
$$;
comment on function private.age_lanes is
    'Duty, a tenant''s turn: promotes by one step of priority each lane whose first job has stayed first for the tenant''s ageing_minutes, tells it by the event lane.promoted, and lets lanes that are served fall back by a step; looks at p_limit lanes and counts those that it promoted.';
revoke all on function private.age_lanes from public, anon, authenticated, service_role;
