create or replace function private.find_job_problem(p_job private.new_job)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_job.priority not between 0 and 20 then
        return 'priority must be between 0 and 20.';
    elsif length(p_job.environment) not between 1 and 64 then
        return 'environment must have 1 to 64 characters.';
    elsif p_job.execution_mode not in ('lan', 'internet') then
        return 'execution_mode must be lan or internet.';
    elsif p_job.max_attempts not between 1 and 100 then
        return 'max_attempts must be between 1 and 100.';
    elsif p_job.timeout_seconds not between 1 and 604800 then
        return 'timeout_seconds must be between 1 and 604800.';
    elsif p_job.progress_timeout_seconds not between 5 and 604800 then
        return 'progress_timeout_seconds must be between 5 and 604800.';
    elsif not private.is_calendar_time(p_job.run_at) then
        return 'run_at must lie in the years 1 to 9999.';
    elsif length(p_job.dedupe_key) not between 1 and 255 then
        return 'dedupe_key must have 1 to 255 characters.';
    elsif length(p_job.concurrency_key) not between 1 and 255 then
        return 'concurrency_key must have 1 to 255 characters.';
    elsif jsonb_typeof(p_job.input) <> 'object' then
        return 'input must be an object.';
    elsif pg_column_size(p_job.input) > 10485760 then
        return 'input must not be larger than 10 MB.';
    elsif private.find_json_problem('input', p_job.input) is not null then
        return private.find_json_problem('input', p_job.input);
    elsif jsonb_typeof(p_job.metadata) <> 'object' then
        return 'metadata must be an object.';
    elsif pg_column_size(p_job.metadata) > 65536 then
        return 'metadata must not be larger than 64 KB.';
    elsif private.find_json_problem('metadata', p_job.metadata) is not null then
        return private.find_json_problem('metadata', p_job.metadata);
    elsif p_job.retry_policy is not null and private.find_retry_policy_problem(p_job.retry_policy) is not null then
        return private.find_retry_policy_problem(p_job.retry_policy);
    end if;
    if p_job.required_capabilities <> '{}' or p_job.required_tags <> '{}' then
        return coalesce(
            private.find_words_problem('required_capabilities', p_job.required_capabilities),
            private.find_words_problem('required_tags', p_job.required_tags),
            -- A key of the index of private.lanes has 2,704 bytes at most, and they are in it.
            case
                when (select sum(octet_length(w) + 8) from unnest(p_job.required_capabilities || p_job.required_tags) as w) > 2000
                    then 'required_capabilities and required_tags must not have more than 2000 bytes together; each word counts for 8 more.'
            end
        );
    end if;
    return null;
end
$$;
comment on function private.find_job_problem is
    'The problem of a job that is to be enqueued, as a sentence that names the field; null: none. A null option is its default, which is valid.';
revoke all on function private.find_job_problem from public, anon, authenticated, service_role;
