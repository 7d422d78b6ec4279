create or replace function private.check_workflow(p_name text, p_description text, p_definition jsonb)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_problem text := case
        when length(p_name) not between 1 and 255 then 'name must have 1 to 255 characters.'
        when length(p_description) > 10000 then 'description must not have more than 10000 characters.'
        when jsonb_typeof(p_definition) <> 'object' then 'definition must be an object.'
        when private.count_nodes(p_definition) > 1000
            then format('definition must not have more than 1000 steps, it has %s.', private.count_nodes(p_definition))
        else private.find_json_problem('definition', p_definition)
    end;
begin
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    elsif octet_length(p_definition::text) > 10485760 then
        perform private.raise_error(413, 'INVALID_ARGUMENT', 'definition must not be larger than 10 MB.');
    end if;
end
$$;
comment on function private.check_workflow is
    'Raises 400 or 413 INVALID_ARGUMENT for a name, description or definition of a workflow that breaks a rule; null says nothing. A draft may have no steps yet.';
revoke all on function private.check_workflow from public, anon, authenticated, service_role;
