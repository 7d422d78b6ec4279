"""SQL of the limits domain."""

_LIMITS = """
    jsonb_to_recordset(%s) as limits (
        scope text, workflow_id uuid, concurrency_key text, max_running integer, on_collision text, running integer,
        updated_at timestamptz
    )
"""

LIST_LIMITS = f"""
select limits.*
from (
    select coalesce(jsonb_agg(listed), '[]') as items
    from public.list_limits(p_offset => %(offset)s, p_limit => %(limit)s) as listed
) as page
cross join lateral {_LIMITS % "page.items"}
"""

SET_LIMIT = f"""
select limits.*
from public.set_limit(
    p_scope => %(scope)s,
    p_workflow_id => %(workflow_id)s::uuid,
    p_concurrency_key => %(concurrency_key)s,
    p_max_running => %(max_running)s,
    p_on_collision => %(on_collision)s
) as made
cross join lateral {_LIMITS % "jsonb_build_array(made)"}
"""

REMOVE_LIMIT = f"""
select limits.*
from public.remove_limit(
    p_scope => %(scope)s, p_workflow_id => %(workflow_id)s::uuid, p_concurrency_key => %(concurrency_key)s
) as removed
cross join lateral {_LIMITS % "jsonb_build_array(removed)"}
"""
