-- Without it a robot that died among others that seldom call would look like an outage for ever: each silence lengthens its
-- lease to the next one. A robot that is there gets through between outages, and renews.
create or replace function private.may_be_excused(p_lease private.leases)
returns boolean
language sql
immutable
as $$
    select p_lease.outages < 3
$$;
comment on function private.may_be_excused is
    'Whether the silence of the robot that holds a lease may still be an outage''s: not when three have lengthened it and it was not renewed in between.';
revoke all on function private.may_be_excused from public, anon, authenticated, service_role;
