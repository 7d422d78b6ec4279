-- A turn reads events that committed and takes each away in the transaction that fires what waits for them: each fires once.
create or replace function private.fire_chains(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_event private.chain_inbox;
    v_trigger public.triggers;
    v_trigger_id uuid;
    v_delivery private.delivery;
    v_origin jsonb;             -- of the job that the event is about: what the trigger that started it noted
    v_used integer := 0;
    v_fired integer := 0;
begin
    for v_event in
        select i.* from private.chain_inbox as i where i.tenant_id = p_tenant_id order by i.inbox_id limit p_limit
    loop
        -- What a turn does is deliveries, of which one event may be many.
        exit when v_used >= p_limit;
        delete from private.chain_inbox as i where i.tenant_id = p_tenant_id and i.inbox_id = v_event.inbox_id;
        v_used := v_used + 1;
        v_delivery := null;
        for v_trigger_id in
            select t.trigger_id
            from public.triggers as t
            where t.tenant_id = p_tenant_id and t.is_enabled and t.deleted_at is null
                and t.trigger_type in ('workflow_call', 'error', 'event_bus')
                and case t.trigger_type
                    when 'workflow_call' then v_event.event_type = 'job.completed'
                        and (t.config ->> 'source_workflow_id')::uuid = v_event.workflow_id
                    when 'error' then v_event.event_type in ('job.failed', 'job.timeout')
                        and coalesce((t.config ->> 'source_workflow_id')::uuid, v_event.workflow_id) = v_event.workflow_id
                    when 'event_bus' then t.config -> 'events' ?| array[
                        v_event.event_type, split_part(v_event.event_type, '.', 1) || '.*'
                    ]
                    else false
                end
            order by t.trigger_id
        loop
            select t.* into v_trigger
            from public.triggers as t
            where t.trigger_id = v_trigger_id and t.is_enabled and t.deleted_at is null
            for update;
            continue when not found;
            if v_delivery.source is null then
                v_delivery.source := 'event';
                v_delivery.is_limited := true;
                v_delivery.payload := private.payload_of_event(v_event);
                v_origin := null;
                select j.metadata -> 'trigger' into v_origin from public.jobs as j where j.job_id = v_event.job_id;
                v_delivery.depth := case
                    when v_origin ->> 'depth' ~ '^[0-9]{1,2}$' then (v_origin ->> 'depth')::integer + 1 else 0
                end;
                v_delivery.chain := case
                    when jsonb_typeof(v_origin -> 'chain') = 'array' and jsonb_array_length(v_origin -> 'chain') < 10
                        then v_origin -> 'chain'
                    else '[]'
                end || coalesce(v_origin -> 'trigger_id', '[]');
            end if;
            -- Who hears of any job would hear of those that it set off itself, and each would set off some more.
            continue when not v_trigger.config ? 'source_workflow_id' and v_delivery.chain ? v_trigger_id::text;
            v_used := v_used + 1;
            v_delivery.outcome := case when not private.passes_filter(v_trigger.config, v_delivery.payload) then 'filtered' end;
            v_delivery.input := case
                when v_trigger.config ? 'input_mapping' then null
                when v_trigger.trigger_type = 'workflow_call' and jsonb_typeof(v_delivery.payload -> 'result') = 'object'
                    then v_delivery.payload -> 'result'
                else v_delivery.payload
            end;
            v_fired := v_fired + ((private.take_delivery(v_trigger, v_delivery)).outcome = 'accepted')::integer;
        end loop;
    end loop;
    return (v_fired, v_used, case when v_used >= p_limit then 'more' end)::private.turn;
end
$$;
comment on function private.fire_chains is
    'Duty, a tenant''s turn: fires the triggers of types workflow_call, error and event_bus that wait for its oldest events, until p_limit events and deliveries are used, and counts the jobs. One that waits for jobs of any workflow hears of none that it set off itself, directly or over others.';
revoke all on function private.fire_chains from public, anon, authenticated, service_role;
