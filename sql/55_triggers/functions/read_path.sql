create or replace function private.read_path(p_value jsonb, p_path text)
returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_path !~ '^\$' then
        p_path := '$.' || p_path;
    end if;
    return p_value #> array(
        select coalesce(s.part[1], s.part[2], s.part[3])
        from regexp_matches(p_path, '\.([A-Za-z_][A-Za-z0-9_]*)|\[([0-9]{1,5})\]|\[''([^'']*)''\]', 'g') as s (part)
    );
end
$$;
comment on function private.read_path is
    'The value at a path that private.is_plain_path() says yes to, with or without its $; null when there is none.';
revoke all on function private.read_path from public, anon, authenticated, service_role;
