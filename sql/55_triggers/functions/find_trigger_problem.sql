create or replace function private.find_trigger_problem(p_trigger public.triggers)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_type private.trigger_types;
    v_config jsonb := p_trigger.config;
    v_path text;
    v_problem text;
begin
    select t.* into v_type from private.trigger_types as t where t.trigger_type = p_trigger.trigger_type;
    if not found then
        return format(
            'trigger_type must be one of %s.',
            (select string_agg(t.trigger_type, ', ' order by t.trigger_type) from private.trigger_types as t where t.unavailable is null)
        );
    elsif p_trigger.name is null or length(p_trigger.name) not between 1 and 255 then
        return 'name must have 1 to 255 characters.';
    elsif jsonb_typeof(v_config) is distinct from 'object' then
        return 'config must be an object.';
    elsif octet_length(v_config::text) > 131072 then
        return 'config must not be larger than 128 KB.';
    elsif v_config ? 'secret' then
        return 'config.secret is kept apart: see set_trigger_secret.';
    end if;
    v_problem := coalesce(
        private.find_json_problem('config', v_config), private.find_schema_problem('config', v_config, v_type.config_schema)
    );
    if v_problem is not null or p_trigger.trigger_type = 'schedule' then
        return v_problem;   -- the rest of a schedule is for the schedule to judge
    end if;

    select format('config.payload_filter: %s must be a value, a list of values, or {"exists": true} or false.', left(e.key, 64))
    into v_problem
    from jsonb_each(coalesce(v_config -> 'payload_filter', '{}') || coalesce(v_config -> 'headers_filter', '{}')) as e
    where case jsonb_typeof(e.value)
        when 'object' then jsonb_typeof(e.value -> 'exists') is distinct from 'boolean' or e.value - 'exists' <> '{}'
        when 'array' then jsonb_path_exists(e.value, '$[*] ? (@.type() == "object" || @.type() == "array")')
    end
    limit 1;
    if v_type.fired_by <> 'sender' then
        for v_path in
            select k from jsonb_object_keys(coalesce(v_config -> 'payload_filter', '{}')) as k
            union all
            select m.value #>> '{}'
            from jsonb_each(coalesce(v_config -> 'input_mapping', '{}')) as m
            where jsonb_typeof(m.value) = 'string' and m.value #>> '{}' ~ '^\$[^$]'
            union all
            select v_config ->> 'concurrency_key' where v_config ->> 'concurrency_key' ~ '^\$[^$]'
        loop
            exit when v_problem is not null;
            if not private.is_plain_path(v_path) then
                v_problem := format('config: %s must be a path to one place, such as $.order.id.', left(v_path, 64));
            end if;
        end loop;
    end if;
    return coalesce(v_problem, private.find_job_problem(private.job_of_trigger(p_trigger)));
end
$$;
comment on function private.find_trigger_problem is
    'What is wrong with a trigger that somebody wants, as a sentence that names the field; null when nothing is. Not its path, nor what it refers to.';
revoke all on function private.find_trigger_problem from public, anon, authenticated, service_role;
