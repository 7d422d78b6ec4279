create or replace function private.to_words(p_at timestamptz)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(to_char(p_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'), 'never');
end
$$;
comment on function private.to_words is 'A time as sentences show it; "never" for none.';
revoke all on function private.to_words from public, anon, authenticated, service_role;
