create or replace function public.fire_trigger(
    p_trigger_id uuid,
    p_payload jsonb default '{}',
    p_input jsonb default null,             -- null: as input_mapping says, or the payload
    p_concurrency_key text default null,
    p_message_id text default null,         -- the same one again fires nothing
    p_replay_of uuid default null           -- a delivery that is to come again, with its own payload
)
returns public.trigger_answer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize_robot('jobs.report', 'triggers.fire');
    v_trigger public.triggers := private.lock_trigger(v_caller.tenant_id, p_trigger_id);
    v_delivery private.delivery;
    v_is_of_robots boolean;
    v_answer public.trigger_answer;
begin
    if v_trigger.schedule_id is not null then
        v_answer.trigger_id := p_trigger_id;
        v_answer.outcome := 'accepted';
        v_answer.status_code := 200;
        v_answer.job_id := (public.trigger_schedule(v_trigger.schedule_id) ->> 'job_id')::uuid;
        return v_answer;
    end if;
    v_delivery.payload := p_payload;
    if p_replay_of is not null then
        perform from public.trigger_deliveries as d
        where d.delivery_id = p_replay_of and d.tenant_id = v_caller.tenant_id and d.trigger_id = p_trigger_id;
        if not found then
            perform private.raise_error(404, 'DELIVERY_NOT_FOUND', 'There is no such delivery.');
        end if;
        select b.payload into v_delivery.payload
        from public.trigger_delivery_bodies as b
        where b.tenant_id = v_caller.tenant_id and b.delivery_id = p_replay_of;
        if not found then
            perform private.raise_error(409, 'DELIVERY_BODY_GONE', 'What the delivery held is not kept any more, or never was.');
        end if;
    end if;
    if v_caller.principal = 'robot' then
        select t.fired_by = 'robot' into v_is_of_robots from private.trigger_types as t where t.trigger_type = v_trigger.trigger_type;
        if not v_is_of_robots
            or v_trigger.config ? 'robot_id'
            and (private.find_robot(v_caller.tenant_id, v_trigger.config ->> 'robot_id')).robot_id <> v_caller.robot_id
        then
            perform private.raise_error(404, 'TRIGGER_NOT_FOUND', 'There is no such trigger.');
        elsif not v_trigger.is_enabled then
            perform private.raise_error(409, 'TRIGGER_DISABLED', 'The trigger is disabled.');
        elsif not private.passes_filter(v_trigger.config, v_delivery.payload) then
            v_delivery.outcome := 'filtered';
        end if;
    end if;
    if jsonb_typeof(v_delivery.payload) is distinct from 'object' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'payload must be an object.');
    elsif pg_column_size(v_delivery.payload) > 1048576 then
        perform private.raise_error(413, 'INVALID_ARGUMENT', 'payload must not be larger than 1 MB.');
    elsif private.find_json_problem('payload', v_delivery.payload) is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', private.find_json_problem('payload', v_delivery.payload));
    elsif length(p_message_id) not between 1 and 255 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'message_id must have 1 to 255 characters.');
    end if;
    v_delivery.source := case when v_caller.principal = 'robot' then 'robot' else 'manual' end;
    v_delivery.is_limited := v_caller.principal = 'robot';
    v_delivery.message_id := p_message_id;
    v_delivery.replay_of := p_replay_of;
    v_delivery.created_by := coalesce(v_caller.user_id, v_caller.robot_id, v_caller.api_key_id);
    v_delivery.concurrency_key := p_concurrency_key;
    v_delivery.input := coalesce(p_input, case when not v_trigger.config ? 'input_mapping' then v_delivery.payload end);
    return private.take_delivery(v_trigger, v_delivery);
end
$$;
comment on function public.fire_trigger is
    'Fires a trigger now and answers what became of it: for people and programs whether it is enabled or not, past its filters and limits; for a robot one of the kinds that robots watch, with them. Raises 404 TRIGGER_NOT_FOUND or DELIVERY_NOT_FOUND, 409 TRIGGER_DISABLED or DELIVERY_BODY_GONE, 400 INVALID_ARGUMENT, and for one of type schedule what trigger_schedule raises. Needs triggers.fire, of a robot jobs.report.';
revoke all on function public.fire_trigger from public, anon, authenticated, service_role;
grant execute on function public.fire_trigger to authenticated;
