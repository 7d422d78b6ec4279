-- Without a SET clause, so that it is inlined. least() would take p_now for a time that never was.
create or replace function private.no_later_than(p_at timestamptz, p_now timestamptz)
returns timestamptz
language sql
immutable
as $$
    select case when p_at > p_now then p_now else p_at end
$$;
comment on function private.no_later_than is
    'A time that was noted, or now if the clock was set back meanwhile and it would lie in the future: so no duration is negative. Null for null.';
revoke all on function private.no_later_than from public, anon, authenticated, service_role;
