"""SQL of the requests domain."""

COUNT_REQUEST = """
select c.remaining, c.reset_at
from private.count_request(
    %(rule)s, %(limit)s, %(window)s, %(ip)s::inet, %(user_id)s::uuid, %(key_hash)s::bytea
) as c
"""

GIVE_BACK_REQUEST = """
select private.give_back_request(%(rule)s, %(ip)s::inet)
"""

BEGIN_IDEMPOTENT_REQUEST = """
select * from private.begin_idempotent_request(%(key)s, %(request_hash)s)
"""
