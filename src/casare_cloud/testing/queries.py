"""SQL of the movable clock, which runs as the owner of a test's own stack."""

# The same function with another end; its rights stay.
SET_CLOCK = """
create or replace function private.clock()
returns timestamptz
language sql
stable
as $$
    select coalesce(
        nullif(pg_catalog.current_setting('casare.now', true), '')::timestamptz,
        pg_catalog.now() + interval '{seconds} seconds'
    )
$$
"""

READ_CLOCK = """
select private.clock() as now
"""

# What ran in a future that is no more is due again.
FORGET_THE_FUTURE = """
with runs as (
    update private.duty_runs as r set last_run_at = private.clock() where r.last_run_at > private.clock()
)
update private.duties as d set claimed_at = private.clock() where d.claimed_at > private.clock()
"""

RUN_DUTIES = """
call private.run_duties()
"""
