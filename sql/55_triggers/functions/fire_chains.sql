-- A turn reads events that committed and takes them away in the transaction that fires what waits for them: each fires once.
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
    v_depth text;
    v_seen integer := 0;
    v_fired integer := 0;
begin
    for v_event in
        with taken as (
            delete from private.chain_inbox as i
            where i.tenant_id = p_tenant_id
                and i.inbox_id = any (array(
                    select o.inbox_id from private.chain_inbox as o where o.tenant_id = p_tenant_id order by o.inbox_id limit p_limit
                ))
            returning i.*
        )
        select t.* from taken as t order by t.inbox_id
    loop
        v_seen := v_seen + 1;
        v_delivery := null;
        for v_trigger_id in
            select t.trigger_id
            from public.triggers as t
            where t.tenant_id = p_tenant_id and t.is_enabled and t.deleted_at is null
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
                select j.metadata #>> '{trigger,depth}' into v_depth from public.jobs as j where j.job_id = v_event.job_id;
                v_delivery.depth := case when v_depth ~ '^[0-9]{1,2}$' then v_depth::integer + 1 else 0 end;
            end if;
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
    return (v_fired, v_seen, case when v_seen = p_limit then 'more' end)::private.turn;
end
$$;
comment on function private.fire_chains is
    'Duty, a tenant''s turn: fires the triggers of types workflow_call, error and event_bus that wait for its newest events, at most p_limit events, and counts the jobs.';
revoke all on function private.fire_chains from public, anon, authenticated, service_role;
