"""SQL of the triggers domain."""

_COLUMNS = """
    t.trigger_id, t.tenant_id, t.workflow_id, coalesce(named.name, '') as workflow_name, t.name, t.trigger_type,
    t.config, t.path, t.schedule_id, t.is_enabled, t.disabled_reason,
    case when t.schedule_id is null then t.trigger_count else coalesce(s.run_count, 0) end as trigger_count,
    t.duplicate_count, t.filtered_count, t.rejected_count, t.limited_count,
    case when t.schedule_id is null then t.last_triggered_at else s.last_run_at end as last_triggered_at,
    t.error_message, t.created_by, t.created_at, t.updated_at
"""

# A caller who may not see workflows sees no name of one.
_WITH_OTHERS = """
left join public.workflows as named on named.workflow_id = t.workflow_id and named.tenant_id = t.tenant_id
left join public.schedules as s on s.schedule_id = t.schedule_id and s.tenant_id = t.tenant_id
"""

_WANTED = """
t.deleted_at is null
    and (%(workflow_id)s::uuid is null or t.workflow_id = %(workflow_id)s)
    and (%(trigger_type)s::text is null or t.trigger_type = %(trigger_type)s)
    and (%(is_enabled)s::boolean is null or t.is_enabled = %(is_enabled)s)
"""

LIST_TRIGGERS = f"""
select counted.total, page.*
from (select count(*) as total from public.triggers as t where {_WANTED}) as counted
left join lateral (
    select {_COLUMNS}
    from public.triggers as t
    {_WITH_OTHERS}
    where {_WANTED}
    order by t.trigger_id desc
    limit %(limit)s offset %(offset)s
) as page on true
"""

GET_TRIGGER = f"""
select {_COLUMNS}
from public.triggers as t
{_WITH_OTHERS}
where t.trigger_id = %(trigger_id)s and t.deleted_at is null
"""

CREATE_TRIGGER = f"""
select {_COLUMNS}
from public.create_trigger(
    p_workflow_id => %(workflow_id)s::uuid,
    p_name => %(name)s,
    p_trigger_type => %(trigger_type)s,
    p_config => %(config)s::jsonb,
    p_is_enabled => %(is_enabled)s
) as t
{_WITH_OTHERS}
"""

UPDATE_TRIGGER = f"""
select {_COLUMNS}
from public.update_trigger(%(trigger_id)s::uuid, %(changes)s::jsonb) as t
{_WITH_OTHERS}
"""

TOGGLE_TRIGGER = f"""
select {_COLUMNS}
from public.toggle_trigger(%(trigger_id)s::uuid) as t
{_WITH_OTHERS}
"""

DELETE_TRIGGER = """
select public.delete_trigger(%(trigger_id)s::uuid)
"""

SET_SECRET = """
select public.set_trigger_secret(
    p_trigger_id => %(trigger_id)s::uuid,
    p_key_hash => %(key_hash)s::bytea,
    p_sealed => %(sealed)s::bytea,
    p_overlap_seconds => %(overlap_seconds)s
)
"""

TEST_TRIGGER = """
select public.test_trigger(%(trigger_type)s, %(config)s::jsonb)
"""

LIST_TYPES = """
select t.* from public.list_trigger_types() as t
"""

LIST_ROBOT_TRIGGERS = """
select t.* from public.list_robot_triggers() as t
"""

FIRE_TRIGGER = """
select f.*
from public.fire_trigger(
    p_trigger_id => %(trigger_id)s::uuid,
    p_payload => %(payload)s::jsonb,
    p_input => %(input)s::jsonb,
    p_concurrency_key => %(concurrency_key)s,
    p_message_id => %(message_id)s,
    p_replay_of => %(replay_of)s::uuid
) as f
"""

_WANTED_DELIVERIES = """
    d.tenant_id = %(tenant_id)s
    and d.trigger_id = %(trigger_id)s
    and (%(outcome)s::public.delivery_outcome is null or d.outcome = %(outcome)s)
"""

LIST_DELIVERIES = f"""
select counted.total, page.*
from (
    select count(*) as total from public.trigger_deliveries as d where {_WANTED_DELIVERIES}
) as counted
left join lateral (
    select d.delivery_id, d.source, d.outcome, d.status_code, d.reason, d.message_id, d.job_id, d.first_id, d.replay_of,
        d.request, d.received_at, null::jsonb as payload
    from public.trigger_deliveries as d
    where {_WANTED_DELIVERIES}
    order by d.delivery_id desc
    limit %(limit)s offset %(offset)s
) as page on true
"""

GET_DELIVERY = """
select d.delivery_id, d.source, d.outcome, d.status_code, d.reason, d.message_id, d.job_id, d.first_id, d.replay_of,
    d.request, d.received_at, b.payload
from public.trigger_deliveries as d
left join public.trigger_delivery_bodies as b on b.tenant_id = d.tenant_id and b.delivery_id = d.delivery_id
where d.delivery_id = %(delivery_id)s and d.trigger_id = %(trigger_id)s
"""

# Before the sender is known, and when it has proved itself: one round trip each.

FIND_WEBHOOK = """
select private.find_webhook(%(trigger_id)s::uuid, %(path)s) as webhook
"""

RECEIVE_DELIVERY = """
select private.receive_delivery(
    %(trigger_id)s::uuid, %(delivery)s::jsonb, %(payload)s::jsonb, %(input)s::jsonb, %(version)s, %(known_at)s
) as answer
"""
