"""SQL of the operator's commands, `casare-cloud db …`, which speak to the database as its owner."""

QUEUE_HEALTH = """
select * from private.queue_health()
"""

READ_ONE_STATE = """
set transaction isolation level repeatable read
"""

FIND_PARTITION = """
select private.clock() - %s::interval as finished_before, exists (
    select
    from pg_inherits as i
    join pg_class as c on c.oid = i.inhrelid
    where i.inhparent = 'public.jobs'::regclass and c.relname = %s
) as is_there
"""

EXPORT_JOBS = """
select row_to_json(j) as job from private.{partition} as j where j.finished_at < %s order by j.job_id
"""

MARK_EXPORTED = """
select private.mark_exported(%s, %s)
"""

LIST_ABANDONED_TENANTS = """
select * from private.list_abandoned_tenants()
"""

GIVE_TENANT = """
select private.give_tenant(%s, %s)
"""

PURGE_TENANT = """
select * from private.purge_tenant(%s)
"""

LIST_SEALED_SECRETS = """
select s.secret_id, s.tenant_id, s.trigger_id, s.sealed
from private.trigger_secrets as s
where s.sealed is not null and (%(after)s::uuid is null or s.secret_id > %(after)s)
order by s.secret_id
limit %(limit)s
"""

# Not one that was replaced or sealed anew meanwhile. Which key sealed it tells nobody anything: it is the same secret.
RESEAL_SECRET = """
update private.trigger_secrets as s
set sealed = %(anew)s
where s.secret_id = %(secret_id)s and s.sealed = %(sealed)s
"""
