create or replace function private.find_schema_problem(p_place text, p_value jsonb, p_schema jsonb)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_type text := jsonb_typeof(p_value);
    v_types jsonb := case jsonb_typeof(p_schema -> 'type')
        when 'array' then p_schema -> 'type'
        when 'string' then jsonb_build_array(p_schema -> 'type')
    end;
    v_key text;
    v_item jsonb;
    v_problem text;
begin
    if v_types is not null and not v_types ? v_type
        and not (v_types ? 'integer' and v_type = 'number' and p_value::text ~ '^-?[0-9]{1,15}$')
    then
        return format('%s must be %s.', p_place, (select string_agg(t.name, ' or ') from jsonb_array_elements_text(v_types) as t (name)));
    elsif p_schema ? 'enum' and not p_schema -> 'enum' @> jsonb_build_array(p_value) then
        return format(
            '%s must be one of %s.', p_place,
            (select string_agg(e.word, ', ') from jsonb_array_elements_text(p_schema -> 'enum') as e (word))
        );
    end if;
    case v_type
        when 'string' then
            if length(p_value #>> '{}') < (p_schema ->> 'minLength')::integer then
                return format('%s must have at least %s characters.', p_place, p_schema ->> 'minLength');
            elsif length(p_value #>> '{}') > (p_schema ->> 'maxLength')::integer then
                return format('%s must have at most %s characters.', p_place, p_schema ->> 'maxLength');
            elsif (p_value #>> '{}') !~ (p_schema ->> 'pattern') then
                return format('%s must match %s.', p_place, p_schema ->> 'pattern');
            end if;
        when 'number' then
            if p_value::numeric < (p_schema ->> 'minimum')::numeric or p_value::numeric > (p_schema ->> 'maximum')::numeric then
                return format('%s must lie between %s and %s.', p_place, p_schema ->> 'minimum', p_schema ->> 'maximum');
            end if;
        when 'array' then
            if jsonb_array_length(p_value) < (p_schema ->> 'minItems')::integer
                or jsonb_array_length(p_value) > (p_schema ->> 'maxItems')::integer
            then
                return format(
                    '%s must have %s to %s entries.', p_place, coalesce(p_schema ->> 'minItems', '0'), p_schema ->> 'maxItems'
                );
            elsif p_schema ? 'items' then
                for v_item in select i.item from jsonb_array_elements(p_value) as i (item) loop
                    v_problem := private.find_schema_problem('each of ' || p_place, v_item, p_schema -> 'items');
                    exit when v_problem is not null;
                end loop;
            end if;
        when 'object' then
            select format('%s must have %s.', p_place, r.name) into v_problem
            from jsonb_array_elements_text(coalesce(p_schema -> 'required', '[]')) as r (name)
            where not p_value ? r.name
            limit 1;
            if (select count(*) from jsonb_object_keys(p_value)) > (p_schema ->> 'maxProperties')::integer then
                v_problem := format('%s must have at most %s entries.', p_place, p_schema ->> 'maxProperties');
            end if;
            for v_key, v_item in select e.key, e.value from jsonb_each(p_value) as e loop
                exit when v_problem is not null;
                if p_schema -> 'properties' ? v_key then
                    v_problem := private.find_schema_problem(
                        p_place || '.' || v_key, v_item, p_schema -> 'properties' -> v_key
                    );
                elsif p_schema -> 'additionalProperties' = 'false' then
                    v_problem := format('%s has no field %s.', p_place, left(v_key, 64));
                elsif jsonb_typeof(p_schema -> 'additionalProperties') = 'object' then
                    v_problem := private.find_schema_problem(
                        p_place || '.' || left(v_key, 64), v_item, p_schema -> 'additionalProperties'
                    );
                end if;
            end loop;
        else
            null;
    end case;
    return v_problem;
end
$$;
comment on function private.find_schema_problem is
    'What is wrong with a value by a JSON Schema of ours (type, enum, lengths, pattern, minimum and maximum, items, properties, required, additionalProperties, maxProperties), as a sentence that begins with p_place; null when nothing is.';
revoke all on function private.find_schema_problem from public, anon, authenticated, service_role;
