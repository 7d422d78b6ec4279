"""SQL of the calendars domain."""

CREATE_CALENDAR = """
select public.create_calendar(%(fields)s::jsonb)
"""

UPDATE_CALENDAR = """
select public.update_calendar(%(calendar_id)s::uuid, %(changes)s::jsonb)
"""

DELETE_CALENDAR = """
select public.delete_calendar(%(calendar_id)s::uuid)
"""

LIST_CALENDARS = """
select c.calendar from public.list_calendars(%(calendar_id)s::uuid) as c (calendar)
"""

LIST_DAYS = """
select distinct on (d.day) d.day, d.name, d.is_working, d.source
from public.calendar_days as d
where d.calendar_id = %(calendar_id)s and d.day between %(first)s and %(last)s
order by d.day, d.source desc
"""

TENANT_TIMEZONE = """
select t.timezone from public.tenants as t where t.tenant_id = (select private.member_tenant_id())
"""
