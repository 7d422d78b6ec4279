"""SQL of the members domain."""

LIST_MEMBERS = """
select * from public.list_members(%(user_id)s::uuid, %(role_id)s::uuid, %(limit)s, %(offset)s, %(search)s)
"""

LIST_ROLES = """
select * from public.list_roles(%(role_id)s::uuid)
"""

FIND_ROLES = """
select r.role_id, r.slug
from private.authorize('members.read') as caller
join public.roles as r on r.tenant_id = caller.tenant_id or (r.tenant_id is null and r.slug <> 'robot')
where r.slug = any (%(words)s) or r.role_id::text = any (%(words)s)
order by r.tenant_id is not null, r.role_id
"""

LIST_PERMISSIONS = """
select p.code, p.description
from private.authorize('members.read') as caller
cross join public.permissions as p
order by p.code
"""

HAS_ROLE = """
select true
from public.member_roles as mr
where mr.tenant_id = (select private.permitted_tenant_id('members.read'))
    and mr.user_id = %(user_id)s
    and mr.role_id = %(role_id)s
"""

LIST_INVITATIONS = """
select * from public.list_invitations(%(status)s, %(invitation_id)s::uuid, %(limit)s, %(offset)s)
"""

ACCEPT_INVITATION = """
select public.accept_invitation(%(token)s) as tenant_id
"""

GET_TENANT = """
select t.tenant_id, t.name, t.plan::text as plan, t.created_at
from private.authorize('settings.read') as caller
join public.tenants as t on t.tenant_id = caller.tenant_id
"""
