create or replace function private.find_job_problem(
    p_input jsonb,
    p_priority integer,
    p_environment text,
    p_execution_mode text,
    p_required_capabilities text[],
    p_required_tags text[],
    p_dedupe_key text,
    p_max_attempts integer,
    p_timeout_seconds integer,
    p_retry_policy jsonb,
    p_metadata jsonb,
    p_trigger_type text,
    p_concurrency_key text default null,
    p_progress_timeout_seconds integer default null,
    p_run_at timestamptz default null
)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_priority not between 0 and 20 or p_priority is null then
        return 'priority must be between 0 and 20.';
    elsif length(p_environment) not between 1 and 64 or p_environment is null then
        return 'environment must have 1 to 64 characters.';
    elsif p_execution_mode not in ('lan', 'internet') or p_execution_mode is null then
        return 'execution_mode must be lan or internet.';
    elsif p_max_attempts not between 1 and 100 or p_max_attempts is null then
        return 'max_attempts must be between 1 and 100.';
    elsif p_timeout_seconds not between 1 and 604800 or p_timeout_seconds is null then
        return 'timeout_seconds must be between 1 and 604800.';
    elsif p_progress_timeout_seconds not between 5 and 604800 then
        return 'progress_timeout_seconds must be between 5 and 604800.';
    elsif not private.is_calendar_time(p_run_at) then
        return 'run_at must lie in the years 1 to 9999.';
    elsif length(p_dedupe_key) not between 1 and 255 then
        return 'dedupe_key must have 1 to 255 characters.';
    elsif length(p_concurrency_key) not between 1 and 255 then
        return 'concurrency_key must have 1 to 255 characters.';
    elsif length(p_trigger_type) not between 1 and 64 or p_trigger_type is null then
        return 'trigger_type must have 1 to 64 characters.';
    elsif jsonb_typeof(p_input) is distinct from 'object' then
        return 'input must be an object.';
    elsif pg_column_size(p_input) > 10485760 then
        return 'input must not be larger than 10 MB.';
    elsif private.find_json_problem('input', p_input) is not null then
        return private.find_json_problem('input', p_input);
    elsif jsonb_typeof(p_metadata) is distinct from 'object' then
        return 'metadata must be an object.';
    elsif pg_column_size(p_metadata) > 65536 then
        return 'metadata must not be larger than 64 KB.';
    elsif private.find_json_problem('metadata', p_metadata) is not null then
        return private.find_json_problem('metadata', p_metadata);
    elsif p_required_capabilities is null or p_required_tags is null then
        return 'required_capabilities and required_tags must be lists.';
    elsif p_retry_policy is not null and private.find_retry_policy_problem(p_retry_policy) is not null then
        return private.find_retry_policy_problem(p_retry_policy);
    end if;
    if p_required_capabilities <> '{}' or p_required_tags <> '{}' then
        return coalesce(
            private.find_words_problem('required_capabilities', p_required_capabilities),
            private.find_words_problem('required_tags', p_required_tags),
            -- A key of the index of private.lanes has 2,704 bytes at most, and they are in it.
            case
                when (select sum(octet_length(w) + 8) from unnest(p_required_capabilities || p_required_tags) as w) > 2000
                    then 'required_capabilities and required_tags must not have more than 2000 bytes together; each word counts for 8 more.'
            end
        );
    end if;
    return null;
end
$$;
comment on function private.find_job_problem(
    jsonb, integer, text, text, text[], text[], text, integer, integer, jsonb, jsonb, text, text, integer,
    timestamptz
) is
    'What is wrong with a job that somebody wants to enqueue, as a sentence that names the field; null when nothing is.';
revoke all on function private.find_job_problem(
    jsonb, integer, text, text, text[], text[], text, integer, integer, jsonb, jsonb, text, text, integer,
    timestamptz
) from public, anon, authenticated, service_role;
