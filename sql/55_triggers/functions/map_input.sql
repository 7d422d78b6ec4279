create or replace function private.map_input(p_config jsonb, p_payload jsonb)
returns jsonb
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(jsonb_object_agg(m.name, m.value) filter (where m.value is not null), '{}')
    from (
        select
            e.key as name,
            case
                when e.value #>> '{}' ~ '^\$\$' and jsonb_typeof(e.value) = 'string' then to_jsonb(substr(e.value #>> '{}', 2))
                when e.value #>> '{}' ~ '^\$' and jsonb_typeof(e.value) = 'string' then private.read_path(p_payload, e.value #>> '{}')
                else e.value
            end as value
        from jsonb_each(p_config -> 'input_mapping') as e
    ) as m
$$;
comment on function private.map_input is
    'The input that input_mapping makes of a payload: what begins with $ is a path, $$ a text that begins with $, everything else is itself. Paths that lead nowhere are left out.';
revoke all on function private.map_input from public, anon, authenticated, service_role;
