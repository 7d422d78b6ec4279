create or replace function private.find_retry_policy_problem(p_policy jsonb)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key text;
    v_value jsonb;
begin
    if jsonb_typeof(p_policy) is distinct from 'object' then
        return 'retry_policy must be an object.';
    end if;
    if not coalesce(p_policy ->> 'policy' in ('none', 'fixed', 'linear', 'exponential'), false) then
        return 'retry_policy.policy must be none, fixed, linear or exponential.';
    end if;
    for v_key, v_value in select e.key, e.value from jsonb_each(p_policy) as e loop
        case v_key
            when 'policy' then
                null;
            when 'base_delay_seconds', 'max_delay_seconds' then
                if jsonb_typeof(v_value) <> 'number' or v_value::numeric not between 0 and 604800 then
                    return format('retry_policy.%s must be a number of seconds between 0 and 604800.', v_key);
                end if;
            when 'jitter' then
                if jsonb_typeof(v_value) <> 'number' or v_value::numeric not between 0 and 1 then
                    return 'retry_policy.jitter must be a fraction between 0 and 1.';
                end if;
            when 'retry_on_timeout' then
                if jsonb_typeof(v_value) <> 'boolean' then
                    return 'retry_policy.retry_on_timeout must be true or false.';
                end if;
            when 'non_retryable_errors' then
                if jsonb_typeof(v_value) <> 'array' or jsonb_array_length(v_value) > 100
                    or exists (select from jsonb_array_elements(v_value) as e where jsonb_typeof(e) <> 'string')
                then
                    return 'retry_policy.non_retryable_errors must be a list of at most 100 error types.';
                end if;
            else
                return format('retry_policy has no field %s.', v_key);
        end case;
    end loop;
    return null;
end
$$;
comment on function private.find_retry_policy_problem is
    'What is wrong with a retry policy, as a sentence that names the field; null when nothing is.';
revoke all on function private.find_retry_policy_problem from public, anon, authenticated, service_role;
