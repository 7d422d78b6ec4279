"""SQL of the audit domain."""

LIST_ENTRIES = """
select *
from public.list_audit_log(
    %(resource_types)s::text[], %(action)s, %(actor_id)s::uuid, %(resource_id)s, %(search)s, %(search_types)s::text[],
    %(since)s::timestamptz, %(until)s::timestamptz, %(limit)s, %(offset)s, %(before)s::uuid,
    %(actor)s
)
"""

COUNT_ENTRIES = """
select * from public.count_audit_log()
"""
