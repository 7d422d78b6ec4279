create or replace function private.find_setting_problem(
    p_name text,
    p_value jsonb,
    p_type text,
    p_minimum bigint,
    p_maximum bigint,
    p_choices text[]
)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_kind text := jsonb_typeof(p_value);
    v_text text := p_value #>> '{}';
begin
    if p_type = 'boolean' and v_kind <> 'boolean' then
        return format('%s must be true or false.', p_name);
    elsif p_type = 'choice' and (v_kind <> 'string' or v_text <> all (p_choices)) then
        return format('%s must be one of %s.', p_name, array_to_string(p_choices, ', '));
    elsif p_type = 'text' and (v_kind <> 'string' or length(btrim(v_text)) not between p_minimum and p_maximum) then
        return format('%s must be a text of %s to %s characters.', p_name, p_minimum, p_maximum);
    elsif p_type = 'integer' and (v_kind <> 'number' or v_text !~ '^-?[0-9]+$' or v_text::numeric not between p_minimum and p_maximum) then
        return format('%s must be a whole number from %s to %s.', p_name, p_minimum, p_maximum);
    elsif p_name = 'timezone' then
        return private.find_timezone_problem(v_text);
    end if;
    return null;
end
$$;
comment on function private.find_setting_problem is
    'What is wrong with a value for a setting, as a sentence that names the setting and its rule; null when nothing is.';
revoke all on function private.find_setting_problem from public, anon, authenticated, service_role;
