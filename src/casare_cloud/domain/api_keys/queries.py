"""SQL of the API keys domain."""

_COLUMNS = """
    k.api_key_id, k.kind, k.name, k.prefix, k.robot_id, coalesce(r.external_id, k.robot_external_id) as robot,
    k.scopes, k.created_by, k.created_at,
    k.expires_at, k.last_used_at, k.revoked_at
"""

_ROBOT = "left join public.robots as r on r.robot_id = k.robot_id"

_STATUS = """
    case when k.revoked_at is not null then 'revoked' when k.expires_at <= now() then 'expired' else 'active' end
"""

_WANTED = f"""
    k.tenant_id = caller.tenant_id
    and k.kind = %(kind)s::public.api_key_kind
    and (%(statuses)s::text[] is null or {_STATUS} = any (%(statuses)s))
    and (%(robot)s::text is null or %(robot)s in (r.external_id, k.robot_external_id, k.robot_id::text))
"""

LIST_KEYS = f"""
select counted.total, page.*
from private.authorize('api_keys.read') as caller
cross join lateral (
    select count(*) as total
    from public.api_keys as k
    {_ROBOT}
    where {_WANTED}
) as counted
left join lateral (
    select {_COLUMNS}
    from public.api_keys as k
    {_ROBOT}
    where {_WANTED}
    order by k.api_key_id desc
    limit %(limit)s offset %(offset)s
) as page on true
order by page.api_key_id desc
"""

# Keys of the other kind are another resource's: here they are not there.
IS_OF_KIND = """
select true from public.api_keys as k
where k.api_key_id = %(api_key_id)s and k.kind = %(kind)s::public.api_key_kind
"""

LIST_LIVE_KEYS_OF_ROBOT = """
select k.api_key_id from public.api_keys as k where k.robot_id = %(robot_id)s and k.revoked_at is null
"""

CREATE_KEY = f"""
select {_COLUMNS}
from public.create_api_key(
    p_kind => %(kind)s::public.api_key_kind,
    p_name => %(name)s,
    p_key_hash => %(key_hash)s::bytea,
    p_prefix => %(prefix)s,
    p_robot => %(robot)s,
    p_scopes => %(scopes)s::text[],
    p_expires_at => %(expires_at)s::timestamptz
) as k
{_ROBOT}
"""

REVOKE_KEY = f"""
select {_COLUMNS} from public.revoke_api_key(%(api_key_id)s::uuid) as k {_ROBOT}
"""

ROTATE_KEY = f"""
select {_COLUMNS}
from public.rotate_api_key(
    p_api_key_id => %(api_key_id)s::uuid,
    p_key_hash => %(key_hash)s::bytea,
    p_prefix => %(prefix)s,
    p_overlap_seconds => %(overlap_seconds)s::integer
) as k
{_ROBOT}
"""
