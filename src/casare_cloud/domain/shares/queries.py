"""SQL of the shares domain."""

_SHARES = """
    jsonb_to_recordset(%s) as shares (
        workflow_id uuid, workflow_name text, weight integer, load double precision, running integer
    )
"""

LIST_SHARES = f"""
select shares.*
from (
    select coalesce(jsonb_agg(listed), '[]') as items
    from public.list_shares(p_offset => %(offset)s, p_limit => %(limit)s) as listed
) as page
cross join lateral {_SHARES % "page.items"}
"""

SET_SHARE = f"""
select shares.*
from public.set_share(p_workflow_id => %(workflow_id)s::uuid, p_weight => %(weight)s) as made
cross join lateral {_SHARES % "jsonb_build_array(made)"}
"""
