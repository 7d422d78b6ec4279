create or replace function private.capabilities_of(p_definition jsonb)
returns text[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_given jsonb := p_definition -> 'required_capabilities';
    v_words text[];
begin
    v_words := array(
        select distinct normalize(w.word, nfc) as word
        from (
            select i.item #>> '{}' as word
            from jsonb_array_elements(case when jsonb_typeof(v_given) = 'array' then v_given else '[]' end) as i (item)
            where jsonb_typeof(i.item) = 'string'
            union all
            select o.key
            from jsonb_each(case when jsonb_typeof(v_given) = 'object' then v_given else '{}' end) as o
            where o.value = 'true'
        ) as w
        where length(w.word) between 1 and 64
        order by word
    );
    -- As private.find_job_problem() has it: they stand in an index of lanes.
    if (select sum(octet_length(w) + 8) from unnest(v_words) as w) > 2000 then
        perform private.raise_error(
            400, 'INVALID_ARGUMENT',
            'required_capabilities of the definition must not have more than 2000 bytes together; each word counts for 8 more.'
        );
    end if;
    return v_words;
end
$$;
comment on function private.capabilities_of is
    'What a workflow definition says that robots must be able to do: its required_capabilities, a list of words or a map of booleans. What is neither is left out. Raises 400 INVALID_ARGUMENT for too many.';
revoke all on function private.capabilities_of from public, anon, authenticated, service_role;
