-- Without a SET clause, so that it is inlined.
create or replace function private.to_iso(p_at timestamptz)
returns text
language sql
stable
as $$
    select pg_catalog.to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;
comment on function private.to_iso is 'A time as every answer and message shows it: ISO 8601, UTC, with Z.';
revoke all on function private.to_iso from public, anon, authenticated, service_role;
