"""SQL of the pools domain."""

_POOLS = """
    jsonb_to_recordset(%s) as pools (
        pool_id uuid, name text, standing text, shares_by text, weight integer, max_running integer,
        invited_at timestamptz, accepted_at timestamptz
    )
"""

_MEMBERS = """
    jsonb_to_recordset(%s) as members (
        tenant text, weight integer, max_running integer, load float, invited_at timestamptz, accepted_at timestamptz
    )
"""

LIST_POOLS = f"""
select pools.*
from (select coalesce(jsonb_agg(listed), '[]') as items from public.list_pools() as listed) as found
cross join lateral {_POOLS % "found.items"}
"""

CREATE_POOL = f"""
select pools.*
from public.create_pool(%(name)s, %(shares_by)s) as made
cross join lateral {_POOLS % "jsonb_build_array(made)"}
"""

UPDATE_POOL = f"""
select pools.*
from public.update_pool(%(pool)s, %(name)s, %(shares_by)s) as made
cross join lateral {_POOLS % "jsonb_build_array(made)"}
"""

ACCEPT_POOL = f"""
select pools.*
from public.accept_pool(%(pool)s) as accepted
cross join lateral {_POOLS % "jsonb_build_array(accepted)"}
"""

LIST_POOL_MEMBERS = f"""
select members.*
from (
    select coalesce(jsonb_agg(listed), '[]') as items from public.list_pool_members(%(pool)s) as listed
) as found
cross join lateral {_MEMBERS % "found.items"}
"""

PUT_POOL_MEMBER = f"""
select members.*
from public.put_pool_member(%(pool)s, %(tenant)s, %(weight)s::integer, %(max_running)s::integer) as made
cross join lateral {_MEMBERS % "jsonb_build_array(made)"}
"""

REMOVE_POOL_MEMBER = f"""
select members.*
from public.remove_pool_member(%(pool)s, %(tenant)s) as removed
cross join lateral {_MEMBERS % "jsonb_build_array(removed)"}
"""

DELETE_POOL = """
select gone.pool_id from jsonb_to_record(public.delete_pool(%(pool)s)) as gone (pool_id uuid)
"""

LEAVE_POOL = """
select gone.* from jsonb_to_record(public.leave_pool(%(pool)s)) as gone (pool_id uuid, name text)
"""
