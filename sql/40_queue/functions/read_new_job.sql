create or replace function private.read_new_job(p_options jsonb)
returns private.new_job
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_fields jsonb := to_jsonb(jsonb_populate_record(null::private.new_job, '{}'));
    v_unknown text;
begin
    if jsonb_typeof(p_options) is distinct from 'object' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'A job must be an object.');
    end if;
    select k into v_unknown from jsonb_object_keys(p_options) as k where not v_fields ? k limit 1;
    if found then
        perform private.raise_error(400, 'INVALID_ARGUMENT', format('A job has no field %s.', v_unknown));
    end if;
    return jsonb_populate_record(null::private.new_job, p_options);
end
$$;
comment on function private.read_new_job is
    'Reads a new job from an object {workflow_id, input, priority …}; the other fields are null. Raises 400 INVALID_ARGUMENT for a field that no job has, and a data exception for a value of the wrong type.';
revoke all on function private.read_new_job from public, anon, authenticated, service_role;
