create or replace function private.find_robot_problem(
    p_external_id text,
    p_name text,
    p_hostname text,
    p_capabilities text[],
    p_attributes jsonb,
    p_environment text,
    p_max_concurrent_jobs integer,
    p_tags text[]
)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_external_id !~ '^[A-Za-z0-9_-]{1,64}$' then
        return 'robot_id must have 1 to 64 letters, digits, underscores or hyphens.';
    elsif length(p_name) not between 1 and 128 then
        return 'name must have 1 to 128 characters.';
    elsif length(p_hostname) > 256 then
        return 'hostname must not have more than 256 characters.';
    elsif length(p_environment) not between 1 and 64 or p_environment = '*' then
        return 'environment must have 1 to 64 characters and not be *.';
    elsif p_max_concurrent_jobs not between 1 and 100 then
        return 'max_concurrent_jobs must be between 1 and 100.';
    elsif jsonb_typeof(p_attributes) <> 'object' or pg_column_size(p_attributes) > 65536 then
        return 'attributes must be an object of at most 64 KB.';
    elsif private.find_json_problem('attributes', p_attributes) is not null then
        return private.find_json_problem('attributes', p_attributes);
    end if;
    if exists (select from unnest(p_capabilities) as c where c ~ '^session:') then
        return 'capabilities must not begin with "session:": a robot has those by the session in its heartbeats.';
    end if;
    return coalesce(
        private.find_words_problem('capabilities', p_capabilities),
        private.find_words_problem('tags', p_tags)
    );
end
$$;
comment on function private.find_robot_problem is
    'The problem of a robot''s configuration, as a sentence that names the field; null: none. Null fields are not checked.';
revoke all on function private.find_robot_problem from public, anon, authenticated, service_role;
