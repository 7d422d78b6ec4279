create or replace function private.every_seconds(p_expression text)
returns bigint
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select sum(n[1]::bigint * case n[2] when 'd' then 86400 when 'h' then 3600 when 'm' then 60 else 1 end)::bigint
    from regexp_matches(lower(p_expression), '([0-9]{1,8})([dhms])', 'g') as n
    where lower(p_expression) ~ '^\s*@every\s+([0-9]{1,8}[dhms])+\s*$'
$$;
comment on function private.every_seconds is
    'The seconds of an interval that is written as @every 1h30m (d, h, m, s); null when it is not.';
revoke all on function private.every_seconds from public, anon, authenticated, service_role;
