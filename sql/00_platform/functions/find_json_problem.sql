create or replace function private.find_json_problem(p_name text, p_value jsonb)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return case
        when private.is_deep_json(p_value) then format('%s must not be nested deeper than 100 levels.', p_name)
        when private.has_huge_number(p_value) then
            format('%s must not have numbers beyond 1e308, or smaller than 1e-400 and not 0.', p_name)
    end;
end
$$;
comment on function private.find_json_problem is
    'Why a value of a caller''s, who knows it as p_name, cannot be read by everybody who gets it; null when it can.';
revoke all on function private.find_json_problem from public, anon, authenticated, service_role;
