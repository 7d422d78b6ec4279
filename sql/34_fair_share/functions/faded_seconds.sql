-- Without a SET clause, so that it is inlined. No exponent for which power() would raise an error.
create or replace function private.faded_seconds(p_seconds double precision, p_since timestamptz, p_now timestamptz)
returns double precision
language sql
immutable
as $$
    select p_seconds operator(pg_catalog.*)
        pg_catalog.power(0.5, least(greatest(extract(epoch from p_now operator(pg_catalog.-) p_since), 0) operator(pg_catalog./) 600, 500))
$$;
comment on function private.faded_seconds is
    'What robot-seconds still count for after a while: half after ten minutes, a quarter after twenty.';
revoke all on function private.faded_seconds from public, anon, authenticated, service_role;
