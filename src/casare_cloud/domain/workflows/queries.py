"""SQL of the workflows domain."""

_SUMMARY = """
    w.workflow_id, w.name, w.description, w.status, w.is_enabled, w.current_version as version, v.node_count,
    w.metadata, w.created_by, w.created_at, w.updated_at
"""

_CURRENT = """
    public.workflows as w
    join public.workflow_versions as v on v.workflow_id = w.workflow_id and v.version = w.current_version
"""

_WANTED = """
    w.tenant_id = caller.tenant_id
    and w.deleted_at is null
    and (%(status)s::text is null or w.status::text = %(status)s)
    and (%(is_enabled)s::boolean is null or w.is_enabled = %(is_enabled)s)
    and (
        %(search)s::text is null
        or strpos(lower(w.name), lower(normalize(%(search)s::text, nfc))) > 0
        or strpos(lower(w.description), lower(normalize(%(search)s::text, nfc))) > 0
    )
"""


def _list(columns: str) -> str:
    return f"""
select counted.total, page.*
from private.authorize('workflows.read') as caller
cross join lateral (
    select count(*) as total from public.workflows as w where {_WANTED}
) as counted
left join lateral (
    select {columns}
    from {_CURRENT}
    where {_WANTED}
    order by w.workflow_id desc
    limit %(limit)s offset %(offset)s
) as page on true
order by page.workflow_id desc
"""


LIST_WORKFLOWS = _list(_SUMMARY)
LIST_WHOLE_WORKFLOWS = _list(f"{_SUMMARY}, v.definition")

GET_WORKFLOW = f"""
select {_SUMMARY}, v.definition
from {_CURRENT}
where w.workflow_id = %(workflow_id)s and w.deleted_at is null
"""

_VERSION = """
    v.version, v.version = w.current_version as is_current, v.node_count, v.definition_bytes, v.created_by, v.created_at
"""

LIST_VERSIONS = f"""
select counted.total, page.*
from public.workflows as w
cross join lateral (
    select count(*) as total from public.workflow_versions as v where v.workflow_id = w.workflow_id
) as counted
left join lateral (
    select {_VERSION}
    from public.workflow_versions as v
    where v.workflow_id = w.workflow_id
    order by v.version desc
    limit %(limit)s offset %(offset)s
) as page on true
where w.workflow_id = %(workflow_id)s and w.deleted_at is null
order by page.version desc
"""

GET_VERSION = f"""
select {_VERSION}, v.definition
from public.workflows as w
join public.workflow_versions as v on v.workflow_id = w.workflow_id
where w.workflow_id = %(workflow_id)s and v.version = %(version)s and w.deleted_at is null
"""

# The name as written goes before another letter case, the newest workflow before older ones.
FIND_WORKFLOW_BY_NAME = """
select w.workflow_id
from public.workflows as w
where lower(w.name) = lower(normalize(%(name)s::text, nfc))
    and w.tenant_id = (select private.permitted_tenant_id('workflows.read'))
    and w.deleted_at is null
order by w.name = normalize(%(name)s::text, nfc) desc, w.workflow_id desc
limit 1
"""

SUBMIT_WORKFLOW = """
select w.workflow_id, w.tenant_id, w.current_version as version, w.created_at
from public.submit_workflow(
    p_name => %(name)s,
    p_definition => %(definition)s::jsonb,
    p_description => %(description)s,
    p_metadata => %(metadata)s::jsonb,
    p_workflow_id => %(workflow_id)s::uuid
) as w
"""

DRAFT_WORKFLOW = """
select w.workflow_id
from public.draft_workflow(
    %(name)s, %(definition)s::jsonb, %(description)s, %(cloned_from)s::uuid
) as w
"""

UPDATE_WORKFLOW = """
select w.workflow_id from public.update_workflow(%(workflow_id)s::uuid, %(changes)s::jsonb, %(version)s::integer) as w
"""

LIST_HISTORY = """
select * from public.list_workflow_history(%(workflow_id)s::uuid, %(limit)s::integer, %(offset)s::integer)
"""

RECORD_BACKUP = """
select private.record_workflow_backup(%(workflow_id)s::uuid, %(version)s::integer)
"""

LIST_BACKUPS = """
select version, object_key from private.list_workflow_backups(%(workflow_id)s::uuid)
"""

FORGET_BACKUPS = """
select private.forget_workflow_backups(%(workflow_id)s::uuid, %(versions)s::integer[])
"""

DELETE_WORKFLOW = """
select public.delete_workflow(%(workflow_id)s::uuid)
"""
