create or replace function private.check_log_entries(p_entries jsonb, p_sequence bigint)
returns void
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_problem text;
begin
    if jsonb_typeof(p_entries) is distinct from 'array' or jsonb_array_length(p_entries) > 1000 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'entries must be a list of at most 1000 entries.');
    elsif p_sequence < 0 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'sequence must not be negative.');
    end if;
    select format('entries[%s]: %s', e.n - 1, e.problem) into v_problem
    from (
        select x.n, case
            when jsonb_typeof(x.entry) <> 'object' then 'must be an object.'
            when jsonb_typeof(x.entry -> 'message') is distinct from 'string' then 'message must be a text.'
            when length(x.entry ->> 'message') > 65536 then 'message must not have more than 65536 characters.'
            when coalesce(x.entry ->> 'level', 'info') not in ('debug', 'info', 'warning', 'error', 'critical')
                then 'level must be debug, info, warning, error or critical.'
            when length(x.entry ->> 'node_id') > 255 then 'node_id must not have more than 255 characters.'
            when length(x.entry ->> 'source') > 255 then 'source must not have more than 255 characters.'
        end as problem
        from jsonb_array_elements(p_entries) with ordinality as x (entry, n)
    ) as e
    where e.problem is not null
    order by e.n
    limit 1;
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    end if;
end
$$;
comment on function private.check_log_entries is
    'Raises 400 INVALID_ARGUMENT with the entry and the field of the first line of a log that breaks a rule.';
revoke all on function private.check_log_entries from public, anon, authenticated, service_role;
