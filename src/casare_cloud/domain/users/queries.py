"""SQL of the users domain."""

COUNT_LOGIN = """
select attempts.remaining, attempts.reset_at, private.email_for_login(%(login)s) as email
from private.check_login(%(login)s, %(ip)s::inet) as attempts
"""

RECORD_LOGIN = """
select private.record_login(%(login)s, %(ip)s::inet, %(succeeded)s::boolean)
"""

FIND_TAKEN = """
select private.is_registered_as(%(email)s, %(registration)s) as is_the_same,
    private.email_for_login(%(email)s) is not null as is_email_taken,
    private.email_for_login(%(username)s) is not null as is_username_taken
"""

IS_INVITED = """
select private.is_invited(%(email)s, %(token)s) as is_invited
"""

ACCEPT_INVITATION = """
select public.accept_invitation(%(token)s) as tenant_id
"""

END_REUSED_SESSION = """
select private.end_reused_session(%(refresh_token)s)
"""

WHOAMI = """
select public.whoami() as caller
"""

SET_ACTIVE_TENANT = """
select public.set_active_tenant(%(tenant_id)s::uuid)
"""

SESSION_TENANT_ID = """
select private.session_tenant_id(%(session_id)s::uuid) as tenant_id
"""

MOVE_SESSION_BACK = """
select private.move_session_back(%(session_id)s::uuid, %(tenant_id)s::uuid, %(former)s::uuid)
"""

DEV_MODE_CLAIMS = """
select private.get_dev_mode_claims()::text as claims
"""

LIST_MY_TENANTS = """
select * from public.list_my_tenants()
"""
