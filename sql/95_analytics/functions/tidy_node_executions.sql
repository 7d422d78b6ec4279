-- Lenient: a job's outcome must never be refused because of its statistics. JSON has numbers of any size, readers have
-- not: they end at 2^31 - 1. In PL/pgSQL, which keeps the plan.
create or replace function private.tidy_node_executions(p_node_executions jsonb)
returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select jsonb_agg(
            jsonb_strip_nulls(jsonb_build_object(
                'node_id', left(n.item ->> 'node_id', 255),
                'node_type', left(n.item ->> 'node_type', 255),
                'status', left(n.item ->> 'status', 32),
                'duration_ms', case
                    when jsonb_typeof(n.item -> 'duration_ms') = 'number'
                        then least(greatest(round((n.item ->> 'duration_ms')::numeric), 0), 2147483647)
                end,
                'runs', case
                    when jsonb_typeof(n.item -> 'runs') = 'number'
                        then least(greatest(round((n.item ->> 'runs')::numeric), 0), 2147483647)
                end,
                -- Of steps: what each began with, put out or failed with. What is large stands in the job's result only.
                'name', left(n.item ->> 'name', 255),
                'started_at', left(n.item ->> 'started_at', 40),
                'completed_at', left(n.item ->> 'completed_at', 40),
                'error', left(n.item ->> 'error', 2000),
                'input', case when pg_column_size(n.item -> 'input') <= 4096 then n.item -> 'input' end,
                'output', case when pg_column_size(n.item -> 'output') <= 4096 then n.item -> 'output' end,
                'healing', case
                    when jsonb_typeof(n.item #> '{healing,healed}') = 'boolean' then jsonb_build_object(
                        'healed', n.item #> '{healing,healed}',
                        'attempts', case
                            when jsonb_typeof(n.item #> '{healing,attempts}') = 'number'
                                then least(greatest(round((n.item #>> '{healing,attempts}')::numeric), 0), 2147483647)
                        end
                    )
                end
            ))
            order by n.place
        )
        from jsonb_array_elements(
            case when jsonb_typeof(p_node_executions) = 'array' then p_node_executions else '[]' end
        ) with ordinality as n (item, place)
        where n.place <= 1000 and jsonb_typeof(n.item) = 'object' and n.item ->> 'node_id' <> ''
    );
end
$$;
comment on function private.tidy_node_executions is
    'The known keys of up to 1,000 node executions; what is no object with a node_id is left out. Null when nothing is left.';
revoke all on function private.tidy_node_executions from public, anon, authenticated, service_role;
