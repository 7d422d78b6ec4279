create or replace function private.passes_filter(p_config jsonb, p_payload jsonb)
returns boolean
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(bool_and(
        case jsonb_typeof(f.expected)
            when 'array' then f.expected @> jsonb_build_array(coalesce(f.found, 'null'))
            when 'object' then (f.found is not null) = (f.expected -> 'exists')::boolean
            else f.expected = coalesce(f.found, 'null')
        end
    ), true)
    from (
        select e.value as expected, private.read_path(p_payload, e.key) as found
        from jsonb_each(coalesce(p_config -> 'payload_filter', '{}')) as e
    ) as f
$$;
comment on function private.passes_filter is
    'Whether a payload is what payload_filter wants: at each path the value, one of the values of a list, or, for {"exists": true}, any.';
revoke all on function private.passes_filter from public, anon, authenticated, service_role;
