create or replace function private.count_nodes(p_definition jsonb)
returns integer
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_nodes jsonb := coalesce(p_definition -> 'nodes', p_definition -> 'steps');
begin
    return case jsonb_typeof(v_nodes)
        when 'array' then jsonb_array_length(v_nodes)
        when 'object' then (select count(*) from jsonb_object_keys(v_nodes))
    end;
end
$$;
comment on function private.count_nodes is
    'How many nodes (a list or an object) or steps a workflow definition has; null when it has neither.';
revoke all on function private.count_nodes from public, anon, authenticated, service_role;
