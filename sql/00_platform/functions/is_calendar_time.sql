-- Postgres knows infinity and years of six digits; the clients that read what is stored do not.
create or replace function private.is_calendar_time(p_at timestamptz)
returns boolean
language sql
immutable
as $$
    select p_at >= timestamptz '0001-01-02 00:00:00+00' and p_at < timestamptz '9999-12-31 00:00:00+00'
$$;
comment on function private.is_calendar_time is
    'Whether a time from outside lies in the years 1 to 9999, which every client can read; null for null.';
revoke all on function private.is_calendar_time from public, anon, authenticated, service_role;
