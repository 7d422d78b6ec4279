create or replace function private.is_plain_path(p_path text)
returns boolean
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select length(p_path) <= 255
        and case when p_path ~ '^\$' then p_path else '$.' || p_path end
            ~ '^\$(\.[A-Za-z_][A-Za-z0-9_]*|\[(0|[1-9][0-9]{0,4})\]|\[''[^'']*''\])*$'
$$;
comment on function private.is_plain_path is
    'Whether a JSONPath names one place at most ($.a.b[0][''c''], or a.b): the only kind that the database reads itself. Others are read by the receiver of webhooks.';
revoke all on function private.is_plain_path from public, anon, authenticated, service_role;
